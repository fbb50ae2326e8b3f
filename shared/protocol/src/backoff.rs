//! Retries: pauses that grow, with jitter, until no time is left.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::random::{Random, draw};

/// The tries of one operation, until a given moment.
pub struct Backoff<'a> {
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    pauses: RangeInclusive<Duration>,
    until: Timestamp,
    tries: u32,
}

impl<'a> Backoff<'a> {
    /// Pauses from the shortest to the longest, each twice the one before.
    #[must_use]
    pub fn new(
        clock: &'a dyn Clock,
        random: &'a dyn Random,
        pauses: RangeInclusive<Duration>,
        until: Timestamp,
    ) -> Self {
        Self { clock, random, pauses, until, tries: 0 }
    }

    /// Waits for the next try. Returns `None` at once if that try would come too late.
    pub async fn wait(&mut self) -> Option<()> {
        self.tries += 1;
        let pause = pause(self.tries, &self.pauses, self.random);
        if self.clock.now() + pause >= self.until {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some(())
    }
}

/// The pause after this many tries. The first is the shortest, each of the next is twice as long, and none is longer
/// than the longest. Chance makes each up to a quarter shorter or longer: callers that failed together should not try
/// again together.
#[must_use]
pub fn pause(tries: u32, pauses: &RangeInclusive<Duration>, random: &dyn Random) -> Duration {
    let [jitter] = draw::<1>(random);
    let doubled =
        pauses.start().saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(*pauses.end()).mul_f64(0.75 + f64::from(jitter) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same byte.
    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    const PAUSES: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(6);

    #[test]
    fn pauses_grow_to_the_longest() {
        let minutes = |tries| pause(tries, &PAUSES, &Fixed(128)).as_secs() / 60;
        assert_eq!([1, 2, 5, 9, 33, 100].map(minutes), [1, 2, 16, 256, 360, 360]);
    }

    #[test]
    fn each_is_a_quarter_shorter_or_longer_by_chance() {
        let seconds = |jitter| pause(1, &PAUSES, &Fixed(jitter)).as_secs();
        assert_eq!((seconds(0), seconds(255)), (45, 74));
    }

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_no_try_that_comes_too_late() {
        let until = |milliseconds| {
            let pauses = Duration::from_millis(100)..=Duration::from_millis(400);
            Backoff::new(&Still, &Fixed(128), pauses, Timestamp(milliseconds))
        };
        assert_eq!(until(100).wait().await, None);
        let mut enough = until(101);
        assert_eq!(enough.wait().await, Some(()));
        assert_eq!(enough.wait().await, None, "the second pause is 200 ms");
    }
}
