//! The index `due`: the connections to refresh, ordered by time. Only they have its keys.
//!
//! A partition is one hour and one of a few shards, so that no partition is hot and none grows for ever. The
//! [checkpoint](super::checkpoint) says which hours are done.

use aws_lc_rs::digest::{SHA256, digest};

use super::item::{Attributes, Item, text};
use super::{Store, unavailable};
use crate::connection::Connection;
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::ConnectionId;
use protocol::random::hex;

/// The index's name.
const DUE: &str = "due";
/// The partition key: an hour and a shard.
pub(super) const DUE_PK: &str = "duePk";
/// The sort key: the time, the beginning of the integration's id, and the beginning of a hash of the workspace's key.
pub(super) const DUE_SK: &str = "dueSk";

/// The number of partitions in an hour.
const SHARDS: u8 = 8;

/// The characters of an integration's id in the sort key.
const GROUP: usize = 8;

/// The bytes of a workspace's hash in the sort key.
const WORKSPACE: usize = 3;

const HOUR: i64 = 3_600_000;

/// One entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The connection's id.
    pub id: ConnectionId,
    pub(crate) partition: String,
    pub(crate) sort: String,
}

impl Due {
    /// Returns whose it is.
    #[must_use]
    pub fn group(&self) -> Group {
        let mut parts = self.sort.split('#').skip(2);
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (integration, workspace) = (part(), part());
        Group { workspace, integration }
    }
}

/// A workspace and an integration of its own, as far as the index tells them from others. Entries of earlier versions have
/// no workspace, or neither: they are one group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The beginning of the hash of the workspace's key.
    pub workspace: String,
    /// The beginning of the integration's id.
    pub integration: String,
}

/// One page of the due entries of a partition.
pub struct DuePage {
    /// The entries.
    pub due: Vec<Due>,
    /// The start of the next page, if there may be one.
    pub next: Option<Due>,
}

impl Store {
    /// Reads the entries of `partition` that are due `now`, oldest first, from the end of the previous page.
    pub async fn due(&self, partition: &str, now: Timestamp, after: Option<Due>) -> Result<DuePage> {
        let start = after.map(|Due { id, partition, sort }| {
            [("pk", String::from(&id)), (DUE_PK, partition), (DUE_SK, sort)]
                .map(|(name, value)| (name.to_owned(), text(value)))
                .into()
        });
        let query = self
            .client()
            .query()
            .table_name(&self.tables.connections)
            .index_name(DUE)
            .key_condition_expression("duePk = :partition AND dueSk < :now")
            .expression_attribute_values(":partition", text(partition))
            // The next millisecond sorts behind everything that is due now.
            .expression_attribute_values(":now", text(format!("{:014}", now.0 + 1)))
            .set_exclusive_start_key(start);
        let page =
            self.sent(|| query.clone().send()).await.map_err(|error| unavailable("Query due", &error))?;
        let place = |item: &Attributes| {
            Ok::<_, Error>(Due {
                id: ConnectionId::new(item.text("pk")?),
                partition: item.text(DUE_PK)?.to_owned(),
                sort: item.text(DUE_SK)?.to_owned(),
            })
        };
        Ok(DuePage {
            due: page.items.unwrap_or_default().iter().map(place).collect::<Result<_>>()?,
            next: page.last_evaluated_key.as_ref().map(place).transpose()?,
        })
    }
}

/// Returns the hour of a moment, in the partitions' numbering.
#[must_use]
pub fn due_hour(moment: Timestamp) -> i64 {
    moment.0.div_euclid(HOUR)
}

/// Returns the partitions of an hour.
pub fn due_partitions(hour: i64) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| partition(hour, shard))
}

/// Returns the index's keys for a connection that is due at this moment.
pub(super) fn due_key(connection: &Connection, at: Timestamp) -> (String, String) {
    let Connection { id, integration, workspace, .. } = connection;
    // Short, since each KB of an item costs a unit. Two that begin alike share their slots. Entries of earlier versions
    // have the connection's id behind the first `#`; it is a key of the index anyway.
    let workspace = hex(&digest(&SHA256, workspace.as_str().as_bytes()).as_ref()[..WORKSPACE]);
    let integration: String = integration.as_str().chars().take(GROUP).collect();
    // Ids are random, so the sum of their bytes spreads well.
    let shard = id.as_str().bytes().fold(0_u8, u8::wrapping_add) % SHARDS;
    (partition(due_hour(at), shard), format!("{:014}##{integration}#{workspace}", at.0))
}

fn partition(hour: i64, shard: u8) -> String {
    format!("{hour}#{shard}")
}
