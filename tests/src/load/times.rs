//! How long things took: percentiles, in milliseconds.

use std::time::Duration;

use crate::percentile::percentile;

/// Some durations of one thing.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The end of a table's row: p50, p90, p99 and the longest.
    #[must_use]
    pub fn cells(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let cells = [50, 90, 99, 100]
            .map(|percent| percentile(&sorted, percent).map_or_else(String::new, milliseconds));
        cells.map(|cell| format!(" {cell} |")).concat()
    }
}

/// The headings of [`Times::cells`].
pub const HEADINGS: &str = " p50, ms | p90, ms | p99, ms | longest, ms |";

/// The line below them.
pub const RULE: &str = " ---: | ---: | ---: | ---: |";

fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.1}") } else { format!("{milliseconds:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_duration_that_was_measured() {
        let mut times = Times::default();
        assert_eq!(times.cells(), "  |  |  |  |");
        (1..=200).rev().for_each(|number| times.add(Duration::from_millis(number)));
        assert_eq!((times.count(), times.cells()), (200, " 100 | 180 | 198 | 200 |".to_owned()));
        let mut one = Times::default();
        one.add(Duration::from_micros(1_260));
        assert_eq!(one.cells(), " 1.3 | 1.3 | 1.3 | 1.3 |");
    }
}
