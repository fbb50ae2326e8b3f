//! The structure that ARCHITECTURE.md draws is the one that the code has.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod bench_roots;
mod cycles;
mod imports;
mod layers;
mod limits;
mod limits_page;
mod routes;

use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
