//! What handlers answer with.

use bytes::Bytes;
use flow::connection::Connection;
use flow::deps::Deps;
use flow::web::response;
use http::header::ETAG;
use http::{HeaderValue, Response, StatusCode};
use protocol::error::{Error, Result};
use serde::Serialize;

/// A status and a JSON body.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Bytes>> {
    let body = serde_json::to_vec(body).map_err(Error::internal)?;
    Ok(response::json(status, body))
}

/// A connection, as callers see it.
pub(crate) async fn connection(
    deps: &Deps,
    status: StatusCode,
    connection: &Connection,
) -> Result<Response<Bytes>> {
    let representation = connection.representation(deps).await?;
    versioned(status, &representation.version, &representation)
}

/// A body that has a version. Its entity tag (RFC 9110 §8.8.3) is the precondition of a change.
pub(crate) fn versioned(status: StatusCode, version: &str, body: &impl Serialize) -> Result<Response<Bytes>> {
    let mut response = json(status, body)?;
    let tag = HeaderValue::try_from(format!("\"{version}\"")).map_err(Error::internal)?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// A body that says it all.
pub(crate) fn ok(body: &impl Serialize) -> Result<Response<Bytes>> {
    json(StatusCode::OK, body)
}

/// It is done, and there is nothing to say.
pub(crate) fn no_content() -> Response<Bytes> {
    response::empty(StatusCode::NO_CONTENT)
}
