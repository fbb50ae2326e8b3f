//! The defaults of an input schema, for what nobody has entered.

use serde_json::{Map, Value};

/// Adds the `default` of each property that is missing. Inside an object it does the same, if the object is there or
/// required: in an optional one, defaults alone would ask for the rest of it.
pub(super) fn apply(schema: &Value, input: &mut Map<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, property) in properties {
        if !input.contains_key(name)
            && let Some(default) = default(property)
        {
            input.insert(name.clone(), default.clone());
        }
        if !property["properties"].is_object() {
            continue;
        }
        if let Some(Value::Object(inner)) = input.get_mut(name) {
            apply(property, inner);
        } else if !input.contains_key(name) && requires(schema, name) {
            let mut inner = Map::new();
            apply(property, &mut inner);
            if !inner.is_empty() {
                input.insert(name.clone(), inner.into());
            }
        }
    }
}

/// The default of a property. An empty text is nothing, as it is in a form.
fn default(property: &Value) -> Option<&Value> {
    property.get("default").filter(|default| !default.is_null() && default.as_str() != Some(""))
}

fn requires(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|each| each == name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_defaults(input: &Value) -> Value {
        let address = json!({
            "properties": { "port": { "default": 443 }, "host": { "type": "string" } }, "required": ["host"],
        });
        let schema = json!({
            "required": ["must"],
            "properties": {
                "region": { "default": "us" },
                "empty": { "default": "" },
                "none": { "default": null },
                "flag": { "default": false },
                "may": address,
                "must": address,
                "whole": { "properties": { "b": { "default": 2 } }, "default": { "a": 1 } },
                "plain": {},
            },
        });
        let mut input = input.as_object().unwrap().clone();
        apply(&schema, &mut input);
        input.into()
    }

    #[test]
    fn what_is_missing_is_added() {
        let expected = json!({
            "region": "us", "flag": false, "must": { "port": 443 }, "whole": { "a": 1, "b": 2 },
        });
        assert_eq!(with_defaults(&json!({})), expected);
    }

    #[test]
    fn what_is_there_stays() {
        let given = json!({
            "region": "", "flag": true, "may": { "host": "h" }, "must": "text", "whole": null, "other": 1,
        });
        let mut expected = given.clone();
        expected["may"]["port"] = 443.into();
        assert_eq!(with_defaults(&given), expected);
    }
}
