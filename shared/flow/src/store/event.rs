//! What happened to a connection, as an attribute of its item: from there it leaves by the table's stream.
//!
//! The attribute `event` stands in an item exactly while the item's last write was an event. So each write of a
//! connection either sets it (`SET event = :event`) or removes it (`REMOVE event`): a write that did neither would let
//! the event before it leave once more.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::text;
use protocol::clock::Timestamp;

/// The attribute's name.
pub(super) const EVENT: &str = "event";

/// What happened to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// There is a new one.
    Created,
    /// Somebody changed it, such as its name.
    Updated,
    /// It has new credentials, from a customer who connected again.
    Reconnected,
    /// Its credentials are no longer used.
    Disconnected,
    /// It was archived: deleted, or replaced by another one.
    Deleted,
}

impl ConnectionEvent {
    /// The name by which consumers know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Updated => "connection.updated",
            Self::Reconnected => "connection.reconnected",
            Self::Disconnected => "connection.disconnected",
            Self::Deleted => "connection.deleted",
        }
    }

    /// The attribute's value. `now` is when it happened.
    pub(super) fn at(self, now: Timestamp) -> AttributeValue {
        let attributes = [("name", self.name().to_owned()), ("time", now.to_rfc3339())];
        AttributeValue::M(attributes.map(|(name, value)| (name.to_owned(), text(value))).into())
    }
}
