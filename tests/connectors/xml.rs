//! Answers in XML: a tree of JSON, written as docs/definition-language.md says that it is read.

use std::fmt::Write;

use serde_json::{Map, Value};

/// A document. Its elements have a prefix, as those of SOAP have, and white space stands between them.
pub(crate) fn document(tree: &Value) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    match tree.as_object().and_then(|members| members.iter().next()) {
        Some((name, root)) => element(&mut text, name, root, " xmlns:n=\"https://service.example/\""),
        None => text.push_str("<nothing/>"),
    }
    text
}

fn element(text: &mut String, name: &str, value: &Value, declared: &str) {
    if let Value::Array(items) = value {
        for item in items {
            element(text, name, item, declared);
        }
        return;
    }
    let none = Map::new();
    let members = value.as_object().unwrap_or(&none);
    let attributes: String = members
        .iter()
        .filter_map(|(member, value)| Some(format!(" {}=\"{}\"", member.strip_prefix('@')?, escaped(value))))
        .collect();
    write!(text, "<n:{name}{declared}{attributes}>").unwrap();
    if value.is_object() {
        text.push('\n');
        for (member, value) in members.iter().filter(|(member, _)| !member.starts_with('@')) {
            if member == "#text" { text.push_str(&escaped(value)) } else { element(text, member, value, "") }
        }
    } else {
        text.push_str(&escaped(value));
    }
    writeln!(text, "</n:{name}>").unwrap();
}

fn escaped(value: &Value) -> String {
    let text = crate::template::text(value).unwrap_or_default();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;").replace('!', "&#x21;")
}
