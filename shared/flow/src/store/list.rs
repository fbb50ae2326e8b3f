//! Lists connections by the index `owner`. One page takes one Query, and one `BatchGet` for each hundred connections that are
//! on it, however large the table is. So the index holds only what stays as it is: nothing that a refresh writes is
//! written a second time there.
//!
//! The index is updated a moment after the table. Some filters are not part of a key and apply only to the page that
//! was read. So a page may be short or even empty although more pages follow.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Store;
use super::batch::{MOST_IN_BATCH, projected};
use super::connections::{
    FORGET_AT, INTERRUPTED, KEY, RECORD, archived_partition, customer_prefix, if_connection,
};
use super::item::{Item, text};
use super::notes::NOTES;
use super::transact::gave_up;
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};

/// The index that lists connections by workspace and customer.
const LIST_INDEX: &str = "owner";

/// The size limit of a sort key, in bytes.
const MAX_SORT_KEY: usize = 1024;

/// The number of pages that are searched for a connection with an integration. Each holds a megabyte of connections.
const MAX_PAGES: usize = 100;

/// The connections to list.
pub struct ListConnections<'a> {
    /// The workspace's key.
    pub workspace: &'a WorkspaceKey,
    /// Only those of this customer.
    pub customer: Option<&'a CustomerId>,
    /// Only those with this integration.
    pub integration: Option<&'a IntegrationId>,
    /// Only those with this text in their name; upper and lower case are the same.
    pub search: Option<&'a str>,
    /// Only those with this tag.
    pub tag: Option<&'a str>,
    /// Only those whose credentials can be used, or cannot.
    pub connected: Option<bool>,
    /// Only those that are disconnected, or are not.
    pub disconnected: Option<bool>,
    /// True to list the archived ones after the live ones.
    pub include_archived: bool,
    /// The size of a page, 1 to 1000.
    pub limit: i32,
    /// The cursor of the previous page.
    pub cursor: Option<&'a str>,
}

/// One page of a list, newest first for each customer.
pub struct ConnectionPage {
    /// The connections without their secrets, which are not read.
    pub connections: Vec<Connection>,
    /// The cursor for the next page, if there may be one.
    pub cursor: Option<String>,
}

/// The use of an integration by live connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationUse {
    /// It has no live connection.
    Unused,
    /// It has live connections.
    InUse,
    /// The workspace has too many connections to look at all of them.
    TooManyToTell,
}

impl Store {
    /// Lists connections.
    pub async fn list_connections(&self, list: &ListConnections<'_>) -> Result<ConnectionPage> {
        let begun = || Cursor { archived: false, since: self.clock.now(), after: None };
        let cursor = list.cursor.map(|text| Cursor::read(text, list)).transpose()?.unwrap_or_else(begun);
        let partition =
            if cursor.archived { archived_partition(list.workspace) } else { list.workspace.to_string() };
        let start = cursor.after.as_deref().map(|after| start_key(&partition, after)).transpose()?;
        let mut query =
            self.listed(&partition, list.customer).limit(list.limit).set_exclusive_start_key(start);
        if let Some(integration) = list.integration {
            query = query
                .filter_expression("integration = :integration")
                .expression_attribute_values(":integration", text(integration));
        }
        let page = self.query(&query, "Query connections").await?;
        let ids: Vec<&str> =
            page.items.iter().flatten().map(|item| item.text("pk")).collect::<Result<_>>()?;
        let mut connections = self.without_secrets(&ids).await?;
        connections.retain(|connection| list.wants(connection, &cursor));
        let next = match page.last_evaluated_key {
            Some(key) => Some(Cursor { after: Some(key.text("ownerSk")?.to_owned()), ..cursor }),
            None if list.include_archived && !cursor.archived => {
                Some(Cursor { archived: true, after: None, ..cursor })
            }
            None => None,
        };
        Ok(ConnectionPage { connections, cursor: next.map(|next| next.to_text()) })
    }

