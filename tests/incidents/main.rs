//! Incidents, and the alarms that they set off: each is played through the functions, and the alarms of the template are
//! evaluated on the lines that the functions log, as `CloudWatch` would on their metrics.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod alarm;
mod documented;
mod expression;
mod metrics;
mod scene;
mod scenes;
mod template;

use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
