//! What a customer enters, against the option's JSON Schema.

use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKey, Result};

/// Refuses a schema that is none.
pub fn check_schema(schema: &Value, field: &str) -> Result<()> {
    compile(schema).map(drop).map_err(|problem| {
        Error::new(ErrorKey::RequestMalformed, format!("{field} is not a JSON Schema: {problem}"))
            .field(field)
    })
}

/// Refuses input that does not fit the schema, naming the first field that does not; its value is never repeated.
pub fn check_input(schema: &Value, input: &Map<String, Value>) -> Result<()> {
    let validator = compile(schema).map_err(|problem| {
        Error::new(ErrorKey::ConfigurationInvalid, format!("inputSchema is not a JSON Schema: {problem}"))
            .field("inputSchema")
    })?;
    let instance = Value::Object(input.clone());
    let Some(violation) = validator.iter_errors(&instance).next() else { return Ok(()) };
    let mut path = violation.instance_path().as_str().replace('/', ".");
    if let jsonschema::error::ValidationErrorKind::Required { property } = violation.kind()
        && let Some(property) = property.as_str()
    {
        path = format!("{path}.{property}");
    }
    let field = format!("connectionParameters{path}");
    let message = format!("{field}: {}", violation.masked_with("the value"));
    Err(Error::new(ErrorKey::InputInvalid, message).field(field))
}

fn compile(schema: &Value) -> std::result::Result<Validator, String> {
    jsonschema::options().build(schema).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(input: &Value) -> Error {
        let schema = json!({
            "type": "object",
            "required": ["subdomain"],
            "properties": {
                "subdomain": { "type": "string", "pattern": "^[a-z0-9-]+$" },
                "apiKey": { "type": "string", "maxLength": 5 },
            },
        });
        check_input(&schema, input.as_object().unwrap()).unwrap_err()
    }

    #[test]
    fn the_first_bad_field_is_named() {
        let error = refusal(&json!({}));
        assert_eq!(error.key(), ErrorKey::InputInvalid);
        assert_eq!(error.data()["field"], "connectionParameters.subdomain");
        assert_eq!(refusal(&json!({ "subdomain": 3 })).data()["field"], "connectionParameters.subdomain");
    }

    #[test]
    fn a_refused_value_is_not_repeated() {
        let error = refusal(&json!({ "subdomain": "a", "apiKey": "secret!+key" }));
        assert_eq!(error.data()["field"], "connectionParameters.apiKey");
        assert!(!error.message().contains("secret"), "{error}");
    }

    #[test]
    fn what_fits_passes() {
        let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        check_input(&schema, json!({ "a": "b" }).as_object().unwrap()).unwrap();
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        let error = check_schema(&json!({ "type": "nonsense" }), "authOptions[0].inputSchema").unwrap_err();
        assert_eq!(error.data()["field"], "authOptions[0].inputSchema");
    }
}
