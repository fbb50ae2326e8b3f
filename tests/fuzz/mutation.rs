//! Random numbers that are the same in every run, and the mutation of examples by them.

use protocol::random::Random as _;
use tests::random::{STEP, SeededNumbers};

/// The longest input, in bytes.
const LONGEST: usize = 64 * 1024;

/// The numbers of a target.
pub(crate) struct Dice(SeededNumbers);

impl Dice {
    /// The dice of a target: each has its own.
    pub(crate) fn of(target: &str, seed: u64) -> Self {
        // FNV-1a.
        let hash = target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(SeededNumbers::after(hash ^ seed.wrapping_mul(STEP)))
    }

    /// A number below `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.below(end as u64)).unwrap()
    }

    /// Random bytes, in whole numbers.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length.next_multiple_of(8)];
        self.0.fill(&mut bytes);
        bytes
    }

    fn of_all<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// One of the examples with a few changes; now and then bytes that are no example's.
pub(crate) fn mutated(dice: &mut Dice, examples: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    if dice.below(32) == 0 {
        let length = dice.below(256);
        return dice.bytes(length);
    }
    let mut bytes = dice.of_all(examples).clone();
    for _ in 0..=dice.below(6) {
        change(dice, &mut bytes, examples, words);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(dice: &mut Dice, bytes: &mut Vec<u8>, examples: &[Vec<u8>], words: &[&str]) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(16)).min(bytes.len());
    match dice.below(10) {
        // One bit, one byte, one that is special somewhere.
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = dice.bytes(1)[0],
        2 if at < bytes.len() => {
            bytes[at] = *dice.of_all(b"\0\t\n\r \"%&'+,./:;<=>?@[\\]{}#$|~09AZaz\x7f\xc3\xff");
        }
        // Less.
        3 if at < end => drop(bytes.drain(at..end)),
        4 => bytes.truncate(at),
        // The same again, once or often.
        5 if at < end => {
            let part = bytes[at..end].to_vec();
            let times = if dice.below(8) == 0 { 200 } else { 1 };
            let more = part.repeat(times);
            bytes.splice(at..at, more);
        }
        // A part of another example.
        6 => {
            let other = dice.of_all(examples);
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(64)).min(other.len());
            bytes.splice(at..end.max(at), other[from..to].iter().copied());
        }
        // Another number.
        7 => {
            if let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit) {
                let from = at + digit;
                let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = dice.of_all(NUMBERS).bytes();
                bytes.splice(from..from + digits, number);
            }
        }
        _ if !words.is_empty() => {
            let word = dice.of_all(words).bytes();
            let until = if dice.below(2) == 0 { at } else { end.max(at) };
            bytes.splice(at..until, word);
        }
        _ => bytes.insert(at, dice.bytes(1)[0]),
    }
}

/// Numbers at the ends of what types hold.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "0.5",
    "1e3",
    "1e308",
    "1e999",
    "-1e308",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "NaN",
    "inf",
    "00",
    "1767225600",
    "1767225600000",
];
