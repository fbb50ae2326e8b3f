//! Where in an answer a value stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checker::Checker;
use super::value_path::{self, follow};
use crate::answer::Content;

/// The place of each value that is kept: `{"access_token": "data.token"}`.
pub type Picks = BTreeMap<String, Pick>;

/// The place of a value in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "must be a path, a list of paths, `{\"header\": name}`, `{\"cookie\": name}`, `{\"cookies\": true}` or `{\"text\": true}`"
)]
pub enum Pick {
    /// A path in the body, JSON or XML.
    Path(String),
    /// Several paths: the first that leads to a value.
    AnyOf(Vec<String>),
    /// A header's value.
    Header(HeaderPlace),
    /// A cookie's value.
    Cookie(CookiePlace),
    /// All cookies, as a request sends them back.
    Cookies(CookiesPlace),
    /// The whole answer.
    Text(TextPlace),
}

/// A header of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HeaderPlace {
    /// Its name.
    pub header: String,
}

/// A cookie that the answer sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CookiePlace {
    /// Its name.
    pub cookie: String,
}

/// All cookies that the answer sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CookiesPlace {
    /// `true`.
    pub cookies: bool,
}

/// An answer that is nothing but the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TextPlace {
    /// `true`.
    pub text: bool,
}

impl Pick {
    /// The value, if it is there. `null` and the empty text count as missing.
    #[must_use]
    pub fn find(&self, content: &Content<'_>) -> Option<Value> {
        let found = match self {
            Self::Path(_) | Self::AnyOf(_) => content.value().and_then(|value| self.find_in(value)),
            Self::Header(HeaderPlace { header }) => content.header(header).map(Value::from),
            Self::Cookie(CookiePlace { cookie }) => content.cookie(cookie).map(Value::from),
            Self::Cookies(_) => Some(content.cookies().into()),
            Self::Text(_) => content.text().map(Value::from),
        };
        found.filter(is_there)
    }

    /// The value at the path, if this is one and the value is there.
    #[must_use]
    pub fn find_in(&self, value: &Value) -> Option<Value> {
        match self {
            Self::Path(path) => at(value, path),
            Self::AnyOf(paths) => paths.iter().find_map(|path| at(value, path)),
            Self::Header(_) | Self::Cookie(_) | Self::Cookies(_) | Self::Text(_) => None,
        }
    }

    /// True if the value stands at a path.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        matches!(self, Self::Path(_) | Self::AnyOf(_))
    }

    fn check(&self, checker: &mut Checker<'_>, setting: &str) {
        let paths = match self {
            Self::Path(path) => std::slice::from_ref(path),
            Self::AnyOf(paths) => paths,
            Self::Header(HeaderPlace { header: name }) | Self::Cookie(CookiePlace { cookie: name }) => {
                if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                    checker.refuse(setting, "names no header and no cookie");
                }
                return;
            }
            Self::Cookies(CookiesPlace { cookies }) => {
                if !cookies {
                    checker.refuse(setting, "must be `{\"cookies\": true}` for all cookies");
                }
                return;
            }
            Self::Text(TextPlace { text }) => {
                if !text {
                    checker
                        .refuse(setting, "must be `{\"text\": true}` for an answer that is the value itself");
                }
                return;
            }
        };
        if paths.is_empty() {
            checker.refuse(setting, "names no place");
        }
        for path in paths {
            if let Err(problem) = value_path::names(path) {
                checker.refuse(setting, problem);
            }
        }
    }
}

/// The value at a path, if it is there.
#[must_use]
pub fn at(json: &Value, path: &str) -> Option<Value> {
    let names = value_path::names(path).ok()?;
    follow(json, &names).map(std::borrow::Cow::into_owned).filter(is_there)
}

fn is_there(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// The values that are there.
#[must_use]
pub fn picked(picks: &Picks, content: &Content<'_>) -> Map<String, Value> {
    let found = |(name, pick): (&String, &Pick)| Some((name.clone(), pick.find(content)?));
    picks.iter().filter_map(found).collect()
}

pub(super) fn check(picks: &Picks, checker: &mut Checker<'_>, setting: &str) {
    for (name, pick) in picks {
        pick.check(checker, &format!("{setting}.{name}"));
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::SET_COOKIE;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_in_json_in_a_header_and_in_a_cookie() {
        let picks: Picks = serde_json::from_value(json!({
            "a": "data.token",
            "b": ["x", "authed_user.access_token"],
            "c": { "header": "X-Session" },
            "d": { "cookie": "SESSION" },
            "e": "nothing",
            "f": ["empty", "null"],
            "g": { "cookies": true },
        }))
        .unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-session", "s1".parse().unwrap());
        headers.append(SET_COOKIE, "other=1; Path=/".parse().unwrap());
        headers.append(SET_COOKIE, "SESSION=abc=; Path=/; HttpOnly".parse().unwrap());
        headers.append(SET_COOKIE, "other=2; Path=/".parse().unwrap());
        headers.append(SET_COOKIE, "gone=; Max-Age=0".parse().unwrap());
        let answer = json!({
            "data": { "token": "t" }, "authed_user": { "access_token": "u" }, "empty": "", "null": null,
        });
        let body = answer.to_string();
        let found = Value::Object(picked(&picks, &Content::new(&headers, body.as_bytes())));
        assert_eq!(
            found,
            json!({ "a": "t", "b": "u", "c": "s1", "d": "abc=", "g": "SESSION=abc=; other=2" })
        );
        for unknown in [json!({ "header": "a", "cookie": "b" }), json!({}), json!(3)] {
            assert!(serde_json::from_value::<Pick>(unknown).is_err());
        }
    }
}
