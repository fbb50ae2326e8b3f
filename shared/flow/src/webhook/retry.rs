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

/// Returns the pause after a try that failed, counted from 1, up to a tenth longer, so that what failed together does not
/// come back together. Returns nothing after the last one.
#[must_use]
pub(super) fn pause_after(attempt: u32, random: &dyn Random) -> Option<Duration> {
    let index = usize::try_from(attempt.max(1) - 1).ok()?;
    let pause = *PAUSES.get(index)?;
    let [part] = draw::<1>(random);
    Some(pause + pause / 10 * u32::from(part) / 255)
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
            let pause = pause_after(u32::try_from(index).unwrap() + 1, &SystemRandom).unwrap();
            assert!((*least..=*least * 11 / 10).contains(&pause), "{pause:?}");
        }
        assert_eq!(pause_after(TRIES, &SystemRandom), None);
        assert_eq!(pause_after(u32::MAX, &SystemRandom), None);
    }
}
