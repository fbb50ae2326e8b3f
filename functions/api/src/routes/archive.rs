//! A connection leaves the live ones, and comes back: DELETE `/connections/{id}` and POST `/connections/{id}/restore`.

use bytes::Bytes;
use flow::connection::Connection;
use flow::deps::Deps;
use flow::lifecycle::disconnect;
use flow::store::Siblings;
use http::{Request, StatusCode};
use protocol::deadline::Deadline;
use protocol::error::Result;
use serde_json::Value;

use crate::{Answer, auth, body};

/// DELETE: archives the connection, and has the provider forget its credentials where that ends nothing else. One that is
/// archived already stays as it is.
pub(crate) async fn archive(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let deadline = Deadline::starting(&*deps.clock);
    let (caller, _) = auth::caller(deps, request).await?;
    let connection = Connection::visible(deps, id, &caller).await?;
    if connection.archived_at.is_none() {
        disconnect::archive(deps, connection, deadline).await?;
        tracing::info!("archived");
    }
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

/// POST: the connection is live again, with the credentials that it had. One that is live stays as it is.
pub(crate) async fn restore(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let (caller, _) = auth::caller(deps, request).await?;
    let mut connection = Connection::visible(deps, id, &caller).await?;
    let siblings = match body::optional_fields(request)?.flag("allowMultipleConnections")? {
        Some(true) => Siblings::Allowed,
        _ => Siblings::Refused,
    };
    if connection.archived_at.is_some() {
        connection = deps.store.restore_connection(&connection, siblings).await?;
        tracing::info!("restored");
    }
    Ok((StatusCode::OK, connection.representation(deps).await?))
}
