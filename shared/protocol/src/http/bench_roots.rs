//! The authorities of a benchmark's build. No other build has this file: `tests/structure/bench_roots.rs` holds that.

use std::{env, fs};

use rustls::RootCertStore;

use crate::pem;

/// The web's authorities, and those in the file that `BENCH_ROOTS` names.
pub(super) fn with_those_of_the_bench() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let named = env::var_os("BENCH_ROOTS").and_then(|path| fs::read_to_string(path).ok());
    let blocks = named.and_then(|text| pem::blocks(&text)).unwrap_or_default();
    roots.add_parsable_certificates(blocks.into_iter().map(|block| block.der.to_vec().into()));
    roots
}
