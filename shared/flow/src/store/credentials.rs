//! Writes the state of a connection's credentials, or the same ones sealed anew, and reads the ids of a customer's live
//! connections.

use super::change::Change;
use super::item::{Item, bytes, number, text};
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

    /// Writes the same secrets, sealed anew, if nobody has written others since they were read. No sealed value comes twice:
    /// each has a nonce of its own. For those who read the connection nothing changes, so its version stays.
    pub async fn reseal(&self, connection: &Connection, sealed: Vec<u8>) -> Result<Written> {
        let change = Change::default()
            .set("sealed", bytes(sealed.clone()))
            .event(None, self.clock.now())
            .only_if("sealed", bytes(connection.sealed.clone()));
        let Err(error) = self.write(&connection.id, &change).await else { return Ok(Written::Done) };
        let Some(found) = failed_condition(&error) else {
            return Err(unavailable("UpdateItem sealed", &error));
        };
        // The same write was already made, but its answer was lost.
        let is_ours = found.item().and_then(|item| item.opt_bytes("sealed")) == Some(sealed.as_slice());
        if is_ours { Ok(Written::Done) } else { changed(found) }
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
