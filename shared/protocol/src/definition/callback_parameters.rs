//! Parameters of the provider's callback that are kept with the credentials.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::template::group;
use super::value_path;
use crate::error::{Error, ErrorKey, Result};

/// The callback parameters that are kept, such as `realmId`. They come through the browser: only one with a closed list of
/// values can choose a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "must be a list of names, or an object of names with `{}`, `{\"enum\": [values]}` or `{\"pattern\": \"…\"}`"
)]
pub enum CallbackParameters {
    /// Their names.
    Names(Vec<String>),
    /// Their names, and the values that each can have.
    Closed(BTreeMap<String, AllowedValues>),
}

/// The values that a parameter can have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AllowedValues {
    /// All of them; any value unless given.
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// The pattern of JSON Schema that they match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

impl AllowedValues {
    fn is_any(&self) -> bool {
        self.values.is_none() && self.pattern.is_none()
    }

    fn allows(&self, value: &str) -> bool {
        self.values.as_ref().is_none_or(|values| values.iter().any(|known| known == value))
            && self.pattern.as_ref().is_none_or(|pattern| group::matches(pattern, value))
    }
}

impl Default for CallbackParameters {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl CallbackParameters {
    /// True if none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Their names.
    pub(super) fn all(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Names(names) => Box::new(names.iter().map(String::as_str)),
            Self::Closed(closed) => Box::new(closed.keys().map(String::as_str)),
        }
    }

    /// True if a parameter of this name is kept.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all().any(|known| known == name)
    }

    /// Refuses an answer with a value that is none of its parameter's.
    ///
    /// # Errors
    ///
    /// `authorization_error` that names the parameter.
    pub fn admit(&self, answer: &Map<String, Value>) -> Result<()> {
        let Some(name) = self.first_unknown(answer) else { return Ok(()) };
        let message = "The service's answer has a value that this integration does not know.";
        Err(Error::new(ErrorKey::AuthorizationError, message).field(name))
    }

    /// The first parameter that has none of its values in these credentials, of those that are there.
    #[must_use]
    pub fn first_unknown(&self, credentials: &Map<String, Value>) -> Option<&str> {
        let Self::Closed(closed) = self else { return None };
        let is_unknown = |(name, allowed): &(&String, &AllowedValues)| {
            let value = credentials.get(name.as_str()).filter(|value| !value.is_null() && !allowed.is_any());
            let text = |value| value_path::text(Cow::Borrowed(value));
            value.is_some_and(|value| !text(value).is_some_and(|text| allowed.allows(&text)))
        };
        closed.iter().find(is_unknown).map(|(name, _)| name.as_str())
    }

    /// The patterns, by the names of the parameters.
    pub(super) fn patterns(&self) -> Vec<(&str, &str)> {
        let Self::Closed(closed) = self else { return Vec::new() };
        closed.iter().filter_map(|(name, it)| Some((name.as_str(), it.pattern.as_deref()?))).collect()
    }

    /// The JSON Schema of what is kept, in so far as it is closed.
    pub(super) fn schema(&self) -> Value {
        let Self::Closed(closed) = self else { return Value::Null };
        let property = |(name, allowed): (&String, &AllowedValues)| {
            let schema = match (&allowed.values, &allowed.pattern) {
                (Some(values), Some(pattern)) => json!({ "enum": values, "pattern": pattern }),
                (Some(values), None) => json!({ "enum": values }),
                (None, Some(pattern)) => json!({ "type": "string", "pattern": pattern }),
                (None, None) => return None,
            };
            Some((name.clone(), schema))
        };
        json!({ "properties": Value::Object(closed.iter().filter_map(property).collect()) })
    }
}
