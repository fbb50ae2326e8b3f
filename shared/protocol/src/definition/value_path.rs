//! Paths to values inside JSON: `data.token`, `items.0.id`, `id_token.@jwt.sub`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The step into the claims of a JWT (RFC 7519 §3). They are read, not verified: whoever sent the JWT could as well have
/// sent the claims.
const JWT: &str = "@jwt";

/// Follows the names from an object: a member's name, an item's number, or `@jwt`.
pub(super) fn find<'v>(object: &'v Map<String, Value>, names: &[String]) -> Option<Cow<'v, Value>> {
    let (first, rest) = names.split_first()?;
    follow(object.get(first)?, rest)
}

/// Follows the names from a value.
pub(super) fn follow<'v>(value: &'v Value, names: &[String]) -> Option<Cow<'v, Value>> {
    let Some((name, rest)) = names.split_first() else { return Some(Cow::Borrowed(value)) };
    match value {
        Value::Object(members) => follow(members.get(name)?, rest),
        Value::Array(items) => follow(items.get(name.parse::<usize>().ok()?)?, rest),
        Value::String(text) if name == JWT => {
            let claims = claims(text)?;
            follow(&claims, rest).map(|found| Cow::Owned(found.into_owned()))
        }
        _ => None,
    }
}

fn claims(jwt: &str) -> Option<Value> {
    let payload = jwt.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// Splits a path into its names. The error is the end of a sentence that begins with the setting.
pub(super) fn names(path: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err("must be names with dots between them, such as `data.token`".to_owned());
    }
    Ok(names)
}

/// The value as a text, if it is one of the kinds that have a plain text.
pub(super) fn text(value: Cow<'_, Value>) -> Option<Cow<'_, str>> {
    match value {
        Cow::Borrowed(Value::String(text)) => Some(Cow::Borrowed(text)),
        Cow::Owned(Value::String(text)) => Some(Cow::Owned(text)),
        value => match &*value {
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_through_objects_arrays_and_the_claims_of_a_jwt() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"7","org":{"id":3}}"#);
        let answer =
            json!({ "items": [{ "id": "a" }], "id_token": format!("e30.{payload}.c2ln"), "n": null });
        let found = |path: &str| {
            let value = find(answer.as_object().unwrap(), &names(path).unwrap())?;
            text(value).map(Cow::into_owned)
        };
        assert_eq!(found("items.0.id").as_deref(), Some("a"));
        assert_eq!(found("id_token.@jwt.sub").as_deref(), Some("7"));
        assert_eq!(found("id_token.@jwt.org.id").as_deref(), Some("3"));
        for nothing in ["items.1.id", "items.x", "items.0.@jwt.sub", "id_token.sub", "n", "x.y", "items"] {
            assert_eq!(found(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_path_has_no_empty_name() {
        for path in ["", ".", "a.", ".a", "a..b"] {
            assert!(names(path).is_err(), "{path}");
        }
    }
}
