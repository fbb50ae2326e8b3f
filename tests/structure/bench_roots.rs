//! What a benchmark's build trusts, no other build does.

use std::path::Path;
use std::process::Command;

use crate::{read, root};

const FEATURE: &str = "bench-roots";

/// The files of the repository, as git lists them.
fn files() -> Vec<String> {
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A feature that no manifest, no setting of Cargo and no template asks for is in no build but one that names it.
#[test]
fn only_the_benchmark_asks_for_an_authority_of_its_own() {
    let asking: Vec<String> = files()
        .into_iter()
        .filter(|path| !is_source(path))
        .filter(|path| std::fs::read(root().join(path)).is_ok_and(|text| contains(&text, FEATURE)))
        .collect();
    assert_eq!(asking, ["shared/protocol/Cargo.toml", "tests/bench/README.md", "tests/bench/run.sh"]);

    let manifest = read("shared/protocol/Cargo.toml");
    let named: Vec<&str> = manifest.lines().filter(|line| line.contains(FEATURE)).collect();
    assert_eq!(named, ["bench-roots = [\"dep:webpki-roots\"]"], "a default feature would be in each build");
}

/// The module is not compiled without the feature.
#[test]
fn the_authority_of_the_benchmark_is_in_a_file_that_only_its_feature_compiles() {
    let http = read("shared/protocol/src/http/mod.rs");
    assert!(http.contains("#[cfg(feature = \"bench-roots\")]\nmod bench_roots;"));
    let naming: Vec<String> = files()
        .into_iter()
        .filter(|path| is_source(path) && path != "tests/structure/bench_roots.rs")
        .filter(|path| std::fs::read(root().join(path)).is_ok_and(|text| contains(&text, "BENCH_ROOTS")))
        .collect();
    assert_eq!(naming, ["shared/protocol/src/http/bench_roots.rs"]);
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

fn is_source(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|of| of == "rs")
}
