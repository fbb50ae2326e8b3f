//! What a definition says of an answer: its status, and what stands in its body.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checker::Checker;
use super::value_path::{self, follow};
use crate::answer::Content;

/// A condition on an answer. Everything that it names must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The status, or one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Statuses>,
    /// What stands at places of the body, JSON or XML: `{"ok": false, "error.code": ["a", "b"]}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Expected>,
}

/// One status, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "must be a status, or a list of them")]
pub enum Statuses {
    /// One.
    One(u16),
    /// Any of these.
    Any(Vec<u16>),
}

/// A value, or several of which one must stand there. `null` means that nothing stands there. Values are compared as
/// texts, since providers write a number in one answer and its text in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "super::json_schema::ExpectedShape"))]
#[serde(try_from = "Value", into = "Value")]
pub struct Expected(Value);

impl Statuses {
    fn has(&self, status: StatusCode) -> bool {
        match self {
            Self::One(one) => *one == status.as_u16(),
            Self::Any(several) => several.contains(&status.as_u16()),
        }
    }

    fn all(&self) -> &[u16] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Any(several) => several,
        }
    }
}

impl Condition {
    /// True if the answer is as the condition says. An answer that is neither JSON nor XML has no values.
    #[must_use]
    pub fn fits(&self, status: StatusCode, json: Option<&Value>) -> bool {
        self.status.as_ref().is_none_or(|statuses| statuses.has(status)) && self.body_fits(json)
    }

    /// True if the answer's JSON is as the condition says.
    #[must_use]
    pub fn body_fits(&self, json: Option<&Value>) -> bool {
        all_fit(&self.body, json)
    }

    /// True if an answer, of which nobody may have read the body yet, is as the condition says.
    #[must_use]
    pub fn holds(&self, status: StatusCode, content: &Content<'_>) -> bool {
        self.fits(status, if self.body.is_empty() { None } else { content.value() })
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str) {
        let statuses = self.status.as_ref().map(Statuses::all);
        if statuses.is_none_or(<[u16]>::is_empty) && self.body.is_empty() {
            checker.refuse(setting, "says nothing: give a status, or values of the body");
        }
        if statuses.unwrap_or_default().iter().any(|status| StatusCode::from_u16(*status).is_err()) {
            checker.refuse(&format!("{setting}.status"), "is no HTTP status");
        }
        for path in self.body.keys() {
            if let Err(problem) = value_path::names(path) {
                checker.refuse(&format!("{setting}.body.{path}"), problem);
            }
        }
    }
}

/// True if the JSON has at each path what is expected there.
pub(super) fn all_fit(places: &BTreeMap<String, Expected>, json: Option<&Value>) -> bool {
    places.iter().all(|(path, expected)| {
        let names = value_path::names(path).unwrap_or_default();
        let found = json.and_then(|json| follow(json, &names)).filter(|value| !value.is_null());
        expected.fits(found.as_deref())
    })
}

impl Expected {
    fn fits(&self, found: Option<&Value>) -> bool {
        let is = |expected: &Value| match (expected, found) {
            (Value::Null, found) => found.is_none(),
            (Value::Object(_), found) => found.is_some(),
            (_, None) => false,
            (expected, Some(found)) => text(expected).is_some_and(|expected| Some(expected) == text(found)),
        };
        match &self.0 {
            Value::Array(several) => several.iter().any(is),
            one => is(one),
        }
    }
}

fn text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    value_path::text(std::borrow::Cow::Borrowed(value))
}

impl TryFrom<Value> for Expected {
    /// The fault, as the end of a sentence that begins with the setting.
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let is_plain = |value: &Value| !value.is_array() && !value.is_object();
        let is_known = match &value {
            Value::Array(several) => !several.is_empty() && several.iter().all(is_plain),
            Value::Object(members) => is_exists(members),
            _ => true,
        };
        if is_known {
            Ok(Self(value))
        } else {
            Err("must be a string, a number, a boolean, null, an array of these, or `{\"exists\": true}`")
        }
    }
}

fn is_exists(members: &Map<String, Value>) -> bool {
    members.len() == 1 && members.get("exists") == Some(&Value::Bool(true))
}

impl From<Expected> for Value {
    fn from(expected: Expected) -> Self {
        expected.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(condition: Value, status: u16, body: &Value) -> bool {
        let condition: Condition = serde_json::from_value(condition).unwrap();
        condition.fits(StatusCode::from_u16(status).unwrap(), Some(body).filter(|body| !body.is_null()))
    }

    #[test]
    fn all_that_it_names_must_hold() {
        let slack =
            json!({ "status": 200, "body": { "ok": false, "error": ["token_revoked", "invalid_auth"] } });
        assert!(fits(slack.clone(), 200, &json!({ "ok": false, "error": "invalid_auth" })));
        for (status, body) in [
            (401, json!({ "ok": false, "error": "invalid_auth" })),
            (200, json!({ "ok": true, "error": "invalid_auth" })),
            (200, json!({ "ok": false, "error": "other" })),
            (200, json!({ "ok": false })),
            (200, json!("text")),
            (200, Value::Null),
        ] {
            assert!(!fits(slack.clone(), status, &body), "{status} {body}");
        }
        assert!(fits(json!({ "status": [400, 401] }), 401, &Value::Null));
    }

    #[test]
    fn values_are_compared_as_texts() {
        let meta = json!({ "body": { "error.code": 190 } });
        assert!(fits(meta.clone(), 400, &json!({ "error": { "code": 190 } })));
        assert!(fits(meta.clone(), 400, &json!({ "error": { "code": "190" } })));
        assert!(!fits(meta, 400, &json!({ "error": { "code": [190] } })));
    }

    #[test]
    fn null_is_what_is_not_there() {
        let none = json!({ "body": { "errors.0": null } });
        assert!(fits(none.clone(), 200, &json!({})));
        assert!(fits(none.clone(), 200, &json!({ "errors": [null] })));
        assert!(fits(none.clone(), 200, &Value::Null));
        assert!(!fits(none, 200, &json!({ "errors": ["x"] })));
        let some = json!({ "body": { "id": { "exists": true } } });
        assert!(fits(some.clone(), 200, &json!({ "id": {} })));
        assert!(!fits(some, 200, &json!({ "id": null })));
    }

    #[test]
    fn what_can_never_hold_cannot_be_written() {
        for body in [json!({ "a": { "b": 1 } }), json!({ "a": [] }), json!({ "a": [[1]] })] {
            assert!(serde_json::from_value::<Condition>(json!({ "body": body })).is_err(), "{body}");
        }
    }
}
