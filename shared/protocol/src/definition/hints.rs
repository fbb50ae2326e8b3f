//! What callers are told of an API: when it can be asked again, and how its lists go on. Linkspan shows it; the proxy goes by
//! the first.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checker::Checker;
use super::condition::{Condition, Expected, Statuses};
use super::template::group;
use super::value_path;
use crate::answer::Content;
use crate::clock::Timestamp;

/// An answer by which an API says that it was asked too often. Everything that it names must hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryHint {
    /// The status, or one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Statuses>,
    /// What stands at places of the JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub body: BTreeMap<String, Expected>,
    /// Headers with the values that they have: `{"x-ratelimit-remaining": "0"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Where it says in how many seconds it can be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<WaitPlace>,
    /// Where it says when: in seconds or milliseconds since 1970, as in RFC 3339, or as an HTTP date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<WaitPlace>,
}

/// The place in an answer that says how long to wait, or until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "must be a header's name, or an object with `body`")]
pub enum WaitPlace {
    /// The header of this name.
    Header(String),
    /// A place in the body.
    Text(WaitText),
}

/// A place in the body that says how long to wait, or until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaitText {
    /// The path of the value.
    pub body: String,
    /// The pattern whose group is the value, if more stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

impl WaitPlace {
    fn find<'c>(&self, content: &'c Content<'_>) -> Option<Cow<'c, str>> {
        match self {
            Self::Header(name) => content.header(name).map(Cow::Borrowed),
            Self::Text(WaitText { body, pattern }) => {
                let names = value_path::names(body).ok()?;
                let text = value_path::follow(content.value()?, &names).and_then(value_path::text)?;
                match pattern {
                    Some(pattern) => group::find(pattern, &text).map(|part| Cow::Owned(part.to_owned())),
                    None => Some(text),
                }
            }
        }
    }

    fn check(&self, checker: &mut Checker<'_>, setting: &str) {
        match self {
            Self::Header(name) => check_header(name, checker, setting),
            Self::Text(WaitText { body, pattern }) => {
                if let Err(problem) = value_path::names(body) {
                    checker.refuse(&format!("{setting}.body"), problem);
                }
                if let Some(problem) = pattern.as_deref().and_then(group::problem) {
                    checker.refuse(&format!("{setting}.pattern"), problem);
                }
            }
        }
    }
}

fn check_header(name: &str, checker: &mut Checker<'_>, setting: &str) {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        checker.refuse(setting, "is no header's name (RFC 9110 §5.1)");
    }
}

/// How a list goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaginationHint {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: PaginationKind,
    /// The path of a page's items in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// The query's parameter that names the page: its cursor, its number or the number of its first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The path of the next page's cursor or address in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The relation of the next page's link in the `Link` header (RFC 8288), if it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rel: Option<String>,
    /// The query's parameter for the number of items on a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_parameter: Option<String>,
    /// The most items on a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The number of the first page, or of the first item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
}

/// The kinds of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PaginationKind {
    /// Each page has the cursor of the next one.
    Cursor,
    /// Each page has the address of the next one.
    Link,
    /// A page is asked for by the number of its first item.
    Offset,
    /// A page is asked for by its own number.
    Page,
}

impl RetryHint {
    /// The time that the answer asks a caller to wait, if it is one of this kind.
    fn wait(&self, status: StatusCode, content: &Content<'_>, now: Timestamp) -> Option<Duration> {
        let fits = self.headers.iter().all(|(name, value)| content.header(name) == Some(value.as_str()));
        if !fits || !self.condition().holds(status, content) {
            return None;
        }
        let text = |place: &Option<WaitPlace>| place.as_ref().and_then(|place| place.find(content));
        if let Some(seconds) = text(&self.after).and_then(|text| text.trim().parse::<u32>().ok()) {
            return Some(Duration::from_secs(seconds.into()));
        }
        let at = Timestamp::stated(&Value::String(text(&self.at)?.into_owned()))?;
        Some(at.since(now))
    }

    fn condition(&self) -> Condition {
        Condition { status: self.status.clone(), body: self.body.clone() }
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str) {
        if !self.body.is_empty() || self.status.is_some() {
            self.condition().check(checker, setting);
        } else if self.headers.is_empty() {
            checker.refuse(setting, "says nothing: give a status, headers, or values of the body");
        }
        for name in self.headers.keys() {
            check_header(name, checker, &format!("{setting}.headers.{name}"));
        }
        for (part, place) in [("after", &self.after), ("at", &self.at)] {
            if let Some(place) = place {
                place.check(checker, &format!("{setting}.{part}"));
            }
        }
    }
}

