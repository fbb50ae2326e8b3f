//! Randomness that is the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use protocol::random::Random;

/// SHA-256 of a counter: every test draws the same bytes in the same order.
#[derive(Default)]
pub struct CountedRandom(AtomicU64);

impl Random for CountedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::SeqCst);
            let block = digest(&SHA256, &count.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}
