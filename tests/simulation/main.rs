//! The whole service under faults, for a fixed number of seeds. `cargo run -p tests --release --example simulate` does more.

use tests::simulation::run;

/// As many as a minute allows.
const SEEDS: [u64; 3] = [101, 103, 104];

#[test]
fn no_seed_breaks_a_promise() {
    for seed in SEEDS {
        let report = run(seed);
        assert!(
            report.violations.is_empty(),
            "seed {seed}: {:#?}\n{}",
            report.violations,
            report.trace.join("\n")
        );
    }
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let (one, other) = (run(205), run(205));
    let differ = one.trace.iter().zip(&other.trace).find(|(one, other)| one != other);
    assert_eq!(one.fingerprint(), other.fingerprint(), "{differ:?}");
    assert_ne!(one.fingerprint(), run(101).fingerprint());
}
