//! JSON bodies.

use bytes::Bytes;
use flow::error::{Error, ErrorKey, Result};
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// The most that a definition may weigh, in bytes; DynamoDB's items end at 400 KiB.
const MAX_BODY: usize = 256 * 1024;

/// The body as a JSON object.
pub(crate) fn object(request: &Request<Bytes>) -> Result<Value> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        let message = "The body must be application/json.";
        return Err(Error::new(ErrorKey::MediaTypeUnsupported, message).field("Content-Type"));
    }
    if request.body().len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The body is larger than 256 KiB."));
    }
    match serde_json::from_slice(request.body()) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Error::new(ErrorKey::RequestMalformed, "The body must be a JSON object.").field("body")),
        Err(error) => {
            let message =
                format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column());
            Err(Error::new(ErrorKey::RequestMalformed, message).field("body"))
        }
    }
}
