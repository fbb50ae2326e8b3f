//! The inputs that a JSON Schema asks for, as far as they can be found without the schema engine.

use std::collections::BTreeSet;

use serde_json::Value;

/// The names that a customer's input can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InputNames {
    /// These names only: nobody enters an input that no `properties` lists.
    These(BTreeSet<String>),
    /// Any name: the schema names some by a pattern, or elsewhere.
    Any,
}

impl InputNames {
    /// The names in an `inputSchema`, at any depth. Without a schema nothing is entered. A schema that names nothing
    /// leaves the names to whoever starts the flow.
    pub(super) fn of(schema: Option<&Value>) -> Self {
        let Some(schema) = schema else { return Self::These(BTreeSet::new()) };
        let mut found = Found::default();
        if collect(schema, &mut found) && !found.properties.is_empty() {
            found.properties.append(&mut found.required);
            Self::These(found.properties)
        } else {
            Self::Any
        }
    }

    /// The names, if all of them are known.
    pub(super) fn listed(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::These(names) => Some(names),
            Self::Any => None,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::These(names) => names.contains(name),
            Self::Any => true,
        }
    }
}

#[derive(Default)]
struct Found {
    properties: BTreeSet<String>,
    required: BTreeSet<String>,
}

/// Adds the names of a schema and of those in it. Returns whether they are complete.
fn collect(schema: &Value, found: &mut Found) -> bool {
    let Value::Object(schema) = schema else { return true };
    let reference = schema.get("$ref").and_then(Value::as_str);
    let is_elsewhere = reference.is_some_and(|reference| !reference.starts_with('#'))
        || schema.contains_key("$dynamicRef")
        || schema.contains_key("patternProperties")
        || matches!(schema.get("additionalProperties"), Some(Value::Bool(true) | Value::Object(_)));
    if let Some(Value::Object(properties)) = schema.get("properties") {
        found.properties.extend(properties.keys().cloned());
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    found.required.extend(required.filter_map(Value::as_str).map(str::to_owned));
    let inner = schema.iter().filter(|(keyword, _)| !matches!(keyword.as_str(), "properties" | "items"));
    let branches = inner.flat_map(|(keyword, value)| match (keyword.as_str(), value) {
        ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter().collect(),
        ("$defs" | "definitions" | "dependentSchemas", Value::Object(schemas)) => schemas.values().collect(),
        ("if" | "then" | "else", schema) => vec![schema],
        _ => Vec::new(),
    });
    // This does not stop early: every branch is visited, so that all names are found.
    branches.fold(!is_elsewhere, |all, schema| collect(schema, found) && all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_found_wherever_a_schema_lists_them() {
        let schema = json!({
            "properties": { "a": { "properties": { "inner": {} } } },
            "required": ["b"],
            "allOf": [{ "properties": { "c": {} } }, { "$ref": "#/$defs/more" }],
            "if": { "properties": { "a": { "const": 1 } } },
            "then": { "properties": { "d": {} } },
            "$defs": { "more": { "properties": { "e": {} } } },
        });
        let names = InputNames::of(Some(&schema));
        assert!(["a", "b", "c", "d", "e"].iter().all(|name| names.has(name)), "{names:?}");
        assert!(!names.has("inner") && !names.has("f"));
    }

    #[test]
    fn without_a_schema_nothing_is_entered() {
        assert!(!InputNames::of(None).has("a"));
    }

    #[test]
    fn a_schema_that_leaves_names_open_has_any() {
        for schema in [
            json!({ "patternProperties": { "^x-": {} } }),
            json!({ "additionalProperties": { "type": "string" } }),
            json!({ "allOf": [{ "additionalProperties": true }] }),
            json!({ "$ref": "https://example.com/schema" }),
            json!({ "type": "object", "required": ["a"] }),
        ] {
            assert!(InputNames::of(Some(&schema)).has("anything"), "{schema}");
        }
        let closed = json!({ "additionalProperties": false, "properties": { "b": {} } });
        assert!(!InputNames::of(Some(&closed)).has("a"));
    }
}
