//! The name of one attempt, as customer, application and operator all see it.

use std::fmt;

use crate::random::{Random, draw};

/// Crockford's base32: digits and letters that nobody takes for each other, read aloud or written by hand.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Eight characters that name a request, or all requests of a flow. It is drawn at random and says nothing. A flow's is
/// drawn by the request that begins it and stored with it: a start may wait behind a form, whose record is another than
/// that of the flow it becomes, and a start that is refused has no flow to derive one from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference([u8; 8]);

impl Reference {
    /// Draws a new one.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        let bits = draw::<5>(random).iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
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
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Given([u8; 5]);

    impl Random for Given {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0);
        }
    }

    #[test]
    fn a_reference_can_be_spoken_and_is_read_back() {
        for (bytes, text) in [
            ([0; 5], "00000000"),
            ([255; 5], "ZZZZZZZZ"),
            ([0, 0, 0, 0, 1], "00000001"),
            ([0b0000_1000, 0b1000_0110, 0b0100_0010, 0b1001_1000, 0b1110_1000], "12345678"),
        ] {
            let reference = Reference::draw(&Given(bytes));
            assert_eq!(reference.to_string(), text);
            assert_eq!(Reference::parse(text), Some(reference));
        }
        for other in ["", "0000000", "000000000", "0000000U", "0000000a", "0000000é"] {
            assert_eq!(Reference::parse(other), None, "{other}");
        }
    }
}
