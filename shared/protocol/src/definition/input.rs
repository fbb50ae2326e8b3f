//! Checks a customer's input against the option's JSON Schema.

use std::iter;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

use super::bounded_schema::BoundedSchema;
use super::complaint::Complaint;
use super::host_and_path::{HOST_AND_PATH, is_host_and_path};
use super::json_pointer;
use crate::error::{Error, ErrorKey, Result};
use crate::language::Language;

/// The most violations that are told. More of them help nobody.
const MOST: usize = 100;

/// One way in which the input violates the schema.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    /// The place of the value, as a JSON Pointer (RFC 6901): `/subdomain`.
    pub pointer: String,
    /// What is wrong with it.
    pub complaint: Complaint,
}

/// Checks a schema that is within its bounds. The error gives the reason why no customer's input could fit it.
pub(super) fn check_schema(schema: BoundedSchema<'_>) -> std::result::Result<(), String> {
    compile(schema)?;
    match &schema.as_value()["type"] {
        Value::String(kind) if kind != "object" => {
            Err("must describe an object, which the input is".to_owned())
        }
        _ => Ok(()),
    }
}

/// The violations of the schema in the input, up to a hundred.
pub fn violations(schema: &Value, input: &Map<String, Value>) -> Result<Vec<Violation>> {
    let unusable = |problem| {
        Error::new(ErrorKey::ConfigurationInvalid, format!("inputSchema {problem}")).field("inputSchema")
    };
    let schema = BoundedSchema::of(schema).map_err(unusable)?;
    let instance = Value::Object(input.clone());
    if !schema.can_check(&instance) {
        return Ok(vec![Violation { pointer: String::new(), complaint: Complaint::TooLong }]);
    }
    let validator = compile(schema).map_err(unusable)?;
    Ok(validator
        .iter_errors(&instance)
        .take(MOST)
        .map(|error| {
            let mut pointer = error.instance_path().as_str().to_owned();
            if let ValidationErrorKind::Required { property } = error.kind()
                && let Some(property) = property.as_str()
            {
                pointer = json_pointer::member(&pointer, property);
            }
            let property = property_at(schema.as_value(), &pointer);
            Violation { pointer, complaint: Complaint::of(error.kind(), property) }
        })
        .collect())
}

/// The error that a caller gets for a violation. `root` is the field that held the input.
#[must_use]
pub fn refusal(violation: &Violation, root: &str) -> Error {
    let path = json_pointer::names(&violation.pointer);
    let field = iter::once(root.to_owned()).chain(path).collect::<Vec<_>>().join(".");
    let complaint = violation.complaint.said(Language::English.texts());
    Error::new(ErrorKey::InputInvalid, format!("{field}: {complaint}")).field(field)
}

/// The property of the schema that describes what stands at the pointer. What only a `$ref` leads to is not looked for.
fn property_at<'s>(schema: &'s Value, pointer: &str) -> &'s Value {
    json_pointer::names(pointer).fold(schema, |schema, name| &schema["properties"][name])
}

/// The only way to the engine. Patterns are matched without backtracking.
fn compile(schema: BoundedSchema<'_>) -> std::result::Result<Validator, String> {
    let options = jsonschema::options()
        .should_validate_formats(true)
        .with_format(HOST_AND_PATH, is_host_and_path)
        .with_pattern_options(PatternOptions::regex());
    options.build(schema.as_value()).map_err(|error| format!("is not a JSON Schema: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(input: &Value) -> Vec<Violation> {
        let schema = json!({
            "type": "object",
            "required": ["subdomain"],
            "properties": {
                "subdomain": { "type": "string", "pattern": "^[a-z0-9-]+$" },
                "apiKey": { "type": "string", "maxLength": 5 },
                "nested": { "type": "object", "required": ["a/b"] },
            },
        });
        violations(&schema, input.as_object().unwrap()).unwrap()
    }

    #[test]
    fn the_bad_field_is_named() {
        let missing = found(&json!({}));
        assert_eq!(missing[0].pointer, "/subdomain");
        assert_eq!(
            refusal(&missing[0], "connectionParameters").data()["field"],
            "connectionParameters.subdomain"
        );
        assert_eq!(found(&json!({ "subdomain": 3 }))[0].pointer, "/subdomain");
        let nested = found(&json!({ "subdomain": "a", "nested": {} }));
        assert_eq!(nested[0].pointer, "/nested/a~1b");
        assert_eq!(
            refusal(&nested[0], "connectionParameters").data()["field"],
            "connectionParameters.nested.a/b"
        );
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        let refused = found(&json!({ "subdomain": "a", "apiKey": "secret!+key" }));
        assert_eq!(refused[0].pointer, "/apiKey");
        assert!(!refusal(&refused[0], "connectionParameters").message().contains("secret!"), "{refused:?}");
    }

    #[test]
    fn what_is_expected_is_said_by_an_example_or_the_description() {
        let schema = json!({ "properties": {
            "a": { "pattern": "^[a-z]+$", "examples": ["acme"], "description": "Before .example.com." },
            "b": { "pattern": "^[a-z]+$", "description": "Before .example.com." },
            "c": { "type": "string", "format": "email", "examples": ["me@example.com"] },
            "d": { "type": "object", "properties": { "e": { "type": "integer", "examples": [443] } } },
            "f": { "pattern": "^[a-z]+$" },
        } });
        let input = json!({ "a": "!", "b": "!", "c": "!", "d": { "e": "!" }, "f": "!" });
        let mut found = violations(&schema, input.as_object().unwrap()).unwrap();
        found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        let said = |violation: &Violation| violation.complaint.said(Language::English.texts());
        let problems: Vec<String> = found.iter().map(said).collect();
        let expected = [
            "This does not have the expected form, such as acme.",
            "This does not have the expected form: Before .example.com.",
            "This is not a valid email, such as me@example.com.",
            "This is not the expected kind of value, such as 443.",
            "This does not have the expected form.",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn what_fits_passes() {
        assert_eq!(found(&json!({ "subdomain": "a" })), []);
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for schema in [json!({ "type": "nonsense" }), json!({ "type": "string" }), json!(["object"])] {
            assert!(check_schema(BoundedSchema::of(&schema).unwrap()).is_err(), "{schema}");
        }
    }
}
