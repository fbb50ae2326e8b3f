//! What the resources answer is what `docs/openapi.json` describes: every field that can be written, and no other; required
//! are those that always are. Each resource's tests compare the fullest and the least of its answers.

use std::collections::BTreeSet;

use protocol::error::{Error, ErrorKey};
use protocol::record::Reference;
use serde::Serialize;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

pub(crate) fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

pub(crate) fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

pub(crate) fn properties(schema: &str) -> BTreeSet<String> {
    names(&document()["components"]["schemas"][schema]["properties"])
}

/// Compares answers, the fullest and the least among them, with the schema at this place of the document.
pub(crate) fn assert_described(pointer: &str, answers: &[Value]) {
    let document = document();
    let schema = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    for answer in answers {
        let violations: Vec<String> = validator
            .iter_errors(answer)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(violations.is_empty(), "{pointer}: {violations:#?}");
    }
    let written: Vec<BTreeSet<String>> = answers.iter().map(names).collect();
    let ever = written.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let always: BTreeSet<String> =
        ever.iter().filter(|name| written.iter().all(|names| names.contains(*name))).cloned().collect();
    assert_eq!(names(&schema["properties"]), ever, "{pointer}: the fields");
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(required, always, "{pointer}: the required fields");
}

pub(crate) fn component(name: &str, answers: &[Value]) {
    assert_described(&format!("/components/schemas/{name}"), answers);
}

/// Some error, with data.
pub(crate) fn error() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such connection.").field("connectionId")
}

#[test]
fn errors() {
    component(
        "Error",
        &[json_of(&error().under(Reference::parse("12345678"))), json_of(&Error::internal("detail"))],
    );
}
