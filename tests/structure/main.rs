//! The structure that ARCHITECTURE.md draws is the one that the code has.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod bench_roots;
mod cycles;
mod imports;
mod layers;
mod limits;
mod limits_page;
mod manifests;
mod routes;

use tests::repository::{read, root};
