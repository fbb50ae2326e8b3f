//! What happened in a run: the trace, the counts, and what must not have happened.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use protocol::random::hex;
use tokio::time::Instant;

/// The trace of a run under way.
pub(super) struct Trace {
    began: Instant,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
    violations: Vec<String>,
}

/// A run that is over.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The seed, which brings the same run again.
    pub seed: u64,
    /// All that happened, in order.
    pub trace: Vec<String>,
    /// How often.
    pub counts: BTreeMap<&'static str, u64>,
    /// What must not have happened.
    pub violations: Vec<String>,
}

impl Report {
    /// A hash of the trace: two runs of one seed have the same.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(digest(&SHA256, self.trace.join("\n").as_bytes()).as_ref())
    }
}

impl Trace {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), kept: Mutex::default() }
    }

    /// Adds a line.
    pub(super) fn note(&self, who: impl Display, what: impl Display) {
        let line = format!("{:>10.3} {who}: {what}", self.began.elapsed().as_secs_f64());
        self.kept.lock().unwrap().lines.push(line);
    }

    /// Counts something once.
    pub(super) fn count(&self, what: &'static str) {
        *self.kept.lock().unwrap().counts.entry(what).or_default() += 1;
    }

    /// The number of faults so far, of every kind, and of what they brought down.
    pub(super) fn troubles(&self) -> u64 {
        let is_trouble =
            |what: &str| ["fault", "kills", "functions out"].iter().any(|kind| what.starts_with(kind));
        self.kept
            .lock()
            .unwrap()
            .counts
            .iter()
            .filter(|(what, _)| is_trouble(what))
            .map(|(_, count)| count)
            .sum()
    }

    /// Keeps the largest of these numbers.
    pub(super) fn longest(&self, what: &'static str, number: u64) {
        let mut kept = self.kept.lock().unwrap();
        let longest = kept.counts.entry(what).or_default();
        *longest = number.max(*longest);
    }

    /// Checks an invariant.
    pub(super) fn check(&self, holds: bool, what: impl FnOnce() -> String) {
        self.count("invariants checked");
        if !holds {
            let what = what();
            self.note("VIOLATION", &what);
            self.kept.lock().unwrap().violations.push(what);
        }
    }

    /// True once an invariant did not hold.
    pub(super) fn is_broken(&self) -> bool {
        !self.kept.lock().unwrap().violations.is_empty()
    }

    /// The report at the end.
    pub(super) fn report(&self, seed: u64) -> Report {
        let Kept { lines, counts, violations } = std::mem::take(&mut *self.kept.lock().unwrap());
        Report { seed, trace: lines, counts, violations }
    }
}
