//! Numbers of a piece of work, beside the times that it waited.

use super::with;

/// A number in the line. What is not measured does not stand there.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// How often the database refused a request because there were too many.
    DynamoDbThrottled,
    /// How long the first refresh that a scheduled run leaves to the next one has been due.
    Overdue,
}

impl Measure {
    pub(super) const ALL: [Self; 2] = [Self::DynamoDbThrottled, Self::Overdue];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DynamoDbThrottled => "dynamodb_throttled",
            Self::Overdue => "overdue_ms",
        }
    }

    /// Adds to the number of the present work.
    pub fn add(self, number: u64) {
        with(|state| {
            let measured = &mut state.measures[self as usize];
            *measured = Some(measured.unwrap_or_default().saturating_add(number));
        });
    }
}
