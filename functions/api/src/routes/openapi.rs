//! `/openapi.json`: what can be asked here.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response};

/// The document, as it stands in the repository.
const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// GET: the document. It is nobody's secret, and changes with a deployment only.
pub(crate) fn show() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(DOCUMENT.as_bytes()));
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
