//! The connections table: `pk` is the connection's id; the index `owner` lists a workspace's, or one customer's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::due::{DUE_PK, DUE_SK, due_key};
use super::item::{Attributes, Item, bytes, number, text};
use super::{Store, unavailable};
use crate::clock::Timestamp;
use crate::connection::Connection;
use crate::error::{Error, ErrorKey, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The index of connections by owner.
const OWNER: &str = "owner";

/// Keeps `#`, which divides the index's keys, out of a customer's id.
const IN_KEY: &AsciiSet = &CONTROLS.add(b'#').add(b'%');

/// Which connections to list.
pub struct ListConnections<'a> {
    /// The workspace's key.
    pub workspace: &'a str,
    /// One customer's, or all.
    pub customer: Option<&'a str>,
    /// One integration's, or all.
    pub integration: Option<&'a str>,
    /// How many at most, 1 to 1000.
    pub limit: i32,
    /// Where the page before ended.
    pub cursor: Option<&'a str>,
}

/// One page of a list, newest first for each customer.
pub struct ConnectionPage {
    /// The connections; their secrets are not in the index.
    pub connections: Vec<Connection>,
    /// Where the next page begins, if there may be one.
    pub cursor: Option<String>,
}

impl Store {
    /// Reads a connection by its id, strongly consistent, of whichever owner.
    pub async fn read_connection(&self, id: &str) -> Result<Option<Connection>> {
        let get = self
            .client
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(id))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| unavailable("GetItem connection", &error))?;
        // A slot has no record; its key is no connection's id.
        found.item.filter(|item| item.contains_key("record")).map(|item| read_connection(&item)).transpose()
    }

    /// Lists live connections with one Query.
    pub async fn list_connections(&self, list: &ListConnections<'_>) -> Result<ConnectionPage> {
        let mut query = self
            .client
            .query()
            .table_name(&self.tables.connections)
            .index_name(OWNER)
            .scan_index_forward(false)
            .limit(list.limit)
            .expression_attribute_values(":workspace", text(list.workspace));
        query = match list.customer {
            Some(customer) => query
                .key_condition_expression("ownerPk = :workspace AND begins_with(ownerSk, :customer)")
                .expression_attribute_values(":customer", text(customer_prefix(customer))),
            None => query.key_condition_expression("ownerPk = :workspace"),
        };
        if let Some(integration) = list.integration {
            query = query
                .filter_expression("integration = :integration")
                .expression_attribute_values(":integration", text(integration));
        }
        if let Some(cursor) = list.cursor {
            query = query.set_exclusive_start_key(Some(start_key(list, cursor)?));
        }
        let page = query.send().await.map_err(|error| unavailable("Query connections", &error))?;
        let connections =
            page.items.unwrap_or_default().iter().map(read_connection).collect::<Result<_>>()?;
        let cursor = page
            .last_evaluated_key
            .map(|key| Ok::<_, Error>(URL_SAFE_NO_PAD.encode(key.text("ownerSk")?)))
            .transpose()?;
        Ok(ConnectionPage { connections, cursor })
    }
}

/// The attributes of a connection, all of them.
pub(super) fn connection_item(connection: &Connection) -> Result<Attributes> {
    let mut item = HashMap::from(
        [
            ("pk", text(&connection.id)),
            ("workspace", text(&connection.workspace)),
            ("customer", text(&connection.customer)),
            ("integration", text(&connection.integration)),
            ("record", json(&connection.record)?),
            ("health", json(&connection.health)?),
            ("sealed", bytes(connection.sealed.clone())),
            ("version", number(connection.version)),
            ("lastActiveAt", number(connection.last_active_at.0)),
            ("ownerPk", text(&connection.workspace)),
            ("ownerSk", text(owner_sk(connection))),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(at) = connection.health.next_refresh_at {
        let (partition, sort) = due_key(&connection.id, at);
        item.insert(DUE_PK.to_owned(), text(partition));
        item.insert(DUE_SK.to_owned(), text(sort));
    }
    Ok(item)
}

pub(super) fn read_connection(item: &Attributes) -> Result<Connection> {
    Ok(Connection {
        id: item.text("pk")?.to_owned(),
        workspace: item.text("workspace")?.to_owned(),
        customer: item.text("customer")?.to_owned(),
        integration: item.text("integration")?.to_owned(),
        record: from_json(item.text("record")?)?,
        health: from_json(item.text("health")?)?,
        sealed: item.opt_bytes("sealed").unwrap_or_default().to_vec(),
        version: item.number("version")?,
        last_active_at: Timestamp(item.number("lastActiveAt")?),
        leased_until: item.opt_number("leaseUntil").map(Timestamp),
        archived_at: item.opt_number("archivedAt").map(Timestamp),
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<AttributeValue> {
    serde_json::to_string(value).map(AttributeValue::S).map_err(Error::internal)
}

fn from_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json)
        .map_err(|error| Error::internal(format_args!("a connection cannot be read: {error}")))
}

/// The partition of the index that archived connections move to.
pub(super) fn archived_partition(workspace: &str) -> String {
    format!("{workspace}#archived")
}

/// `customer#time#id`: a customer's connections stand together, in the order of time.
fn owner_sk(connection: &Connection) -> String {
    let prefix = customer_prefix(&connection.customer);
    format!("{prefix}{:014}#{}", connection.record.created_at.0, connection.id)
}

fn customer_prefix(customer: &str) -> String {
    format!("{}#", utf8_percent_encode(customer, IN_KEY))
}

/// A cursor is the sort key where a page ended; the partition is the caller's own, whatever the cursor says.
fn start_key(list: &ListConnections<'_>, cursor: &str) -> Result<HashMap<String, AttributeValue>> {
    let refused = || Error::new(ErrorKey::RequestMalformed, "The cursor is not one of ours.").field("cursor");
    let decoded = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let sort_key = String::from_utf8(decoded).map_err(|_| refused())?;
    let (_, id) = sort_key.rsplit_once('#').ok_or_else(refused)?;
    if list.customer.is_some_and(|customer| !sort_key.starts_with(&customer_prefix(customer))) {
        return Err(refused());
    }
    Ok(HashMap::from([
        ("pk".to_owned(), text(id)),
        ("ownerPk".to_owned(), text(list.workspace)),
        ("ownerSk".to_owned(), text(sort_key)),
    ]))
}
