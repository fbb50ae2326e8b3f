//! A connection leaves the live ones, and comes back or is erased: DELETE `/connections/{id}` and POST
//! `/connections/{id}/restore`.

use bytes::Bytes;
use flow::lifecycle::disconnect;
use flow::lifecycle::erase::{AtProvider, erase};
use flow::store::Siblings;
use http::{Response, StatusCode};
use protocol::error::{Error, ErrorKey, Result};
use protocol::record::{self, Level, Remark};
use protocol::token::Caller;

use super::Call;
use crate::{answer, body};

/// DELETE: archives the connection, and has the provider forget its credentials where that ends nothing else. One that is
/// archived already stays as it is. With `erase=true`, for who manages the workspace, nothing is left of it.
pub(crate) async fn archive(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, deadline, .. } = call;
    let erases = call.query().flag("erase")?.unwrap_or_default();
    if erases && matches!(caller, Caller::Customer(_)) {
        let message = "erase needs a management token (isAdmin, and no customer).";
        return Err(Error::new(ErrorKey::AccessDenied, message).field("erase"));
    }
    let connection = call.connection(&caller).await?;
    if erases {
        let level = match erase(deps, connection, deadline).await? {
            AtProvider::NotRevoked => Level::Warn,
            AtProvider::Nothing | AtProvider::Revoked => Level::Info,
        };
        record::ends(Remark::new(level, "erased"));
    } else if connection.archived_at.is_none() {
        disconnect::archive(deps, connection, deadline).await?;
        record::ends("archived");
    }
    Ok(answer::no_content())
}

/// POST: the connection is live again, with the credentials that it had. One that is live stays as it is.
pub(crate) async fn restore(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, .. } = call;
    let mut connection = call.connection(&caller).await?;
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
