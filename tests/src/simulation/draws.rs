//! The seed, and what is drawn from it.

use std::ops::Range;
use std::time::Duration;

use protocol::random::Random;

use crate::random::{STEP, SeededNumbers, mixed};

/// What the seed decides. Each part of a run has a series of its own: what one part draws does not depend on how often another
/// has drawn.
pub(super) struct Draws(SeededNumbers);

impl Draws {
    /// The series of this part of a run.
    pub(super) fn of(seed: u64, part: &str) -> Self {
        let state =
            part.bytes().fold(mixed(seed.wrapping_add(STEP)), |state, byte| mixed(state ^ u64::from(byte)));
        Self(SeededNumbers::after(state))
    }

    /// A number below this one.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.0.below(end)
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
        self.0.fill(bytes);
    }
}
