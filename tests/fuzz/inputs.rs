//! The inputs of a target: so many, always the same ones, or as many as there is time for.

use std::path::Path;
use std::time::Duration;

use protocol::clock::{Clock as _, SystemClock, Timestamp};

use crate::mutation::{Dice, mutated};

/// The length of what a grammar draws from, in bytes.
const DRAWN: usize = 2048;

/// The inputs of a target. If the test fails under one of them, that one is printed.
pub(crate) struct Inputs {
    target: &'static str,
    most: u64,
    end: Option<Timestamp>,
    made: u64,
    dice: Dice,
    examples: Vec<Vec<u8>>,
    words: &'static [&'static str],
    present: Vec<u8>,
}

impl Inputs {
    /// Mutations of the examples in the target's folder of the corpus. `executions` of them in the usual run; with
    /// `FUZZ_SECONDS` as many as there is time for. `FUZZ_SEED` leads to other ones.
    pub(crate) fn mutated(target: &'static str, executions: u64) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut paths: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} is empty", folder.display());
        let read = |path| {
            let mut bytes = std::fs::read(path).unwrap();
            // Editors end a file with a line break.
            let _ = bytes.pop_if(|last| *last == b'\n');
            bytes
        };
        Self::drawn(target, executions).and(paths.into_iter().map(read))
    }

    /// Bytes that a grammar draws from: any of them make something.
    pub(crate) fn drawn(target: &'static str, executions: u64) -> Self {
        let seed = number("FUZZ_SEED").unwrap_or_default();
        let within = |seconds| SystemClock.now() + Duration::from_secs(seconds);
        Self {
            target,
            most: executions,
            end: number("FUZZ_SECONDS").map(within),
            made: 0,
            dice: Dice::of(target, seed),
            examples: Vec::new(),
            words: &[],
            present: Vec::new(),
        }
    }

    /// The same with further examples, which cannot stand in a file: what is signed, or sealed, for this run.
    pub(crate) fn and(mut self, examples: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.examples.extend(examples.into_iter().map(Into::into));
        self
    }

    /// The same with words that mutations put in.
    pub(crate) fn with_words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }
}

impl Iterator for Inputs {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let is_over = match self.end {
            Some(end) => SystemClock.now() >= end,
            None => self.made >= self.most,
        };
        if is_over {
            return None;
        }
        // Each example comes once as it is.
        let example = usize::try_from(self.made).ok().and_then(|made| self.examples.get(made));
        self.present = match example {
            Some(example) => example.clone(),
            None if self.examples.is_empty() => self.dice.bytes(DRAWN),
            None => mutated(&mut self.dice, &self.examples, self.words),
        };
        self.made += 1;
        Some(self.present.clone())
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let present = String::from_utf8_lossy(&self.present);
            let drawn = if self.examples.is_empty() { "drawn" } else { &*present };
            eprintln!("{}: input {} fails: {drawn:?}", self.target, self.made);
        } else if self.end.is_some() {
            eprintln!("{}: {} executions", self.target, self.made);
        }
    }
}

/// Asserts that a target's inputs have led to enough of each. In a run by time there may be few of them.
pub(crate) fn assert_reached(is_enough: bool, counts: &str) {
    assert!(is_enough || number("FUZZ_SECONDS").is_some(), "{counts}");
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}
