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

/// The numbers of a seed (`SplitMix64`).
pub struct SeededNumbers(AtomicU64);

/// The step between two states.
pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns a number that has nothing in common with this one, and is the same in every run.
#[must_use]
pub fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl SeededNumbers {
    /// The numbers that follow this state.
    #[must_use]
    pub fn after(state: u64) -> Self {
        Self(AtomicU64::new(state))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        mixed(self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP))
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

impl Random for SeededNumbers {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
