//! The whole service under faults, for as many seeds as there is time for:
//! `cargo run -p tests --release --example simulate -- --seeds 1000 --from 0 --steps`.
//!
//! It stops at the first seed that breaks a promise, and prints its trace. `--steps` prints the trace of each.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a command prints, and may stop")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use tests::simulation::run;

fn number(arguments: &[String], name: &str, otherwise: u64) -> u64 {
    let at = arguments.iter().position(|argument| argument == name);
    at.and_then(|at| arguments.get(at + 1)).map_or(otherwise, |number| number.parse().unwrap())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let (from, seeds) = (number(&arguments, "--from", 0), number(&arguments, "--seeds", 100));
    let steps = arguments.iter().any(|argument| argument == "--steps");
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut done = 0;
    let mut broken = false;
    for seed in from..from + seeds {
        let report = run(seed);
        done += 1;
        for (what, count) in &report.counts {
            let so_far = counts.entry(what).or_default();
            *so_far = if what.starts_with("longest") { *count.max(so_far) } else { *so_far + count };
        }
        broken = !report.violations.is_empty();
        println!("seed {seed}: {} flows", report.counts.get("flows").unwrap_or(&0));
        if steps || broken {
            println!("{}", report.trace.join("\n"));
        }
        if broken {
            println!("seed {seed} breaks a promise: {:#?}", report.violations);
            break;
        }
    }
    println!("{done:>10} seeds, from {from}");
    for (what, count) in counts {
        println!("{count:>10} {what}");
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
