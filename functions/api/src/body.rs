//! JSON bodies.

use bytes::Bytes;
use flow::web::request_fields::Fields;
use http::Request;
use protocol::error::{Error, ErrorKey, Result};
use protocol::json;
use protocol::media_type::media_type;
use serde_json::{Map, Value};

/// The most that a definition may weigh, in bytes; DynamoDB's items end at 400 KiB.
pub(crate) const MAX_BODY: usize = 256 * 1024;

/// The fields of a JSON object.
pub(crate) fn fields(request: &Request<Bytes>) -> Result<Fields> {
    object(request).map(Fields::new)
}

/// The same; no body at all is as good as an empty object.
pub(crate) fn optional_fields(request: &Request<Bytes>) -> Result<Fields> {
    if request.body().is_empty() { Ok(Fields::new(Map::new())) } else { fields(request) }
}

/// The body as a JSON object.
pub(crate) fn object(request: &Request<Bytes>) -> Result<Map<String, Value>> {
    if media_type(request.headers()).as_deref() != Some("application/json") {
        let message = "The body must be application/json.";
        return Err(Error::new(ErrorKey::MediaTypeUnsupported, message).field("Content-Type"));
    }
    if request.body().len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The body is larger than 256 KiB."));
    }
    json::check_depth(request.body(), "body")?;
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::new(ErrorKey::RequestMalformed, "The body must be a JSON object.").field("body")),
        Err(error) => {
            let message =
                format!("The body is not valid JSON (line {}, column {}).", error.line(), error.column());
            Err(Error::new(ErrorKey::RequestMalformed, message).field("body"))
        }
    }
}
