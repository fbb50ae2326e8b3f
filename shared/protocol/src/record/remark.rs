//! One thing that is said of a piece of work.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Who should look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody: it went as it should, or its caller or customer did something else.
    Info,
    /// The team: a provider's trouble, or a definition.
    Warn,
    /// The operator: a fault of ours, or of a service that we rely on.
    Error,
}

impl Level {
    /// Its name in the line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One thing that is said of a piece of work.
#[derive(Debug, Clone)]
pub struct Remark {
    pub(super) level: Level,
    pub(super) message: Cow<'static, str>,
    pub(super) step: Option<&'static str>,
    pub(super) fields: Map<String, Value>,
}

impl Remark {
    /// Says this. The message is one of a few: what differs stands in fields.
    #[must_use]
    pub fn new(level: Level, message: impl Into<Cow<'static, str>>) -> Self {
        Self { level, message: message.into(), step: None, fields: Map::new() }
    }

    /// Adds a field, unless it has no value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.fields.insert(name.to_owned(), value.into());
        }
        self
    }
}

/// That something went as it should.
impl From<&'static str> for Remark {
    fn from(message: &'static str) -> Self {
        Self::new(Level::Info, message)
    }
}
