//! What a schema says for whoever reads its form: `helpUri`, `multiline` and `title`, `description` and `examples` of JSON Schema.

use serde_json::Value;

use super::check::{web_address, web_address_problem};
use super::problem::Problems;
use crate::redirect_uri::{Loopback, OwnRoutes};

/// The first of the property's examples, as text.
#[must_use]
pub fn example(property: &Value) -> Option<String> {
    match property["examples"].get(0)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        number @ Value::Number(_) => Some(number.to_string()),
        _ => None,
    }
}

/// The property's description.
pub(super) fn description(property: &Value) -> Option<&str> {
    property["description"].as_str().filter(|text| !text.is_empty())
}

/// The address of the property's help, if a browser can be sent there. A definition that was stored before may have any
/// text in its place.
#[must_use]
pub fn help_uri(property: &Value, loopback: Loopback) -> Option<&str> {
    property["helpUri"].as_str().filter(|uri| web_address(uri, loopback).is_ok())
}

/// Notes what cannot be shown, at any depth of the schema's properties.
pub(super) fn check(
    schema: &Value,
    path: &str,
    (loopback, own): (Loopback, &OwnRoutes),
    problems: &mut Problems,
) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.properties.{name}");
        if let Some(uri) = property.get("helpUri") {
            let problem = match uri.as_str() {
                Some(uri) => web_address_problem(uri, loopback, own),
                None => Some("must be a text".to_owned()),
            };
            if let Some(problem) = problem {
                problems.add(format!("{path}.helpUri"), problem);
            }
        }
        if property.get("multiline").is_some_and(|value| !value.is_boolean()) {
            problems.add(format!("{path}.multiline"), "must be true or false");
        }
        check(property, &path, (loopback, own), problems);
    }
}
