//! Events of a connection, and the one of a customer. An event is an attribute of the item that it is about, and leaves by
//! the table's stream.
//!
//! The item has the attribute `event` exactly if its last write was an event. So every write of a connection either
//! sets it (`SET event = :event`) or removes it (`REMOVE event`). A write that does neither would send the previous
//! event once more.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::text;
use protocol::clock::Timestamp;

/// The attribute's name.
pub(super) const EVENT: &str = "event";

/// The event of a customer of whom nothing is held any more.
pub const CUSTOMER_ERASED: &str = "customer.erased";

/// An event in the life of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// The connection is new.
    Created,
    /// Somebody changed it, for example its name.
    Updated,
    /// The customer connected again, so it has new credentials.
    Reconnected,
    /// Its credentials are no longer used.
    Disconnected,
    /// It was archived: deleted, or replaced by another one.
    Deleted,
    /// All that was held of it was deleted.
    Erased,
}

impl ConnectionEvent {
    /// Returns the event's public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Updated => "connection.updated",
            Self::Reconnected => "connection.reconnected",
            Self::Disconnected => "connection.disconnected",
            Self::Deleted => "connection.deleted",
            Self::Erased => "connection.erased",
        }
    }

    /// Returns the attribute's value. `now` is the time of the event.
    pub(super) fn at(self, now: Timestamp) -> AttributeValue {
        named(self.name(), now)
    }
}

/// Returns the attribute's value for the event with this name. `now` is the time of the event.
pub(super) fn named(name: &str, now: Timestamp) -> AttributeValue {
    let attributes = [("name", name.to_owned()), ("time", now.to_rfc3339())];
    AttributeValue::M(attributes.map(|(name, value)| (name.to_owned(), text(value))).into())
}
