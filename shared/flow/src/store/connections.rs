//! The connections table. Its key `pk` is the connection's id; its index `owner` lists the connections of a workspace
//! or of one customer.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::item::{Attributes, Item, bytes, can_be_key, from_json, json, number, text};
use super::notes::{notes_item, read_notes};
use super::{Store, unavailable};
use crate::connection::{Connection, ConnectionRecord};
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::{ConnectionId, ConnectionKey, CustomerId, IntegrationId, WorkspaceKey};

/// The attribute that notes an interrupted lease; without one it is not there.
pub(super) const INTERRUPTED: &str = "interrupted";

/// The attribute with the part without secrets. Only connections have it.
pub(super) const RECORD: &str = "record";

/// The attribute with the key that a caller gave the connection, if it has one.
pub(super) const KEY: &str = "connectionKey";

/// The attribute with the time at which the secrets of an archived connection are forgotten.
pub(super) const FORGET_AT: &str = "forgetAt";

/// The characters to escape in a customer's id: `#` separates the parts of the index's keys.
const IN_KEY: &AsciiSet = &CONTROLS.add(b'#').add(b'%');

impl Store {
    /// Reads a connection by its id, strongly consistent. The caller must check the workspace and the customer.
    pub async fn read_connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        if !can_be_key(id.as_str()) {
            return Ok(None);
        }
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(id))
            .consistent_read(true);
        let found = self
            .sent(|| get.clone().send())
            .await
            .map_err(|error| unavailable("GetItem connection", &error))?;
        found.item.as_ref().map_or(Ok(None), if_connection)
    }
}

/// Returns all attributes of a connection's item.
pub(super) fn connection_item(connection: &Connection) -> Result<Attributes> {
    let mut item = HashMap::from(
        [
            ("pk", text(&connection.id)),
            ("workspace", text(&connection.workspace)),
            ("customer", text(&connection.customer)),
            ("integration", text(&connection.integration)),
            (RECORD, json(&connection.record)?),
            ("health", json(&connection.health)?),
            ("sealed", bytes(connection.sealed.clone())),
            ("version", number(connection.version)),
            ("turn", number(connection.turn)),
            ("lastActiveAt", number(connection.last_active_at.0)),
            ("ownerPk", text(&connection.workspace)),
            ("ownerSk", text(customer_sort_key(connection))),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item.extend(notes_item(&connection.record.notes)?.map(|(name, value)| (name.to_owned(), value)));
    if let Some(key) = &connection.key {
        item.insert(KEY.to_owned(), text(key));
    }
    Ok(item)
}

/// Reads the connection that an item is. A slot is none, and what is left of an erased connection or customer is none
/// either: they have no record.
pub(super) fn if_connection(item: &Attributes) -> Result<Option<Connection>> {
    item.contains_key(RECORD).then(|| read_connection(item)).transpose()
}

pub(super) fn read_connection(item: &Attributes) -> Result<Connection> {
    Ok(Connection {
        id: ConnectionId::new(item.text("pk")?),
        workspace: WorkspaceKey::new(item.text("workspace")?),
        customer: CustomerId::new(item.text("customer")?),
        integration: IntegrationId::new(item.text("integration")?),
        key: item.opt_text(KEY).map(ConnectionKey::new),
        record: ConnectionRecord { notes: read_notes(item)?, ..from_json(item.text(RECORD)?)? },
        health: from_json(item.text("health")?)?,
        sealed: item.opt_bytes("sealed").unwrap_or_default().to_vec(),
        version: item.number("version")?,
        last_active_at: Timestamp(item.number("lastActiveAt")?),
        turn: item.number("turn")?,
        interrupted: item.contains_key(INTERRUPTED),
        archived_at: item.opt_number("archivedAt").map(Timestamp),
        forget_at: item.opt_number(FORGET_AT).map(Timestamp),
    })
}

/// Returns the index's partition of archived connections.
pub(super) fn archived_partition(workspace: &WorkspaceKey) -> String {
    format!("{workspace}#archived")
}

/// Returns `customer#time#id`. So a customer's connections are neighbours, ordered by time.
fn customer_sort_key(connection: &Connection) -> String {
    let prefix = customer_prefix(&connection.customer);
    format!("{prefix}{:014}#{}", connection.record.created_at.0, connection.id)
}

pub(super) fn customer_prefix(customer: &CustomerId) -> String {
    format!("{}#", utf8_percent_encode(customer.as_str(), IN_KEY))
}
