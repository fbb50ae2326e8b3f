//! A connection leaves the live ones, and comes back: DELETE `/connections/{id}` and POST `/connections/{id}/restore`.

use bytes::Bytes;
use flow::connection::Connection;
use flow::lifecycle::disconnect;
use flow::store::Siblings;
use http::{Response, StatusCode};
use protocol::error::Result;
use protocol::record;
use protocol::token::Caller;

use super::Call;
use crate::{answer, body};

/// DELETE: archives the connection, and has the provider forget its credentials where that ends nothing else. One that is
/// archived already stays as it is.
pub(crate) async fn archive(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, id, deadline, .. } = call;
    let connection = Connection::visible(deps, id, &caller).await?;
    if connection.archived_at.is_none() {
        disconnect::archive(deps, connection, deadline).await?;
        record::ends("archived");
    }
    Ok(answer::no_content())
}

/// POST: the connection is live again, with the credentials that it had. One that is live stays as it is.
pub(crate) async fn restore(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let mut connection = Connection::visible(deps, id, &caller).await?;
    let siblings = match body::optional_fields(request)?.flag("allowMultipleConnections")? {
        Some(true) => Siblings::Allowed,
        _ => Siblings::Refused,
    };
    if connection.archived_at.is_some() {
        connection = deps.store.restore_connection(&connection, siblings).await?;
        record::ends("restored");
    }
    answer::connection(deps, StatusCode::OK, &connection).await
}