    /// Reads the ids of all connections of a customer, live and archived, each with its integration. Some may have been erased
    /// since the index was written.
    pub async fn connections_of(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
    ) -> Result<Vec<(ConnectionId, IntegrationId)>> {
        let mut found = Vec::new();
        for partition in [workspace.to_string(), archived_partition(workspace)] {
            let mut from = None;
            loop {
                let query = self.listed(&partition, Some(customer)).set_exclusive_start_key(from);
                let page = self.query(&query, "Query connections").await?;
                for item in page.items.iter().flatten() {
                    let integration = IntegrationId::new(item.text("integration")?);
                    found.push((ConnectionId::new(item.text("pk")?), integration));
                }
                from = page.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Reads connections by their ids, in this order, without their secrets. One that does not exist, or was erased, is
    /// left out.
    async fn without_secrets(&self, ids: &[&str]) -> Result<Vec<Connection>> {
        let mut found = HashMap::new();
        for ids in ids.chunks(MOST_IN_BATCH) {
            let keys = ids.iter().map(|id| HashMap::from([("pk".to_owned(), text(*id))])).collect();
            let keys = projected(SHOWN).set_keys(Some(keys)).build().map_err(Error::internal)?;
            let read = self.read_batch(&self.tables.connections, keys, "BatchGetItem connections").await?;
            for item in read.ok_or_else(gave_up)? {
                if let Some(connection) = if_connection(&item)? {
                    found.insert(connection.id.to_string(), connection);
                }
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(*id)).collect())
    }

    /// True if a workspace has connections, live or archived.
    pub(super) async fn has_connections(&self, workspace: &WorkspaceKey) -> Result<bool> {
        for partition in [workspace.to_string(), archived_partition(workspace)] {
            let query = self.listed(&partition, None).limit(1);
            if self.query(&query, "Query connections").await?.count > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds out whether a workspace has live connections with an integration.
    pub async fn integration_use(
        &self,
        workspace: &WorkspaceKey,
        integration: &IntegrationId,
    ) -> Result<IntegrationUse> {
        let mut from = None;
        for _ in 0..MAX_PAGES {
            let query = self
                .listed(workspace.as_str(), None)
                .filter_expression("integration = :integration")
                .expression_attribute_values(":integration", text(integration))
                .projection_expression("pk")
                .set_exclusive_start_key(from);
            let page = self.query(&query, "Query connections").await?;
            if page.count > 0 {
                return Ok(IntegrationUse::InUse);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(IntegrationUse::Unused);
            }
        }
        Ok(IntegrationUse::TooManyToTell)
    }

    pub(super) fn listed(&self, partition: &str, customer: Option<&CustomerId>) -> QueryFluentBuilder {
        let query = self
            .client()
            .query()
            .table_name(&self.tables.connections)
            .index_name(LIST_INDEX)
            .scan_index_forward(false)
            .expression_attribute_values(":partition", text(partition));
        match customer {
            Some(customer) => query
                .key_condition_expression("ownerPk = :partition AND begins_with(ownerSk, :customer)")
                .expression_attribute_values(":customer", text(customer_prefix(customer))),
            None => query.key_condition_expression("ownerPk = :partition"),
        }
    }
}

impl<'a> ListConnections<'a> {
    /// Lists a customer's live connections, as many as one page holds.
    #[must_use]
    pub fn of(workspace: &'a WorkspaceKey, customer: &'a CustomerId) -> Self {
        Self {
            workspace,
            customer: Some(customer),
            integration: None,
            search: None,
            tag: None,
            connected: None,
            disconnected: None,
            include_archived: false,
            limit: 1000,
            cursor: None,
        }
    }

    fn wants(&self, connection: &Connection, cursor: &Cursor) -> bool {
        let named = self.search.is_none_or(|part| lower(&connection.record.name).contains(&lower(part)));
        let is = |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
        // A connection that was archived after the list began was listed among the live ones. It must not come twice.
        let archived_before = connection.archived_at.is_none_or(|at| !cursor.archived || at < cursor.since);
        // It may have been archived or restored since the index was written.
        connection.archived_at.is_some() == cursor.archived
            && named
            && self.tag.is_none_or(|tag| connection.record.notes.has_tag(tag))
            && is(self.connected, connection.is_connected())
            && is(self.disconnected, connection.health.disconnected)
            && archived_before
    }
}

/// All attributes but the sealed secrets.
const SHOWN: [&str; 15] = [
    "pk",
    "workspace",
    "customer",
    "integration",
    KEY,
    RECORD,
    NOTES[0],
    NOTES[1],
    "health",
    "version",
    "turn",
    "lastActiveAt",
    "archivedAt",
    FORGET_AT,
    INTERRUPTED,
];

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// A place in a list. The partition is always the caller's own, so a forged cursor cannot leave it.
struct Cursor {
    /// True if all live connections were listed.
    archived: bool,
    /// The time at which the list began.
    since: Timestamp,
    /// The sort key at the end of the previous page; none at the start of a part.
    after: Option<String>,
}

impl Cursor {
    /// Reads `live#time#customer#time#id` or `archived#…`. Nothing follows the first time at the start of a part.
    fn read(cursor: &str, list: &ListConnections<'_>) -> Result<Self> {
        let decoded = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let read = decoded.as_deref().and_then(|text| {
            let (part, rest) = text.split_once('#')?;
            let (since, after) = rest.split_once('#')?;
            let archived = match part {
                "live" => false,
                "archived" if list.include_archived => true,
                _ => return None,
            };
            let after = (!after.is_empty()).then(|| after.to_owned());
            Some(Self { archived, since: Timestamp(since.parse().ok()?), after })
        });
        let within = |key: &String| {
            key.len() <= MAX_SORT_KEY
                && list.customer.is_none_or(|customer| key.starts_with(&customer_prefix(customer)))
        };
        read.filter(|cursor| cursor.after.as_ref().is_none_or(within)).ok_or_else(not_ours)
    }

    fn to_text(&self) -> String {
        let part = if self.archived { "archived" } else { "live" };
        let after = self.after.as_deref().unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("{part}#{}#{after}", self.since.0))
    }
}

fn start_key(partition: &str, sort_key: &str) -> Result<HashMap<String, AttributeValue>> {
    let (_, id) = sort_key.rsplit_once('#').filter(|(_, id)| !id.is_empty()).ok_or_else(not_ours)?;
    Ok(HashMap::from([
        ("pk".to_owned(), text(id)),
        ("ownerPk".to_owned(), text(partition)),
        ("ownerSk".to_owned(), text(sort_key)),
    ]))
}

pub(super) fn not_ours() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The cursor is not one of this list's.").field("cursor")
}
