//! Randomness that is the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use protocol::random::Random;

/// SHA-256 of a counter: every test draws the same bytes in the same order. References have a count of their own: what a
/// flow draws is the same however many requests there were before it.
#[derive(Default)]
pub struct CountedRandom {
    drawn: AtomicU64,
    references: AtomicU64,
}

/// The length of what a reference is drawn from, in bytes. Nothing else is as short.
const REFERENCE: usize = 4;

impl Random for CountedRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let (counter, label) =
            if bytes.len() == REFERENCE { (&self.references, 1_u64 << 63) } else { (&self.drawn, 0) };
        for chunk in bytes.chunks_mut(32) {
            let count = counter.fetch_add(1, Ordering::SeqCst) | label;
            let block = digest(&SHA256, &count.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}
