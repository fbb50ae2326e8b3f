//! The schedule: which connection is to be refreshed when, which archived one is to forget its secrets, and when a connection
//! request's time is over.
//!
//! An entry is an item of its own, which is written before the connection that it is for: an entry without its
//! connection does no harm, a connection without its entry would be forgotten. An entry counts as long as the connection
//! is due at its very time. It is not deleted, since that would cost a write; it expires.
//!
//! A partition is one hour and one of a few shards, so that no partition is hot and none grows for ever. The
//! [checkpoint](super::checkpoint) says until when everything is done.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::item::{Attributes, Item, number, text};
use super::{Store, unavailable};
use crate::connection::Connection;
use crate::context::connection_request::{RequestOf, event_subject, of_event_subject};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::{ConnectionId, ConnectionRequestKey, IntegrationId, WorkspaceKey};
use protocol::random::hex;

/// The number of partitions in an hour.
const SHARDS: u8 = 8;

/// The characters of an integration's id in the sort key.
const GROUP: usize = 8;

/// The bytes of a workspace's hash in the sort key.
const WORKSPACE: usize = 3;

const HOUR: i64 = 3_600_000;

/// An entry is kept this long after its time: nothing is forgotten while the scheduled refresh stands still for less.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// One entry of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The connection's id, or what names a connection request in its place.
    pub id: ConnectionId,
    /// The time of its refresh, or of forgetting its secrets; or the end of a connection request.
    pub at: Timestamp,
    /// Whose it is.
    pub group: Group,
}

/// A workspace and an integration of its own, as far as the schedule tells them from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The beginning of the hash of the workspace's key.
    pub workspace: String,
    /// The beginning of the integration's id.
    pub integration: String,
}

impl Group {
    fn of(workspace: &WorkspaceKey, integration: &IntegrationId) -> Self {
        let integration = integration.as_str().chars().take(GROUP).collect();
        Self { workspace: hashed(workspace), integration }
    }
}

/// One page of the due entries of a partition.
pub struct DuePage {
    /// The entries.
    pub due: Vec<Due>,
    /// The start of the next page, if there may be one.
    pub next: Option<Due>,
}

impl Store {
    /// Writes the entry of a connection for this time, if it has one. It tries until a moment. The same entry may be
    /// written twice.
    pub async fn schedule(
        &self,
        connection: &Connection,
        at: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<()> {
        let Some(at) = at else { return Ok(()) };
        self.schedule_due(&Due::of(&connection.id, connection, at), until).await
    }

    /// Writes an entry. It tries until a moment.
    pub(super) async fn schedule_due(&self, due: &Due, until: Timestamp) -> Result<()> {
        let put = self.client().put_item().table_name(&self.tables.schedule).set_item(Some(due.entry()));
        let put = self.sent_until(until, || put.clone().send()).await;
        put.map(drop).map_err(|error| unavailable("PutItem schedule", &error))
    }

    /// Puts the entry of a connection into a transaction. `like` is another one of the same customer and integration.
    pub(super) fn schedule_in_transaction(
        &self,
        id: &ConnectionId,
        like: &Connection,
        at: Timestamp,
    ) -> Result<TransactWriteItem> {
        let entry = Due::of(id, like, at).entry();
        let put = Put::builder().table_name(&self.tables.schedule).set_item(Some(entry)).build();
        Ok(TransactWriteItem::builder().put(put.map_err(Error::internal)?).build())
    }

    /// Reads the entries of `partition` from one moment to another, oldest first, from the end of the previous page.
    pub async fn due(
        &self,
        partition: &str,
        (from, to): (Timestamp, Timestamp),
        after: Option<Due>,
    ) -> Result<DuePage> {
        let start = after.map(|due| {
            [("pk", partition.to_owned()), ("sk", due.sort())]
                .map(|(name, value)| (name.to_owned(), text(value)))
                .into()
        });
        let query = self
            .client()
            .query()
            .table_name(&self.tables.schedule)
            .key_condition_expression("pk = :partition AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":partition", text(partition))
            .expression_attribute_values(":from", text(format!("{:014}", from.0)))
            // The next millisecond sorts behind everything that is due at the last one.
            .expression_attribute_values(":to", text(format!("{:014}", to.0 + 1)))
            .set_exclusive_start_key(start);
        let page = self.query(&query, "Query schedule").await?;
        Ok(DuePage {
            due: page.items.unwrap_or_default().iter().map(Due::read).collect::<Result<_>>()?,
            next: page.last_evaluated_key.as_ref().map(Due::read).transpose()?,
        })
    }
}

impl Due {
    /// True if the entry's time is that of the connection as it is now. All other entries are done.
    #[must_use]
    pub fn is_of(&self, connection: &Connection) -> bool {
        connection.due_at() == Some(self.at)
    }

    fn of(id: &ConnectionId, like: &Connection, at: Timestamp) -> Self {
        Self { id: id.clone(), at, group: Group::of(&like.workspace, &like.integration) }
    }

    pub(super) fn of_request(request: RequestOf<'_>, at: Timestamp) -> Self {
        let group = Group::of(request.workspace, request.integration);
        Self { id: ConnectionId::new(event_subject(request.key)), at, group }
    }

    /// The connection request whose time is over then, if the entry is for one.
    #[must_use]
    pub fn connection_request(&self) -> Option<ConnectionRequestKey> {
        of_event_subject(self.id.as_str())
    }

    fn entry(&self) -> Attributes {
        Attributes::from(
            [
                ("pk", text(self.partition())),
                ("sk", text(self.sort())),
                ("ttl", number((self.at + KEPT).0 / 1000)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    fn read(item: &Attributes) -> Result<Self> {
        let sort = item.text("sk")?;
        let mut parts = sort.splitn(4, '#');
        let mut part =
            || parts.next().ok_or_else(|| Error::internal("an entry of the schedule cannot be read"));
        let at = part()?.parse().map(Timestamp).map_err(Error::internal)?;
        let (integration, workspace) = (part()?.to_owned(), part()?.to_owned());
        Ok(Self { id: ConnectionId::new(part()?), at, group: Group { workspace, integration } })
    }

    fn partition(&self) -> String {
        // Ids are random, so the sum of their bytes spreads well.
        let shard = self.id.as_str().bytes().fold(0_u8, u8::wrapping_add) % SHARDS;
        partition(due_hour(self.at), shard)
    }

    fn sort(&self) -> String {
        let Self { id, at, group: Group { workspace, integration } } = self;
        format!("{:014}#{integration}#{workspace}#{id}", at.0)
    }
}

/// Returns the hour of a moment, in the partitions' numbering.
#[must_use]
pub fn due_hour(moment: Timestamp) -> i64 {
    moment.0.div_euclid(HOUR)
}

/// Returns the beginning of an hour.
#[must_use]
pub fn hour_begins(hour: i64) -> Timestamp {
    Timestamp(hour * HOUR)
}

/// Returns the partitions of an hour.
pub fn due_partitions(hour: i64) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| partition(hour, shard))
}

fn partition(hour: i64, shard: u8) -> String {
    format!("{hour}#{shard}")
}

fn hashed(workspace: &WorkspaceKey) -> String {
    hex(&digest(&SHA256, workspace.as_str().as_bytes()).as_ref()[..WORKSPACE])
}
