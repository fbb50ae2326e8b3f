//! What a schema says of an entered text beside JSON Schema: the `prefix` and the `suffix` that the definition has already,
//! and the format `host-and-path`. People paste whole addresses.

use serde_json::{Map, Value};

use super::host_and_path::{HOST_AND_PATH, is_host_and_path};
use super::problem::Problems;

/// Takes from each text what the definition has already: the property's `prefix` and `suffix`, and, where it has one of these
/// or is a `host-and-path`, a scheme, and slashes at the end.
pub(super) fn normalize(schema: &Value, input: &mut Map<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, property) in properties {
        match input.get_mut(name) {
            Some(Value::Object(inner)) => normalize(property, inner),
            Some(Value::String(text)) => {
                if let Some(normal) = normal(property, text) {
                    *text = normal;
                }
            }
            _ => {}
        }
    }
}

fn normal(property: &Value, text: &str) -> Option<String> {
    let part = |keyword: &str| property[keyword].as_str().unwrap_or_default();
    let (prefix, suffix) = (part("prefix"), part("suffix"));
    if prefix.is_empty() && suffix.is_empty() && property["format"] != HOST_AND_PATH {
        return None;
    }
    let text = text.trim();
    let text = ["https://", "http://"].iter().find_map(|scheme| without_start(text, scheme)).unwrap_or(text);
    let text = without_start(text, prefix).unwrap_or(text);
    let whole = text.trim_end_matches('/');
    // Of a pasted address, what follows the suffix is a page of the service.
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let text = without_end(whole, suffix).or_else(|| without_end(host, suffix)).unwrap_or(whole);
    Some(text.to_owned())
}

/// The text without the end, in any case of its letters, if something is left.
fn without_end<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(end.len()).filter(|at| *at > 0 && !end.is_empty())?;
    let (rest, found) = text.split_at_checked(at)?;
    found.eq_ignore_ascii_case(end).then_some(rest)
}

fn without_start<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let (found, rest) = text.split_at_checked(start.len())?;
    (!start.is_empty() && !rest.is_empty() && found.eq_ignore_ascii_case(start)).then_some(rest)
}

/// The paths of the properties with the format `host-and-path`.
pub(super) fn hosts_and_paths(schema: Option<&Value>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(schema.unwrap_or(&Value::Null), &[], &mut found);
    found
}

/// True if the property lists all of its values, and each is a host with, perhaps, a port and a path.
fn is_listed(property: &Value) -> bool {
    let values = property["enum"].as_array();
    values.is_some_and(|values| values.iter().all(|value| value.as_str().is_some_and(is_host_and_path)))
}

/// The paths of those whose values are all listed: they are the definition's own hosts.
pub(super) fn listed_hosts_and_paths(schema: Option<&Value>) -> Vec<Vec<String>> {
    let all = hosts_and_paths(schema);
    let at = |path: &Vec<String>| {
        path.iter().fold(schema.unwrap_or(&Value::Null), |schema, name| &schema["properties"][name])
    };
    all.into_iter().filter(|path| is_listed(at(path))).collect()
}

fn collect(schema: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = [path, std::slice::from_ref(name)].concat();
        collect(property, &path, found);
        if property["format"] == HOST_AND_PATH {
            found.push(path);
        }
    }
}

/// Notes each `prefix` and `suffix` that is no text, at any depth of the schema's properties.
pub(super) fn check(schema: &Value, path: &str, problems: &mut Problems) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.properties.{name}");
        for keyword in ["prefix", "suffix"] {
            if property.get(keyword).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
                problems.add(format!("{path}.{keyword}"), "must be a text that is not empty");
            }
        }
        check(property, &path, problems);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_pasted_loses_what_the_definition_has() {
        let schema = json!({ "properties": {
            "host": { "type": "string", "format": "host-and-path" },
            "shop": { "type": "string", "suffix": ".shops.example.com" },
            "key": { "type": "string", "prefix": "key-" },
            "plain": { "type": "string" },
            "of": { "properties": { "shop": { "suffix": ".example.com/api" } } },
        } });
        for (name, pasted, kept) in [
            ("host", " https://acme.example:8443/base/ ", "acme.example:8443/base"),
            ("host", "HTTP://acme.example", "acme.example"),
            ("host", "acme.example", "acme.example"),
            ("host", "https://", "https:"),
            ("shop", "acme", "acme"),
            ("shop", "acme.Shops.Example.com", "acme"),
            ("shop", "https://acme.shops.example.com/admin?a=b", "acme"),
            ("shop", ".shops.example.com", ".shops.example.com"),
            ("shop", "acme.other.example.com", "acme.other.example.com"),
            ("shop", "äöü.shops.example.com", "äöü"),
            ("key", "key-1", "1"),
            ("key", "1", "1"),
            ("plain", " https://acme.example/ ", " https://acme.example/ "),
        ] {
            let mut input = json!({ name: pasted }).as_object().unwrap().clone();
            normalize(&schema, &mut input);
            assert_eq!(input[name], kept, "{pasted}");
        }
        let mut input =
            json!({ "of": { "shop": "https://acme.example.com/api/" } }).as_object().unwrap().clone();
        normalize(&schema, &mut input);
        assert_eq!(input["of"]["shop"], "acme");
    }
}
