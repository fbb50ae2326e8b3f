//! Events of a connection, of a connection request, and the one of a customer. An event is an attribute of the item that it is
//! about, and leaves by the table's stream.
//!
//! The item has the attribute `event` exactly if its last write was an event. So every write of a connection either
//! sets it (`SET event = :event`) or removes it (`REMOVE event`). A write that does neither would send the previous
//! event once more.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::text;
use crate::connection::Health;
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
    /// A refresh of its credentials failed, and none had since they were new. It is tried again.
    Failing,
    /// A refresh has succeeded again.
    Recovered,
    /// Its credentials are no longer used.
    Disconnected,
    /// It was archived: deleted, or replaced by another one.
    Deleted,
    /// All that was held of it was deleted.
    Erased,
}

impl ConnectionEvent {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::Created,
        Self::Updated,
        Self::Reconnected,
        Self::Failing,
        Self::Recovered,
        Self::Disconnected,
        Self::Deleted,
        Self::Erased,
    ];

    /// Returns the event's public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "connection.created",
            Self::Updated => "connection.updated",
            Self::Reconnected => "connection.reconnected",
            Self::Failing => "connection.failing",
            Self::Recovered => "connection.recovered",
            Self::Disconnected => "connection.disconnected",
            Self::Deleted => "connection.deleted",
            Self::Erased => "connection.erased",
        }
    }

    /// Returns the event of a refresh that leaves the credentials in another state, if it is one.
    pub(super) fn of_refresh(before: &Health, after: &Health) -> Option<Self> {
        match (before.failures > 0, after.failures > 0) {
            _ if after.disconnected => (!before.disconnected).then_some(Self::Disconnected),
            (false, true) => Some(Self::Failing),
            (true, false) => Some(Self::Recovered),
            _ => None,
        }
    }

    /// Returns the attribute's value. `now` is the time of the event.
    pub(super) fn at(self, now: Timestamp) -> AttributeValue {
        named(self.name(), now)
    }
}

/// An event of a connection request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEvent {
    /// Its customer has connected.
    Succeeded,
    /// It was cancelled.
    Cancelled,
    /// An attempt has failed. The request goes on.
    Failed,
    /// Its time is over, and nobody has connected.
    Expired,
}

impl RequestEvent {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Cancelled, Self::Failed, Self::Expired];

    /// Returns the event's public name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "connection-request.succeeded",
            Self::Cancelled => "connection-request.cancelled",
            Self::Failed => "connection-request.failed",
            Self::Expired => "connection-request.expired",
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
