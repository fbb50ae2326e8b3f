//! The index `due`: which connections' credentials are to be refreshed when. Only those that are have its keys.
//!
//! A partition is an hour and one of a few shards, so that no partition is hot and none grows for ever. Where the hours
//! stand that are done with is kept in one item, the *checkpoint*.

use super::item::{Attributes, Item, number, text};
use super::{Store, unavailable};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::ConnectionId;

/// The index's name.
const DUE: &str = "due";
/// The partition: an hour and a shard.
pub(super) const DUE_PK: &str = "duePk";
/// The place in it: the time, then the id.
pub(super) const DUE_SK: &str = "dueSk";

/// How many partitions an hour has.
const SHARDS: u8 = 8;

const HOUR: i64 = 3_600_000;

/// The checkpoint's key; no connection's id begins like it.
const CHECKPOINT: &str = "checkpoint#due";

/// A place in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The connection's id.
    pub id: ConnectionId,
    pub(super) partition: String,
    pub(super) sort: String,
}

/// One page of what is due in one partition.
pub struct DuePage {
    /// The connections.
    pub due: Vec<Due>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Due>,
}

impl Store {
    /// What of `partition` is due `now`, oldest first, from where the page before ended.
    pub async fn due(&self, partition: &str, now: Timestamp, after: Option<Due>) -> Result<DuePage> {
        let start = after.map(|Due { id, partition, sort }| {
            [("pk", String::from(&id)), (DUE_PK, partition), (DUE_SK, sort)]
                .map(|(name, value)| (name.to_owned(), text(value)))
                .into()
        });
        let page = self
            .client()
            .query()
            .table_name(&self.tables.connections)
            .index_name(DUE)
            .key_condition_expression("duePk = :partition AND dueSk < :now")
            .expression_attribute_values(":partition", text(partition))
            // Everything of this very moment sorts before the next one.
            .expression_attribute_values(":now", text(format!("{:014}", now.0 + 1)))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("Query due", &error))?;
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

    /// The first hour in which something may be due.
    pub async fn read_checkpoint(&self) -> Result<Option<i64>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(CHECKPOINT))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| unavailable("GetItem checkpoint", &error))?;
        found.item.map(|item| item.number("hour")).transpose()
    }

    /// Moves the checkpoint on.
    pub async fn write_checkpoint(&self, hour: i64) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.connections)
            .item("pk", text(CHECKPOINT))
            .item("hour", number(hour));
        put.send().await.map(drop).map_err(|error| unavailable("PutItem checkpoint", &error))
    }
}

/// The hour of a moment, as partitions count them.
#[must_use]
pub fn due_hour(moment: Timestamp) -> i64 {
    moment.0.div_euclid(HOUR)
}

/// The partitions of an hour.
pub fn due_partitions(hour: i64) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| partition(hour, shard))
}

/// Where a connection stands that is due at this moment.
pub(super) fn due_key(id: &ConnectionId, at: Timestamp) -> (String, String) {
    // Ids are random, so their digits spread well.
    let shard = id.as_str().bytes().fold(0_u8, u8::wrapping_add) % SHARDS;
    (partition(due_hour(at), shard), format!("{:014}#{id}", at.0))
}

fn partition(hour: i64, shard: u8) -> String {
    format!("{hour}#{shard}")
}
