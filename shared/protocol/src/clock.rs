//! The clock, as a seam.

use std::num::NonZero;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};
use time::format_description::well_known::{Iso8601, Rfc2822, Rfc3339};

/// Three digits of a second always, so that texts sort as their moments do and look like a browser's own.
const MILLISECONDS: EncodedConfig =
    Config::DEFAULT.set_time_precision(TimePrecision::Second { decimal_digits: NonZero::new(3) }).encode();

/// A moment, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// RFC 3339 with milliseconds, in UTC: `2026-01-31T08:15:00.123Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(&Iso8601::<MILLISECONDS>).ok())
            .unwrap_or_default()
    }

    /// RFC 3339 without a fraction of a second, in UTC: `2026-01-31T08:15:00Z`.
    #[must_use]
    pub fn to_whole_rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.seconds())
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_default()
    }

    /// An HTTP date (RFC 9110 §5.6.7): `Thu, 01 Jan 2026 01:00:00 GMT`.
    #[must_use]
    pub fn to_http_date(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.seconds())
            .ok()
            .and_then(|moment| moment.format(&Rfc2822).ok())
            .map(|text| text.replace("+0000", "GMT"))
            .unwrap_or_default()
    }

    /// Reads an HTTP date (RFC 9110 §5.6.7): `Thu, 01 Jan 2026 01:00:00 GMT`.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        Some(Self(moment.unix_timestamp() * 1000))
    }

    /// Reads RFC 3339, in any offset.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }

    /// Reads a moment as providers write it: seconds or milliseconds since 1970, RFC 3339, or an HTTP date (RFC 9110 §5.6.7).
    #[must_use]
    pub fn stated(value: &Value) -> Option<Self> {
        /// As seconds this is the year 5138; as milliseconds, 1973.
        const FIRST_MILLISECONDS: f64 = 1e11;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => return None,
        };
        let milliseconds = match (number, value) {
            (Some(number), _) if number >= FIRST_MILLISECONDS => number,
            (Some(number), _) => number * 1000.0,
            (None, Value::String(text)) => {
                return Self::from_rfc3339(text.trim()).or_else(|| Self::from_http_date(text.trim()));
            }
            (None, _) => return None,
        };
        // Far beyond any token's life, and within what a timestamp holds.
        #[expect(clippy::cast_possible_truncation, reason = "the number is bounded")]
        (0.0..9e15).contains(&milliseconds).then_some(Self(milliseconds as i64))
    }

    /// The time from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The source of the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam's production side")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_print_as_rfc3339_in_utc() {
        assert_eq!(Timestamp(1_767_225_600_123).to_rfc3339(), "2026-01-01T00:00:00.123Z");
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_767_225_600_720).to_rfc3339(), "2026-01-01T00:00:00.720Z");
    }

    #[test]
    fn what_prints_is_read_again() {
        let moment = Timestamp(1_767_225_600_123);
        assert_eq!(Timestamp::from_rfc3339(&moment.to_rfc3339()), Some(moment));
        assert_eq!(Timestamp::from_rfc3339("2026-01-01T01:00:00+01:00"), Some(Timestamp(1_767_225_600_000)));
        assert_eq!(Timestamp::from_rfc3339("2026-01-01"), None);
    }

    #[test]
    fn a_clock_that_went_back_measures_nothing() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(9).since(Timestamp(5)), Duration::from_millis(4));
    }
}
