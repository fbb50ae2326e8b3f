//! The keys that callers give connections. A key is a customer's: an item of the connections table under a hash of both, which
//! names the connection that has it.
//!
//! A connection takes its key in the transaction that makes it live, so that two never have the same. Nothing else frees a
//! key: one whose connection is archived, or has another key by now, is anybody's. Whoever takes it names the version of the
//! item that was read before the connection was looked at, and every write of the item raises that.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::change::Change;
use super::connections::{KEY, RECORD, if_connection};
use super::erase::deleted_at;
use super::event::ConnectionEvent;
use super::item::{Found, Item, json, number, text};
use super::slot::hashed;
use super::transact::{Attempts, Next, Transacted, change_in_transaction, transact_write_item};
use super::transient::PATIENCE;
use super::write::failed_condition;
use super::{Store, unavailable};
use crate::connection::{Connection, connection_not_found};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey, CustomerId, WorkspaceKey};
use protocol::random::draw_id;

/// The attribute with the id of the connection that has a key.
const HOLDER: &str = "holder";

/// A key, as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFound {
    /// The connection that had it last. It may be archived by now, or have another one.
    pub holder: Option<ConnectionId>,
    version: Option<i64>,
}

/// The purpose of a write in the transaction that changes a key.
#[derive(Debug, PartialEq, Eq)]
enum Role {
    Connection,
    Taken,
    Freed,
}

impl Store {
    /// Reads a customer's key, strongly consistent.
    pub async fn read_key(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        key: &ConnectionKey,
    ) -> Result<KeyFound> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(item_key(workspace, customer, key)))
            .consistent_read(true);
        let found =
            self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem key", &error))?;
        let found = found.item.unwrap_or_default();
        Ok(KeyFound {
            holder: found.opt_text(HOLDER).map(ConnectionId::new),
            version: found.opt_number("version"),
        })
    }

    /// Gives a live connection this key, or none. The one that it had is anybody's then.
    pub async fn change_key(
        &self,
        connection: Connection,
        key: Option<(&ConnectionKey, &KeyFound)>,
    ) -> Result<Connection> {
        let now = self.clock.now();
        let token = draw_id(&*self.random);
        let attempts = Attempts { token: &token, deadline: now + PATIENCE };
        let rekeyed = |before: &Connection| {
            let mut rekeyed = Connection { key: key.map(|(key, _)| key.clone()), ..before.clone() };
            rekeyed.record.updated_at = now;
            rekeyed
        };
        let written = self.transact(
            &attempts,
            connection,
            |before| {
                let change = Change::default()
                    .key(key.map(|(key, _)| key))
                    .record(&rekeyed(before))?
                    .event(Some(ConnectionEvent::Updated), now)
                    .only_if(RECORD, json(&before.record)?)
                    .only_if_notes(&before.record.notes)?
                    .only_if_none("archivedAt");
                let change = match &before.key {
                    Some(key) => change.only_if(KEY, text(key)),
                    None => change.only_if_none(KEY),
                };
                let change = change_in_transaction(&self.tables.connections, before.id.as_str(), &change)?;
                let mut writes = vec![(Role::Connection, change)];
                if let Some((key, found)) = key {
                    writes.push((Role::Taken, self.take_key(before, key, found)?));
                }
                if let Some(key) = &before.key {
                    writes.push((Role::Freed, self.free_key(before, key)?));
                }
                Ok(writes)
            },
            |_, failed| {
                let Some(found) = failed.found(&Role::Connection) else { return Next::Fail(key_taken()) };
                let found = found.item().map_or(Ok(None), if_connection);
                match found {
                    Ok(Some(found)) if found.archived_at.is_none() => Next::With(found),
                    Ok(_) => Next::Fail(connection_not_found()),
                    Err(error) => Next::Fail(error),
                }
            },
        );
        match written.await? {
            Transacted::Written(before) | Transacted::Decided(before) => Ok(rekeyed(&before)),
        }
    }

    /// Gives a connection the key, if that is still as it was found.
    pub(super) fn take_key(
        &self,
        connection: &Connection,
        key: &ConnectionKey,
        found: &KeyFound,
    ) -> Result<TransactWriteItem> {
        let update = self.key_of(connection, key);
        transact_write_item(match found.version {
            Some(version) => update
                .condition_expression("version = :version")
                .expression_attribute_values(":version", number(version)),
            None => update.condition_expression("attribute_not_exists(pk)"),
        })
    }

    /// Gives a connection the key of the one that it replaces.
    pub(super) fn inherit_key(
        &self,
        connection: &Connection,
        key: &ConnectionKey,
        from: &ConnectionId,
    ) -> Result<TransactWriteItem> {
        transact_write_item(
            self.key_of(connection, key)
                .condition_expression(format!("{HOLDER} = :from"))
                .expression_attribute_values(":from", text(from)),
        )
    }

    fn key_of(&self, connection: &Connection, key: &ConnectionKey) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.tables.connections)
            .key("pk", text(item_key(&connection.workspace, &connection.customer, key)))
            .update_expression(format!("SET {HOLDER} = :holder REMOVE #ttl ADD version :one"))
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":holder", text(&connection.id))
            .expression_attribute_values(":one", number(1))
    }

    /// Takes the key away from the connection.
    fn free_key(&self, connection: &Connection, key: &ConnectionKey) -> Result<TransactWriteItem> {
        transact_write_item(
            Update::builder()
                .table_name(&self.tables.connections)
                .key("pk", text(item_key(&connection.workspace, &connection.customer, key)))
                .update_expression(format!("SET #ttl = :ttl REMOVE {HOLDER} ADD version :one"))
                .condition_expression(format!("{HOLDER} = :from"))
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":ttl", deleted_at(self.clock.now()))
                .expression_attribute_values(":from", text(&connection.id))
                .expression_attribute_values(":one", number(1)),
        )
    }

    /// Forgets which connection had the key, before that is erased. What is left says nothing, and is deleted some time.
    pub async fn forget_key(&self, archived: &Connection) -> Result<()> {
        let Some(key) = &archived.key else { return Ok(()) };
        let found = self.read_key(&archived.workspace, &archived.customer, key).await?;
        let (Some(version), true) = (found.version, found.holder.as_ref() == Some(&archived.id)) else {
            return Ok(());
        };
        let now = self.clock.now();
        let change = Change::default()
            .remove(HOLDER)
            .set("ttl", deleted_at(now))
            .set("version", number(version + 1))
            .only_if("version", number(version));
        let pk = item_key(&archived.workspace, &archived.customer, key);
        match self.write_item(now + PATIENCE, &pk, &change).await {
            Ok(_) => Ok(()),
            // Another connection has it by now; or the same write was already made, but its answer was lost.
            Err(error) if failed_condition(&error).and_then(Found::item).is_some() => Ok(()),
            Err(error) => Err(unavailable("UpdateItem key", &error)),
        }
    }
}

/// The error for a key that another of the customer's connections has.
pub(crate) fn key_taken() -> Error {
    let message = "Another connection of the customer has this key.";
    Error::new(ErrorKey::AlreadyExists, message).field("key")
}

/// Returns the item's key in the connections table. Connection ids are hexadecimal, so none begins like it.
fn item_key(workspace: &WorkspaceKey, customer: &CustomerId, key: &ConnectionKey) -> String {
    format!("key#{}", hashed(&[workspace.as_str(), customer.as_str(), key.as_str()]))
}
