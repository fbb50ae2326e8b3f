//! The name of one attempt, as customer, application and operator all see it.

use std::fmt;

use crate::clock::Timestamp;
use crate::random::{Random, draw};

/// Crockford's base32: digits and letters that nobody takes for each other, read aloud or written by hand.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number of hours that the first two characters tell apart: 42 days and 16 hours.
const HOURS: i64 = 1024;

/// One hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// Eight characters that name a request, or all requests of a flow. A flow's is drawn by the request that begins it and
/// stored with it: a start may wait behind a form, whose record is another than that of the flow it becomes, and a start
/// that is refused has no flow to derive one from.
///
/// The first two characters are the hour in which it was drawn, so that what it names is found among an hour's. The other
/// six are random. Beyond the hour, which the pages that show it show as well, it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference([u8; 8]);

impl Reference {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &dyn Random, now: Timestamp) -> Self {
        let hour = u64::try_from(now.0.div_euclid(HOUR).rem_euclid(HOURS)).unwrap_or_default();
        let drawn = u64::from(u32::from_be_bytes(draw(random)));
        let bits = (hour << 30) | (drawn & ((1 << 30) - 1));
        let mut place = 40;
        Self([(); 8].map(|()| {
            place -= 5;
            let digit = u8::try_from(bits >> place & 31).unwrap_or_default();
            ALPHABET[usize::from(digit)]
        }))
    }

    /// Reads one that was stored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let characters: [u8; 8] = text.as_bytes().try_into().ok()?;
        characters.iter().all(|character| ALPHABET.contains(character)).then_some(Self(characters))
    }

    /// Reads one that somebody has read aloud or typed: in small letters, with what Crockford's base32 takes for a digit,
    /// with spaces or hyphens.
    #[must_use]
    pub fn parse_typed(text: &str) -> Option<Self> {
        let meant = |character: char| match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let typed = text.chars().filter(|character| !matches!(character, ' ' | '-'));
        Self::parse(&typed.map(meant).collect::<String>())
    }

    /// The beginning of the last hour, at `now` at the latest, in which it can have been drawn.
    #[must_use]
    pub fn drawn_in_hour_from(self, now: Timestamp) -> Timestamp {
        let digit = |character: u8| ALPHABET.iter().position(|digit| *digit == character).unwrap_or_default();
        let drawn = i64::try_from(digit(self.0[0]) << 5 | digit(self.0[1])).unwrap_or_default();
        let hour = now.0.div_euclid(HOUR);
        Timestamp((hour - (hour - drawn).rem_euclid(HOURS)) * HOUR)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Given([u8; 4]);

    impl Random for Given {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0);
        }
    }

    fn hour(number: i64) -> Timestamp {
        Timestamp(number * HOUR)
    }

    #[test]
    fn a_reference_can_be_spoken_and_is_read_back() {
        for (number, bytes, text) in [
            (0, [0; 4], "00000000"),
            (1023, [255; 4], "ZZZZZZZZ"),
            (1, [0, 0, 0, 1], "01000001"),
            (HOURS * 9 + 34, [0b1100_0110, 0b0100_0010, 0b1001_1000, 0b1110_1000], "12345678"),
        ] {
            let reference = Reference::draw(&Given(bytes), hour(number));
            assert_eq!(reference.to_string(), text);
            assert_eq!(Reference::parse(text), Some(reference));
        }
        for other in ["", "0000000", "000000000", "0000000U", "0000000a", "0000000é"] {
            assert_eq!(Reference::parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_typed_is_read_as_it_was_meant() {
        let meant = Reference::parse("10HAB0Z1");
        for typed in ["10HAB0Z1", "10hab0z1", "lohabozI", "10HA-B0Z1", " 10ha b0z1 "] {
            assert_eq!(Reference::parse_typed(typed), meant, "{typed}");
        }
        for other in ["", "10HAB0ZU", "10HAB0Z", "10HAB0Z11", "10HAB0Zé"] {
            assert_eq!(Reference::parse_typed(other), None, "{other}");
        }
    }

    #[test]
    fn the_hour_is_known_for_forty_two_days() {
        let drawn = Timestamp(hour(490_896).0 + 59 * 60_000);
        let reference = Reference::draw(&Given([7; 4]), drawn);
        for later in [0, 1, 30 * 24, 1023] {
            let now = Timestamp(drawn.0 + later * HOUR);
            assert_eq!(reference.drawn_in_hour_from(now), hour(490_896), "{later} hours later");
        }
        let too_late = Timestamp(drawn.0 + 1024 * HOUR);
        assert_eq!(reference.drawn_in_hour_from(too_late), hour(490_896 + 1024));
    }
}
