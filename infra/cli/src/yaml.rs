//! Documents in YAML 1.2 and JSON, as JSON values: written by people, and so read strictly.

use protocol::members::Members;
use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Number, Value};

/// Reads a document of YAML, and JSON if it begins as an object of JSON does. The fault is the end of a sentence.
pub(crate) fn object(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim_start().starts_with('{')
        && let Ok(members) = serde_json::from_str::<Members>(text)
    {
        return members.into_unique().ok_or_else(|| "has a name twice".to_owned());
    }
    let documents = Yaml::load_from_str(text).map_err(|error| {
        let place = error.marker();
        format!("cannot be read (line {}, column {}): {}", place.line(), place.col() + 1, error.info())
    })?;
    match documents.as_slice() {
        [only] => match value(only)? {
            Value::Object(object) => Ok(object),
            _ => Err("must be an object: names with their values".to_owned()),
        },
        [] => Err("is empty".to_owned()),
        _ => Err("has several documents: put each into a file of its own".to_owned()),
    }
}

fn value(node: &Yaml<'_>) -> Result<Value, String> {
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => Number::from_f64(number.into_inner())
            .map(Value::Number)
            .ok_or_else(|| "has a number that JSON cannot hold".to_owned())?,
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let mut object = Map::new();
            for (name, member) in members {
                let Yaml::Value(Scalar::String(name)) = name else {
                    return Err("has a name that is no text: put it into quotes".to_owned());
                };
                object.insert(name.clone().into_owned(), value(member)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tag, _) => {
            return Err(format!("has the tag `{}{}`: leave it out", tag.handle, tag.suffix));
        }
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err("has a value that cannot be read".to_owned());
        }
    })
}

/// Writes an object as YAML in block style.
pub(crate) fn written(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_members(object, 0, &mut text);
    text
}

fn write_members(object: &Map<String, Value>, depth: usize, text: &mut String) {
    for (at, (name, member)) in object.iter().enumerate() {
        // The first one stands where the object begins, which may be behind a hyphen.
        if at > 0 {
            indent(depth, text);
        }
        text.push_str(&scalar(name));
        text.push(':');
        write_value(member, depth, text);
    }
}

fn write_value(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            text.push('\n');
            indent(depth + 1, text);
            write_members(object, depth + 1, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                indent(depth + 1, text);
                match item {
                    Value::Object(object) if !object.is_empty() => {
                        text.push_str("- ");
                        write_members(object, depth + 2, text);
                    }
                    // An array in an array is short: JSON is YAML too.
                    Value::String(item) => text.extend(["- ", &scalar(item), "\n"]),
                    item => text.extend(["- ", &item.to_string(), "\n"]),
                }
            }
        }
        Value::String(value) => text.extend([" ", &scalar(value), "\n"]),
        value => text.extend([" ", &value.to_string(), "\n"]),
    }
}

fn indent(depth: usize, text: &mut String) {
    (0..depth).for_each(|_| text.push_str("  "));
}

/// A text without quotes where no parser could take it for anything else; JSON's text is one of YAML's.
fn scalar(value: &str) -> String {
    let is_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '$' | '{' | '}');
    // Version 1.1 of YAML takes some words for booleans.
    let is_keyword = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    let is_plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$' || c == '/')
        && value.chars().all(is_word)
        && !value.ends_with(' ')
        && !is_keyword;
    if is_plain { value.to_owned() } else { Value::from(value).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> String {
        object(text).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let texts = [
            "",
            "a",
            "yes",
            "1",
            "1.0",
            "~",
            "a: b",
            "# a",
            " a ",
            "ä\n\u{7}\"'",
            "- a",
            "${x} y",
            "{a",
            "0x1",
        ];
        let value = json!({
            "name": "Example", "null": null, "empty": [{}, [], ""], "nested": [[1, ["a: b"]], { "a": { "b": [true, 1.5] } }],
            "texts": texts, "more": texts.map(|text| json!({ text: text, "on": text })),
        });
        let Value::Object(value) = value else { panic!() };
        assert_eq!(object(&written(&value)).unwrap(), value);
        assert_eq!(object(&Value::Object(value.clone()).to_string()).unwrap(), value);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(fault("name: a\nname: b").contains("duplicated key"), "{}", fault("name: a\nname: b"));
        assert_eq!(fault(r#"{"name": 1, "name": 2}"#), "has a name twice");
        assert_eq!(fault("1: a"), "has a name that is no text: put it into quotes");
        assert_eq!(fault("a: !secret eA=="), "has the tag `!secret`: leave it out");
        assert_eq!(fault("a: !!int b"), "has a value that cannot be read");
        assert_eq!(fault("- a"), "must be an object: names with their values");
        assert_eq!(fault(""), "is empty");
        assert_eq!(fault("a: 1\n---\nb: 2"), "has several documents: put each into a file of its own");
        assert!(fault("a: [").starts_with("cannot be read (line "), "{}", fault("a: ["));
        assert_eq!(fault("a: .inf"), "has a number that JSON cannot hold");
    }
}
