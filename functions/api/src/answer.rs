//! What handlers answer with.

use bytes::Bytes;
use flow::web::response;
use http::{Response, StatusCode};
use protocol::error::{Error, Result};
use serde::Serialize;

/// A status and a JSON body.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Bytes>> {
    let body = serde_json::to_vec(body).map_err(Error::internal)?;
    Ok(response::json(status, body))
}

/// A body that says it all.
pub(crate) fn ok(body: &impl Serialize) -> Result<Response<Bytes>> {
    json(StatusCode::OK, body)
}

/// It is done, and there is nothing to say.
pub(crate) fn no_content() -> Response<Bytes> {
    response::empty(StatusCode::NO_CONTENT)
}
