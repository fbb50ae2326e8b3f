//! The seed, and what is drawn from it.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::random::Random;

/// Numbers that the seed decides (`SplitMix64`). Each part of a run has a series of its own: what one part draws does not
/// depend on how often another has drawn.
pub(super) struct Draws(AtomicU64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Draws {
    /// The series of this part of a run.
    pub(super) fn of(seed: u64, part: &str) -> Self {
        let state =
            part.bytes().fold(mixed(seed.wrapping_add(STEP)), |state, byte| mixed(state ^ u64::from(byte)));
        Self(AtomicU64::new(state))
    }

    fn next(&self) -> u64 {
        mixed(self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP))
    }

    /// A number below this one.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True in so many of a thousand cases.
    pub(super) fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A time, to the millisecond.
    pub(super) fn time(&self, range: Range<Duration>) -> Duration {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        let (from, to) = (milliseconds(range.start), milliseconds(range.end));
        Duration::from_millis(from + self.below(to - from))
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

impl Random for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}
