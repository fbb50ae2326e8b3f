//! The problems of a definition: all of them, each under the path of its setting.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, ErrorKey, Result};

/// The most problems that are kept. More of them help nobody.
const MOST: usize = 50;

/// The problem of a setting that only metadata could give.
pub(super) const UNDISCOVERED: &str = "is missing, and no metadata that could name it has been read";

/// One problem of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The setting: `authOptions[0].config.tokenUri`.
    pub field: String,
    /// The problem, as the end of a sentence that begins with the field. It never holds a secret.
    pub problem: String,
}

/// All problems, in the order of the definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Problem { field: field.into(), problem: problem.into() });
        }
    }

    /// Adds the problems of another part. Settings that wait for metadata are left out: whoever reads the
    /// metadata says what is wrong with it.
    pub fn add_all_but_undiscovered(&mut self, others: &Self) {
        for Problem { field, problem } in others.iter().filter(|it| it.problem != UNDISCOVERED) {
            self.add(field.clone(), problem.clone());
        }
    }

    /// True if there are no problems.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Refuses a definition that has any problem.
    pub fn refuse(&self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(self.refusal()) }
    }

    /// The refusal. It names the first problem's field, and lists all problems.
    #[must_use]
    pub(super) fn refusal(&self) -> Error {
        let (field, first) = match self.0.first() {
            Some(Problem { field, problem }) => (field.clone(), format!("{field} {problem}.")),
            None => (String::new(), "The definition cannot be read.".to_owned()),
        };
        let message = match self.0.len() {
            0 | 1 => first,
            2 => format!("{first} There is one more problem."),
            all => format!("{first} There are {} more problems.", all - 1),
        };
        Error::new(ErrorKey::RequestMalformed, message).field(field).with("problems", self.to_json())
    }

    /// The problems as an error lists them.
    pub(super) fn to_json(&self) -> Value {
        json!(self.0)
    }
}
