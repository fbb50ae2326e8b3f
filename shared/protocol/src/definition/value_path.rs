//! Paths to values inside JSON: `data.token`, `items.0.id`, `id_token.@jwt.sub`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::json;

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
            let claims: Value = json::claims(text)?;
            follow(&claims, rest).map(|found| Cow::Owned(found.into_owned()))
        }
        _ => None,
    }
}

/// Splits a path into its names. A name with other characters than plain ones stands quoted in brackets, an item's number
/// can (RFC 9535 §2.3). The error is the end of a sentence that begins with the setting.
pub(super) fn names(path: &str) -> Result<Vec<String>, String> {
    let fault = || {
        "must be names with dots between them, such as `data.token`, or quoted: `data[\"a.b\"]`".to_owned()
    };
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let (name, after) = step(rest).filter(|(name, _)| !name.is_empty()).ok_or_else(fault)?;
        names.push(name);
        rest = match after.strip_prefix('.') {
            _ if after.is_empty() => return Ok(names),
            Some(next) if !next.starts_with('[') => next,
            None if after.starts_with('[') => after,
            _ => return Err(fault()),
        };
    }
}

/// The first name of a path, and what follows it.
fn step(path: &str) -> Option<(String, &str)> {
    let Some(inside) = path.strip_prefix('[') else {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        return Some((path[..end].to_owned(), &path[end..]));
    };
    let Some(quote) = inside.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (number, after) = inside.split_once(']')?;
        return number.bytes().all(|b| b.is_ascii_digit()).then(|| (number.to_owned(), after));
    };
    let mut name = String::new();
    let mut characters = inside.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name
                .push(characters.next().map(|(_, escaped)| escaped).filter(|c| *c == quote || *c == '\\')?),
            c if c == quote => return inside[at + 1..].strip_prefix(']').map(|after| (name, after)),
            c => name.push(c),
        }
    }
    None
}

/// The path of these names.
pub(super) fn written(names: &[String]) -> String {
    let mut path = String::new();
    for name in names {
        if name.contains(['.', '[', '"', '\\', ' ', '\'']) {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            path.extend(["[\"", &quoted, "\"]"]);
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(name);
        }
    }
    path
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
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
    fn a_name_that_is_not_plain_is_quoted() {
        for (path, expected) in [
            (r#"["a.b"]"#, vec!["a.b"]),
            (r#"data["a b"].c"#, vec!["data", "a b", "c"]),
            ("data['a.b'][0][\"c\"]", vec!["data", "a.b", "0", "c"]),
            (r#"["say \"hi\" \\ [x]"].y"#, vec![r#"say "hi" \ [x]"#, "y"]),
            ("items[12].id", vec!["items", "12", "id"]),
        ] {
            let found = names(path).unwrap();
            assert_eq!(found, expected, "{path}");
            assert_eq!(names(&written(&found)).unwrap(), expected, "{path}");
        }
        assert_eq!(written(&["data".into(), "a.b".into(), "c".into()]), r#"data["a.b"].c"#);
    }

    #[test]
    fn a_path_has_no_empty_name() {
        for path in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[]",
            "a[\"\"]",
            "a[x]",
            "a[\"b]",
            "a[\"b\"",
            "a[\"b\"]c",
            "a.[0]",
            "a[\"b\\c\"]",
        ] {
            assert!(names(path).is_err(), "{path}");
        }
    }
}
