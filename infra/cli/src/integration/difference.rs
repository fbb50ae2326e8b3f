//! How two definitions differ, setting by setting.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::seen::HIDDEN;
use crate::references::has_reference;

/// A setting that differs.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// `authOptions[oauth].config.scopes`
    pub(crate) path: String,
    /// The value that the deployment has, if it has one.
    pub(crate) before: Option<Value>,
    /// The value that it is to have, if it is to have one.
    pub(crate) after: Option<Value>,
}

impl Change {
    /// The change, for programs.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "path": self.path, "before": self.before, "after": self.after })
    }
}

/// The settings that differ. `written` is the same as `after`, as a person wrote it: what is shown comes from there, so that
/// a reference stays one.
pub(crate) fn changes(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    written: &Map<String, Value>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    compare_members("", before, after, Some(written), &mut changes);
    changes
}

/// The changes, for people.
pub(crate) fn lines(changes: &[Change]) -> String {
    let mut text = String::new();
    for Change { path, before, after } in changes {
        let _ = writeln!(text, "    {path}");
        for (mark, value) in [('-', before), ('+', after)] {
            let Some(value) = value else { continue };
            let written = if value.is_object() { format!("{value:#}") } else { value.to_string() };
            for line in written.lines() {
                let _ = writeln!(text, "      {mark} {line}");
            }
        }
    }
    text
}

fn compare_members(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    written: Option<&Map<String, Value>>,
    changes: &mut Vec<Change>,
) {
    let new = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(new) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let written = written.and_then(|written| written.get(name));
        compare(path, before.get(name), after.get(name), written, changes);
    }
}

fn compare(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    written: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            compare_members(&path, before, after, written.and_then(Value::as_object), changes);
        }
        (Some(Value::Array(before)), Some(Value::Array(after)))
            if let (Some(before), Some(after)) = (by_key(before), by_key(after))
                && before.iter().map(|it| it.0).eq(after.iter().map(|it| it.0)) =>
        {
            let written = written.and_then(Value::as_array);
            for (at, (key, before)) in before.iter().enumerate() {
                let written = written.and_then(|written| written.get(at));
                compare(format!("{path}[{key}]"), Some(before), Some(after[at].1), written, changes);
            }
        }
        (before, after) => {
            // What nobody wrote is a default, and has no reference in it.
            let after = after.map(|after| written.unwrap_or(after).clone());
            // What a reference stands for is not shown, whether it is the value of now or the one before.
            let hides = after.as_ref().is_some_and(refers);
            let before = before.map(|before| if hides { HIDDEN.into() } else { before.clone() });
            changes.push(Change { path, before, after });
        }
    }
}

/// True if a value has a reference in it.
fn refers(value: &Value) -> bool {
    match value {
        Value::String(text) => has_reference(text),
        Value::Array(items) => items.iter().any(refers),
        Value::Object(members) => members.values().any(refers),
        _ => false,
    }
}

/// The items by their keys, if they have keys.
fn by_key(items: &[Value]) -> Option<Vec<(&str, &Value)>> {
    items.iter().map(|item| Some((item["key"].as_str()?, item))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(before: &Value, after: &Value, written: &Value) -> Vec<(String, Value)> {
        let object = |value: &Value| value.as_object().unwrap().clone();
        let changes = changes(&object(before), &object(after), &object(written));
        changes.into_iter().map(|it| (it.path.clone(), json!([it.before, it.after]))).collect()
    }

    #[test]
    fn each_setting_that_differs_has_its_path_and_shows_what_was_written() {
        let before = json!({ "name": "A", "gone": 1, "o": [{ "key": "x", "c": { "s": ["a"], "same": 1 } }] });
        let after = json!({ "name": "B", "new": {}, "o": [{ "key": "x", "c": { "s": ["a", "secret"], "same": 1 } }] });
        let written = json!({ "name": "${env:NAME}", "new": {}, "o": [{ "key": "x", "c": { "s": ["a", "${env:S}"] } }] });
        assert_eq!(
            of(&before, &after, &written),
            [
                ("name".to_owned(), json!(["(hidden)", "${env:NAME}"])),
                ("gone".to_owned(), json!([1, null])),
                ("o[x].c.s".to_owned(), json!(["(hidden)", ["a", "${env:S}"]])),
                ("new".to_owned(), json!([null, {}])),
            ]
        );
    }

    #[test]
    fn options_in_another_order_are_another_list() {
        let list = |keys: [&str; 2]| json!({ "o": keys.map(|key| json!({ "key": key })) });
        let found = of(&list(["a", "b"]), &list(["b", "a"]), &list(["b", "a"]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "o");
    }
}
