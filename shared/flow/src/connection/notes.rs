//! What callers note beside a connection: `tags` and `meta`. Neither is a secret.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a caller notes, or has noted, beside a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// The tags, each once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// An object of the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl Notes {
    /// True if nothing is noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is noted after this, where `before` was.
    #[must_use]
    pub fn over(&self, before: &Self) -> Self {
        let tags = self.tags.as_ref().or(before.tags.as_ref()).filter(|tags| !tags.is_empty());
        let meta = self.meta.as_ref().or(before.meta.as_ref()).filter(|meta| !meta.is_empty());
        Self { tags: tags.cloned(), meta: meta.cloned() }
    }

    /// True if this tag is among them.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().flatten().any(|each| each == tag)
    }
}
