//! The checkpoint: one item of the schedule that says until when everything is done.

use super::item::{Item, number, text};
use super::write::is_taken;
use super::{Store, unavailable};
use protocol::clock::Timestamp;
use protocol::error::Result;

/// The item's keys. No hour is called so.
const PK: &str = "checkpoint";
const SK: &str = "due";

impl Store {
    /// Reads the first moment that may still have entries to look at.
    pub async fn read_checkpoint(&self) -> Result<Option<Timestamp>> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.schedule)
            .key("pk", text(PK))
            .key("sk", text(SK))
            .consistent_read(true);
        let found = self
            .sent(|| get.clone().send())
            .await
            .map_err(|error| unavailable("GetItem checkpoint", &error))?;
        found.item.map(|item| item.number("at").map(Timestamp)).transpose()
    }

    /// Moves the checkpoint on. It goes back only from `ahead`, which a run whose clock was ahead has written:
    /// connections come to be due before.
    pub async fn write_checkpoint(&self, at: Timestamp, ahead: Option<Timestamp>) -> Result<()> {
        let put = self
            .client()
            .put_item()
            .table_name(&self.tables.schedule)
            .item("pk", text(PK))
            .item("sk", text(SK))
            .item("at", number(at.0))
            .condition_expression("attribute_not_exists(pk) OR #at < :at OR #at = :ahead")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", number(at.0))
            // Without one that is ahead, the last condition lets through what changes nothing.
            .expression_attribute_values(":ahead", number(ahead.unwrap_or(at).0));
        match self.sent(|| put.clone().send()).await {
            Err(error) if !is_taken(&error) => Err(unavailable("PutItem checkpoint", &error)),
            _ => Ok(()),
        }
    }
}
