//! The connection request that was made for a connection which only its customer can mend: one item each in the flows table.

use super::attempts::read_request;
use super::item::{bytes, number, text};
use super::{Store, unavailable};
use crate::context::attempt::OfRequest;
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::ConnectionId;

impl Store {
    /// Keeps the request that was made for a connection. Who reads it looks whether the request still serves: so a write
    /// that arrives late does no harm.
    pub async fn keep_request_of(
        &self,
        connection: &ConnectionId,
        request: &OfRequest,
        expires_at: Timestamp,
    ) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.flows)
            .item("pk", text(pk(connection)))
            .item("request", text(&request.key))
            .item("requestId", bytes(request.sealed_id.clone()))
            .item("ttl", number(expires_at.seconds()));
        self.sent(|| put.clone().send())
            .await
            .map_err(|error| unavailable("PutItem client action", &error))?;
        Ok(())
    }

    /// Returns the request that was made for a connection, if there was one.
    pub async fn request_of(&self, connection: &ConnectionId) -> Result<Option<OfRequest>> {
        let found = self.read_item_of_flows(&pk(connection)).await?;
        Ok(found.and_then(|item| read_request(&item)))
    }
}

/// The key of the item. A flow's id has no `#`.
fn pk(connection: &ConnectionId) -> String {
    format!("action#{connection}")
}
