//! The connections that a new one replaces.

use protocol::error::Result;

use crate::connection::{ConnectRequest, Connection};
use crate::deps::Deps;

/// The most connections that are looked at. A new connection replaces one as a rule.
const MOST: usize = 3;

/// Returns the customer's live connections with the integration.
pub(super) async fn replaced(deps: &Deps, request: &ConnectRequest) -> Result<Vec<Connection>> {
    let ConnectRequest { workspace, customer, integration, .. } = request;
    let mut found = Vec::new();
    for id in deps.store.live_connections(workspace, customer, integration).await?.iter().take(MOST) {
        found.extend(deps.store.read_connection(id).await?);
    }
    Ok(found)
}
