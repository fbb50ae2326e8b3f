//! What was seen of a deployment for a while: its log, and the alarms that this sets off.

use serde_json::Value;

use super::alarm::alarms;
use super::metrics::Metrics;

/// What was seen.
pub struct Seen {
    /// The lines of the log.
    pub lines: Vec<Value>,
    /// What `CloudWatch` takes out of them.
    pub metrics: Metrics,
    from_to: (i64, i64),
}

impl Seen {
    /// What these lines say of the time from one moment to another, in milliseconds.
    #[must_use]
    pub fn of(lines: Vec<Value>, from_to: (i64, i64)) -> Self {
        Self { metrics: Metrics::of(&lines), lines, from_to }
    }

    /// The alarms that are set off, sorted by their names.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let alarms = alarms().into_iter();
        let set_off = alarms.filter(|alarm| alarm.is_set_off(&self.metrics, self.from_to));
        let mut names: Vec<String> = set_off.map(|alarm| alarm.name).collect();
        names.sort_unstable();
        names
    }

    /// The first line that says this, by itself or in a note.
    #[must_use]
    pub fn line(&self, fields: &[(&str, &str)]) -> Option<&Value> {
        self.lines.iter().find(|line| {
            let notes = line["notes"].as_array().into_iter().flatten();
            let mut said = std::iter::once(*line).chain(notes);
            said.any(|said| fields.iter().all(|(name, value)| said[*name] == *value))
        })
    }
}
