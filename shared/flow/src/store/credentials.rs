//! Writes the state of a connection's credentials, and reads the ids of a customer's live connections.

use super::change::Change;
use super::item::{number, text};
use super::slot::{Slot, slot_key};
use super::write::{Written, changed, failed_condition};
use super::{Store, unavailable};
use crate::connection::Connection;
use protocol::error::Result;
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};

impl Store {
    /// Writes the state of a connection's credentials, if nobody has written credentials or their state since they were
    /// read. The time of the next refresh stays, or there is none.
    pub async fn write_health(&self, connection: &Connection) -> Result<Written> {
        let change = Change::default()
            .health(connection)?
            .event(None, self.clock.now())
            .only_if("turn", number(connection.turn));
        let Err(error) = self.write(&connection.id, &change).await else { return Ok(Written::Done) };
        match failed_condition(&error) {
            Some(found) => changed(found),
            None => Err(unavailable("UpdateItem health", &error)),
        }
    }

    /// Reads the ids of a customer's live connections with an integration, strongly consistent.
    pub async fn live_connections(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        integration: &IntegrationId,
    ) -> Result<Vec<ConnectionId>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(slot_key(workspace, customer, integration)))
            .consistent_read(true);
        let found =
            self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem slot", &error))?;
        Ok(found.item.map(|item| Slot::read(&item).live).unwrap_or_default())
    }
}
