//! The slot: one item per workspace, customer and integration, with the ids of the live connections. Two flows that
//! finish at the same time collide on it, so that exactly one of their connections stays.
//!
//! It is also where a flow meets the erasure of its customer: a slot that was [marked](super::erase) takes no connection
//! that was begun before.

use aws_lc_rs::digest::{Context, SHA256};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Store;
use super::item::{Attributes, Item, number, text, texts};
use super::transact::transact_write_item;
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};

/// A slot, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    /// The ids of the live connections.
    pub(super) live: Vec<ConnectionId>,
    /// The version, which every change raises. None before the slot was read: then it is assumed to be empty.
    pub(super) version: Option<i64>,
    /// The time at which its customer was last erased, if that happened.
    erased_at: Option<Timestamp>,
}

/// The attribute with the time at which what an item was about was erased.
pub(super) const ERASED_AT: &str = "erasedAt";

impl Slot {
    /// Reads a slot from its item.
    pub(super) fn read(item: &Attributes) -> Self {
        let live = item.texts("live").iter().map(ConnectionId::new).collect();
        let erased_at = item.opt_number(ERASED_AT).map(Timestamp);
        Self { live, version: item.opt_number("version"), erased_at }
    }

    /// The same slot with other ids.
    pub(super) fn with(&self, live: Vec<ConnectionId>) -> Self {
        Self { live, ..self.clone() }
    }

    /// Refuses what was begun before its customer was erased.
    pub(super) fn check(&self, begun: Timestamp) -> Result<()> {
        match self.erased_at {
            Some(erased_at) if erased_at >= begun => Err(customer_erased()),
            _ => Ok(()),
        }
    }
}

/// The error for what was begun before its customer was erased.
pub(super) fn customer_erased() -> Error {
    let message = "The customer was erased after this was begun.";
    Error::new(ErrorKey::CustomerErased, message)
}

impl Store {
    /// Adds a connection to its slot. Like the next two, only if it was begun after its customer was last erased.
    pub(super) fn slot_with(&self, connection: &Connection, begun: Timestamp) -> Result<TransactWriteItem> {
        transact_write_item(
            self.joined(connection, begun, "ADD live :new, version :one", "")
                .expression_attribute_values(":new", texts([&connection.id])),
        )
    }

    /// Adds a connection to its slot, which must be empty.
    pub(super) fn slot_of_one(&self, connection: &Connection, begun: Timestamp) -> Result<TransactWriteItem> {
        let only_one = " AND attribute_not_exists(live)";
        transact_write_item(
            self.joined(connection, begun, "SET live = :new ADD version :one", only_one)
                .expression_attribute_values(":new", texts([&connection.id])),
        )
    }

    /// Replaces the slot's ids, if its version is still the given one.
    pub(super) fn slot_of(
        &self,
        connection: &Connection,
        begun: Timestamp,
        live: &[ConnectionId],
        version: i64,
    ) -> Result<TransactWriteItem> {
        transact_write_item(
            self.joined(connection, begun, "SET live = :new ADD version :one", " AND version = :version")
                .expression_attribute_values(":version", number(version))
                .expression_attribute_values(":new", texts(live)),
        )
    }

    /// A connection comes into the slot. A mark without connections is deleted some time; it stays now.
    fn joined(
        &self,
        connection: &Connection,
        begun: Timestamp,
        change: &str,
        condition: &str,
    ) -> UpdateBuilder {
        let is_later = format!("(attribute_not_exists({ERASED_AT}) OR {ERASED_AT} < :begun)");
        self.slot(connection)
            .update_expression(format!("{change} REMOVE #ttl"))
            .condition_expression(format!("{is_later}{condition}"))
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":begun", number(begun.0))
    }

    /// Removes ids from the slot, if they are in it.
    pub(super) fn slot_without(
        &self,
        connection: &Connection,
        gone: &[ConnectionId],
    ) -> Result<TransactWriteItem> {
        transact_write_item(
            self.slot(connection)
                .update_expression("DELETE live :gone ADD version :one")
                .expression_attribute_values(":gone", texts(gone)),
        )
    }

    fn slot(&self, connection: &Connection) -> UpdateBuilder {
        let Connection { workspace, customer, integration, .. } = connection;
        Update::builder()
            .table_name(&self.tables.connections)
            .key("pk", text(slot_key(workspace, customer, integration)))
            .expression_attribute_values(":one", number(1))
    }
}

/// Returns the slot's key in the connections table. Connection ids are hexadecimal, so none begins like it.
pub(super) fn slot_key(
    workspace: &WorkspaceKey,
    customer: &CustomerId,
    integration: &IntegrationId,
) -> String {
    format!("slot#{}", hashed(&[workspace.as_str(), customer.as_str(), integration.as_str()]))
}

/// Returns a hash of these parts, for a key that shows none of them.
pub(super) fn hashed(parts: &[&str]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&hash.finish().as_ref()[..24])
}
