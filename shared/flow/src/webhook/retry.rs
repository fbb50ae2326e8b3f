//! When a delivery is tried again: soon at first, and then less and less often, for a day.

use std::time::Duration;

use protocol::random::{Random, draw};

/// The pauses after the tries that fail. Their sum is 23 hours and 36 minutes.
const PAUSES: [Duration; 8] = [
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(8),
    Duration::from_hours(8),
];

/// The number of tries, the first one included.
pub const TRIES: u32 = 9;

/// Returns the pause after so many tries. After the last one there is none.
#[must_use]
pub(super) fn pause_after(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries.max(1) - 1).ok()?;
    PAUSES.get(index).copied()
}

/// Returns the pause for an event that could not be tried for a reason of our own, by how often it has come.
#[must_use]
pub(super) fn pause_of_ours(received: u32) -> Duration {
    pause_after(received.min(OURS)).unwrap_or(PAUSES[0])
}

/// The pause of the schedule that those for a reason of our own grow to: two hours.
const OURS: u32 = 5;

/// Returns a pause up to a tenth longer, so that what failed together does not come back together.
#[must_use]
pub(super) fn longer(pause: Duration, random: &dyn Random) -> Duration {
    let [part] = draw::<1>(random);
    pause + pause / 10 * u32::from(part) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::random::SystemRandom;

    #[test]
    fn a_delivery_is_tried_for_about_a_day() {
        let sum: Duration = PAUSES.iter().sum();
        assert!((Duration::from_hours(23)..Duration::from_hours(25)).contains(&sum));
        assert!(PAUSES.is_sorted());
        assert_eq!(usize::try_from(TRIES).unwrap(), PAUSES.len() + 1);
        for (index, least) in PAUSES.iter().enumerate() {
            let pause = pause_after(u32::try_from(index).unwrap() + 1).unwrap();
            assert_eq!(pause, *least);
            assert!((*least..=*least * 11 / 10).contains(&longer(pause, &SystemRandom)));
        }
        assert_eq!(pause_after(TRIES), None);
        assert_eq!(pause_after(u32::MAX), None);
        assert_eq!(pause_of_ours(1), Duration::from_secs(10));
        assert_eq!(pause_of_ours(u32::MAX), Duration::from_hours(2));
    }
}
