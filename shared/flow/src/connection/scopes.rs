//! The scopes of a connection: what was asked for, and what the provider granted (RFC 6749 §3.3, §5.1).

use protocol::definition::OAuth2;
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most that a provider's list of scopes weighs, in bytes, to be kept.
const MAX_GRANTED: usize = 8 * 1024;

/// The scope that stands for a refresh token. Few providers name it among those that they granted.
const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes that an authorization request asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestedScopes {
    /// The scopes.
    pub scopes: Vec<String>,
    /// True if the caller chose them, now or when the connection was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_caller: bool,
}

/// The scopes that a connection has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionScopes {
    /// The scopes that the provider granted.
    pub granted: Vec<String>,
    /// The scopes that were asked for, and not granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// True if the caller chose what was asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_caller: bool,
}

impl ConnectionScopes {
    /// Reads them from a token response. One that names none grants what was asked for (RFC 6749 §5.1).
    #[must_use]
    pub fn of(config: &OAuth2, requested: Option<&RequestedScopes>, credentials: &SecretMap) -> Option<Self> {
        let asked: Vec<&str> = match requested {
            Some(requested) => requested.scopes.iter().flat_map(|scope| config.parts(scope)).collect(),
            None => Vec::new(),
        };
        let named = credentials.expose().get("scope").and_then(|scope| named(config, scope, &asked));
        let granted = match named {
            Some(granted) if granted.iter().map(String::len).sum::<usize>() > MAX_GRANTED => return None,
            Some(granted) => granted,
            None if asked.is_empty() => return None,
            None => asked.iter().map(|&scope| scope.to_owned()).collect(),
        };
        let is_refreshed = credentials.expose().contains_key("refresh_token");
        let has = |scope: &str| {
            granted.iter().any(|known| known == scope) || (is_refreshed && scope == OFFLINE_ACCESS)
        };
        let missing = asked.into_iter().filter(|scope| !has(scope)).map(str::to_owned).collect();
        Some(Self { granted, missing, by_caller: requested.is_some_and(|requested| requested.by_caller) })
    }

    /// The scopes that a reconnection asks for again: all that the caller chose. Beside new ones, what was granted.
    #[must_use]
    pub fn kept(&self, beside_new: bool) -> Option<Vec<String>> {
        match (beside_new, self.by_caller) {
            (true, _) => Some(self.granted.clone()),
            (false, true) => Some(self.granted.iter().chain(&self.missing).cloned().collect()),
            (false, false) => None,
        }
    }
}

/// The scopes that a token response names, if it does: with spaces or the definition's separator between them, in a list, or
/// with commas, which some write although they are asked with spaces.
fn named(config: &OAuth2, scope: &Value, asked: &[&str]) -> Option<Vec<String>> {
    let by_comma = !asked.iter().any(|scope| scope.contains(','));
    let mut scopes: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        for scope in config.parts(text).flat_map(|scope| scope.split(|c| by_comma && c == ',')) {
            if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    };
    match scope {
        Value::String(text) => add(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).for_each(&mut add),
        _ => return None,
    }
    Some(scopes)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn scopes(separator: &str, asked: &[&str], credentials: &Value) -> Option<ConnectionScopes> {
        let config: OAuth2 = serde_json::from_value(json!({ "scopeSeparator": separator })).unwrap();
        let scopes = asked.iter().map(|&scope| scope.to_owned()).collect();
        let requested = RequestedScopes { scopes, by_caller: false };
        let credentials = SecretMap::new(credentials.as_object().cloned().unwrap_or_else(Map::new));
        ConnectionScopes::of(&config, Some(&requested), &credentials)
    }

    #[test]
    fn what_the_response_names_is_granted() {
        for (separator, scope) in [
            (" ", json!("read write")),
            (" ", json!("read,write")),
            (",", json!("read,write")),
            (",", json!("read write")),
            (":", json!("read:write")),
            (" ", json!(["read", "write"])),
            (" ", json!(" read  write read ")),
        ] {
            let read = scopes(separator, &["read", "admin"], &json!({ "scope": scope })).unwrap();
            assert_eq!(
                (read.granted, read.missing),
                (vec!["read".into(), "write".into()], vec!["admin".into()])
            );
        }
    }

    #[test]
    fn a_response_without_scope_grants_what_was_asked_for() {
        for credentials in [json!({}), json!({ "scope": null }), json!({ "scope": 1 })] {
            let read = scopes(",", &["read,write"], &credentials).unwrap();
            assert_eq!((read.granted.join(" "), read.missing.len()), ("read write".to_owned(), 0));
        }
        assert_eq!(scopes(" ", &[], &json!({})), None);
        assert_eq!(scopes(" ", &["read"], &json!({ "scope": "" })).unwrap().missing, ["read"]);
    }

    #[test]
    fn a_refresh_token_stands_for_offline_access() {
        let asked = ["read", "offline_access"];
        let read = |credentials| scopes(" ", &asked, &credentials).unwrap().missing;
        assert!(read(json!({ "scope": "read", "refresh_token": "r" })).is_empty());
        assert_eq!(read(json!({ "scope": "read" })), ["offline_access"]);
    }

    #[test]
    fn a_scope_may_have_a_comma_in_it() {
        assert_eq!(scopes(" ", &["a,b"], &json!({ "scope": "a,b c" })).unwrap().granted, ["a,b", "c"]);
    }

    #[test]
    fn a_list_that_is_too_long_is_not_kept() {
        assert_eq!(scopes(" ", &["read"], &json!({ "scope": "s".repeat(MAX_GRANTED + 1) })), None);
    }
}
