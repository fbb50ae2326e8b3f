//! Reads the parameters of a start, in every form that the contract allows, and merges them.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};
use url::form_urlencoded;

use protocol::error::{Error, ErrorKey, Result};
use protocol::json;
use protocol::media_type::media_type;
use protocol::members::Members;

/// The size limit of a request's body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// Other names that the newer SDK uses for the same parameters.
const ALIASES: &[(&str, &str)] = &[("input", "connectionParameters")];

/// The parameters whose value is an object. In a query or a form they are JSON text.
const OBJECTS: &[&str] = &["connectionParameters", "connectorParameters", "meta"];

/// Reads the query and the body. Each holds the parameters themselves, or a `payload` with them: an object, or its JSON
/// text.
pub(super) fn read(request: &Request<Bytes>) -> Result<Map<String, Value>> {
    let mut merged = Merged::default();
    let query = request.uri().query().unwrap_or_default();
    merged.add_form(query.as_bytes())?;
    let body = request.body();
    if body.is_empty() {
        return Ok(merged.0);
    }
    if body.len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The request is larger than 64 KiB."));
    }
    match media_type(request.headers()).as_deref() {
        Some("application/x-www-form-urlencoded") => merged.add_form(body)?,
        Some("application/json") => merged.add_json(json_object(body, "body")?)?,
        _ => {
            return Err(Error::new(
                ErrorKey::MediaTypeUnsupported,
                "The body must be application/x-www-form-urlencoded or application/json.",
            )
            .field("Content-Type"));
        }
    }
    Ok(merged.0)
}

/// The merged parameters. Two different values for one name are a conflict.
#[derive(Default)]
struct Merged(Map<String, Value>);

impl Merged {
    fn add_form(&mut self, form: &[u8]) -> Result<()> {
        for (name, value) in form_urlencoded::parse(form) {
            if name == "payload" {
                self.add_payload(&Value::String(value.into_owned()))?;
            } else {
                self.add(&name, Value::String(value.into_owned()))?;
            }
        }
        Ok(())
    }

    fn add_json(&mut self, object: Members) -> Result<()> {
        for (name, value) in object.0 {
            if name == "payload" {
                self.add_payload(&value)?;
            } else {
                self.add(&name, value)?;
            }
        }
        Ok(())
    }

    fn add_payload(&mut self, payload: &Value) -> Result<()> {
        let object = match payload {
            Value::String(text) => json_object(text.as_bytes(), "payload")?,
            Value::Object(object) => Members(object.clone().into_iter().collect()),
            _ => return Err(not_an_object("payload")),
        };
        for (name, value) in object.0 {
            self.add(&name, value)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: Value) -> Result<()> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        let value = match value {
            Value::Null => return Ok(()),
            Value::String(text) if OBJECTS.contains(&name) && text.trim().is_empty() => return Ok(()),
            Value::String(text) if OBJECTS.contains(&name) => {
                Value::Object(json_object(text.as_bytes(), name)?.0.into_iter().collect())
            }
            value => value,
        };
        match self.0.get(name) {
            Some(given) if !same(given, &value) => {
                let message = format!("{name} was given twice, with different values.");
                Err(Error::new(ErrorKey::ParameterConflict, message).field(name))
            }
            Some(_) => Ok(()),
            None => {
                self.0.insert(name.to_owned(), value);
                Ok(())
            }
        }
    }
}

/// True if both values mean the same. A query has only text, so `true` there equals `true` in JSON.
fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    one == other || text(one) == text(other)
}

fn json_object(text: &[u8], field: &str) -> Result<Members> {
    json::check_depth(text, field)?;
    serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            return not_an_object(field);
        }
        let message =
            format!("{field} is not valid JSON (line {}, column {}).", error.line(), error.column());
        Error::new(ErrorKey::RequestMalformed, message).field(field)
    })
}

fn not_an_object(field: &str) -> Error {
    Error::new(ErrorKey::RequestMalformed, format!("{field} must be a JSON object.")).field(field)
}