impl PaginationHint {
    pub(super) fn check(&self, checker: &mut Checker<'_>, setting: &str) {
        for (part, path) in [("items", &self.items), ("next", &self.next)] {
            if let Some(Err(problem)) = path.as_ref().map(|path| value_path::names(path)) {
                checker.refuse(&format!("{setting}.{part}"), problem);
            }
        }
        let (needed, is_there) = match self.kind {
            PaginationKind::Cursor => ("next", self.next.is_some()),
            PaginationKind::Link => ("next", self.next.is_some() || self.rel.is_some()),
            PaginationKind::Offset | PaginationKind::Page => ("parameter", self.parameter.is_some()),
        };
        if !is_there {
            checker.refuse(&format!("{setting}.{needed}"), "is missing: the list does not go on without it");
        }
    }
}

/// The time that an answer asks a caller to wait: by the hints, or by `Retry-After` in seconds of a 429 or 503 (RFC 9110
/// §10.2.3).
#[must_use]
pub fn asked_to_wait(
    hints: &[RetryHint],
    status: StatusCode,
    content: &Content<'_>,
    now: Timestamp,
) -> Option<Duration> {
    let hinted = hints.iter().find_map(|hint| hint.wait(status, content, now));
    hinted.or_else(|| {
        let is_usual = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let seconds = content.header("retry-after").filter(|_| is_usual)?;
        seconds.trim().parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn waits(hints: &Value, status: u16, headers: &[(&'static str, &str)], body: &Value) -> Option<u64> {
        let hints: Vec<RetryHint> = serde_json::from_value(hints.clone()).unwrap();
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let body = body.to_string();
        let content = Content::new(&all, body.as_bytes()).short();
        asked_to_wait(&hints, StatusCode::from_u16(status).unwrap(), &content, NOW)
            .map(|wait| u64::try_from(wait.as_millis()).unwrap())
    }

    #[test]
    fn an_answer_says_when_it_can_be_asked_again() {
        let hints = json!([
            { "status": [403, 429], "headers": { "x-remaining": "0" }, "at": "x-reset" },
            { "body": { "error.status": "EXHAUSTED" }, "after": "x-after" },
            { "status": 403, "at": { "body": "error.message", "pattern": "Retry after (.+)$" } },
            { "status": 420, "after": { "body": "wait" } },
        ]);
        let none = json!({});
        assert_eq!(waits(&hints, 403, &[("x-remaining", "0"), ("x-reset", "1700000003")], &none), Some(3000));
        assert_eq!(waits(&hints, 403, &[("x-remaining", "0"), ("x-reset", "1600000003")], &none), Some(0));
        assert_eq!(waits(&hints, 403, &[("x-remaining", "1"), ("x-reset", "1700000003")], &none), None);
        assert_eq!(waits(&hints, 404, &[("x-remaining", "0"), ("x-reset", "1700000003")], &none), None);
        let exhausted = json!({ "error": { "status": "EXHAUSTED" } });
        assert_eq!(waits(&hints, 400, &[("x-after", "2")], &exhausted), Some(2000));
        assert_eq!(waits(&hints, 400, &[("x-after", "soon")], &exhausted), None);
        let message = |end: &str| json!({ "error": { "message": format!("Too many. Retry after {end}") } });
        assert_eq!(waits(&hints, 403, &[], &message("2023-11-14T22:13:22.500Z")), Some(2500));
        assert_eq!(waits(&hints, 403, &[], &message("1700000001")), Some(1000));
        assert_eq!(waits(&hints, 403, &[], &message("a while")), None);
        assert_eq!(waits(&hints, 403, &[], &json!({ "error": { "message": "No" } })), None);
        assert_eq!(waits(&hints, 420, &[], &json!({ "wait": 2 })), Some(2000));
        assert_eq!(waits(&hints, 429, &[("retry-after", "7")], &none), Some(7000));
        assert_eq!(waits(&json!([]), 503, &[("retry-after", "1")], &none), Some(1000));
        assert_eq!(waits(&json!([]), 500, &[("retry-after", "1")], &none), None);
        assert_eq!(waits(&json!([]), 429, &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], &none), None);
    }
}
