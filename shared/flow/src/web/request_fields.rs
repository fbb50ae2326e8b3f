//! The fields of a request, taken by name and type. Unknown fields are ignored.

use serde_json::{Map, Value};
use url::form_urlencoded;

use protocol::definition::GivenScopes;
use protocol::error::{Error, Result};
use protocol::json;
use protocol::secret::SecretMap;

/// The fields by name. A `null` counts as absent.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Takes the fields of an object.
    #[must_use]
    pub fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// Takes the parameters of a query. Of a repeated parameter, the first value that is not empty counts.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let mut fields = Map::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !value.is_empty() {
                fields.entry(name).or_insert_with(|| Value::String(value.into_owned()));
            }
        }
        Self(fields)
    }

    /// True if the field is present.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// True if the field is there, and `null`.
    #[must_use]
    pub fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    /// Takes a text of at most `limit` bytes. An empty one counts as absent.
    pub fn text(&mut self, name: &str, limit: usize) -> Result<Option<String>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= limit => Ok(Some(text)),
            Some(Value::String(_)) => Err(Error::malformed(name, &format!("is longer than {limit} bytes"))),
            Some(_) => Err(Error::malformed(name, "must be a string")),
        }
    }

    /// Takes a boolean. In a query it is written as text.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::String(text)) => match text.as_str() {
                "true" | "1" => Ok(Some(true)),
                "false" | "0" => Ok(Some(false)),
                "" => Ok(None),
                _ => Err(Error::malformed(name, "must be true or false")),
            },
            Some(_) => Err(Error::malformed(name, "must be true or false")),
        }
    }

    /// Takes an array of texts.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|_| Error::malformed(name, "must be an array of strings")),
        }
    }

    /// Takes scopes: an array of them, or a text with spaces between them.
    pub fn scopes(&mut self, name: &'static str) -> Result<Option<GivenScopes>> {
        self.0.remove(name).map_or(Ok(None), |scopes| GivenScopes::read(&scopes, name))
    }

    /// Takes a whole number that is not negative.
    pub fn whole_number(&mut self, name: &str) -> Result<Option<u64>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| Error::malformed(name, "must be a whole number"))
            }
        }
    }

    /// Takes an array. In a query or a form it is written as JSON text.
    pub fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>> {
        let malformed = || Error::malformed(name, "must be a JSON array");
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => json::read(text.as_bytes()).map(Some).ok_or_else(malformed),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(malformed()),
        }
    }

    /// Takes an object.
    pub fn object(&mut self, name: &str) -> Result<Option<SecretMap>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(SecretMap::new(object))),
            Some(_) => Err(Error::malformed(name, "must be a JSON object")),
        }
    }
}
