//! The checkpoint: one item that says which hours of the index `due` are done.

use super::item::{Item, number, text};
use super::write::is_taken;
use super::{Store, unavailable};
use protocol::error::Result;

/// The item's key. No connection's id begins with it.
const CHECKPOINT: &str = "checkpoint#due";

impl Store {
    /// Reads the first hour that may still have due entries.
    pub async fn read_checkpoint(&self) -> Result<Option<i64>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(CHECKPOINT))
            .consistent_read(true);
        let found = self
            .sent(|| get.clone().send())
            .await
            .map_err(|error| unavailable("GetItem checkpoint", &error))?;
        found.item.map(|item| item.number("hour")).transpose()
    }

    /// Moves the checkpoint on. It goes back only from `ahead`, an hour that a run whose clock was ahead has written:
    /// connections come to be due in the hours before.
    pub async fn write_checkpoint(&self, hour: i64, ahead: Option<i64>) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.connections)
            .item("pk", text(CHECKPOINT))
            .item("hour", number(hour))
            .condition_expression("attribute_not_exists(pk) OR #hour < :hour OR #hour = :ahead")
            .expression_attribute_names("#hour", "hour")
            .expression_attribute_values(":hour", number(hour))
            // Without one that is ahead, the last condition lets through what changes nothing.
            .expression_attribute_values(":ahead", number(ahead.unwrap_or(hour)));
        match self.sent(|| put.clone().send()).await {
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem checkpoint", &error)),
            _ => Ok(()),
        }
    }
}
