//! A connection: one customer's account at one service.

mod connect_request;
mod health;
mod secrets;

use serde::{Deserialize, Serialize};

pub use connect_request::ConnectRequest;
pub use health::{Health, Revocation};
pub use secrets::ConnectionSecrets;

use crate::seal::{EncryptionContext, Place};
use protocol::clock::Timestamp;
use protocol::definition::Borrowed;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::token::Caller;

/// A connection as stored; its secrets stay sealed.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The id that callers know it by.
    pub id: ConnectionId,
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer's id.
    pub customer: CustomerId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// What may be read.
    pub record: ConnectionRecord,
    /// How its credentials are.
    pub health: Health,
    /// The sealed [`ConnectionSecrets`].
    pub sealed: Vec<u8>,
    /// Raised by every write of the credentials.
    pub version: i64,
    /// When its credentials were last asked for, to the hour.
    pub last_active_at: Timestamp,
    /// Until when a refresh holds it, if one does.
    pub leased_until: Option<Timestamp>,
    /// When it was archived, if it was.
    pub archived_at: Option<Timestamp>,
}

/// What may be read of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRecord {
    /// The name that people read.
    pub name: String,
    /// The auth option that it was made with.
    pub auth_option_key: String,
    /// The registration that it was made with, if that is another workspace's: then what it holds is shown to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Borrowed>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The table that connections stand in, as it is named where they are sealed.
const TABLE: &str = "connections";

/// Where a connection's secrets belong.
#[must_use]
pub fn connection_place<'a>(
    workspace: &'a WorkspaceKey,
    customer: &'a CustomerId,
    id: &'a ConnectionId,
) -> Place<'a> {
    Place { table: TABLE, workspace, customer: Some(customer), id: id.as_str(), field: "secrets" }
}

/// What the data keys of a workspace's connections are bound to, before there is a connection to seal.
#[must_use]
pub fn connection_context(workspace: &WorkspaceKey) -> EncryptionContext {
    EncryptionContext { table: TABLE, workspace: workspace.clone() }
}

/// The same answer for a connection that does not exist and for one that is somebody else's.
#[must_use]
pub fn connection_not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such connection.").field("connectionId")
}

impl Connection {
    /// Where its secrets belong.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        connection_place(&self.workspace, &self.customer, &self.id)
    }

    /// A customer sees their own, who manages the workspace all of it.
    #[must_use]
    pub fn is_visible_to(&self, caller: &Caller) -> bool {
        self.workspace == *caller.workspace()
            && match caller {
                Caller::Customer(customer) => self.customer == customer.id,
                Caller::Admin { .. } => true,
            }
    }

    /// Whether its credentials can be used.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.archived_at.is_none() && !self.health.disconnected
    }

    /// A connection whose credentials can be used, or why they cannot.
    pub fn usable(self) -> Result<Self> {
        if self.archived_at.is_some() {
            return Err(connection_not_found());
        }
        if self.health.disconnected {
            return Err(self.health.error.unwrap_or_else(|| {
                let message = "This connection was disconnected. Please connect again.";
                Error::new(ErrorKey::ConnectionDisconnected, message)
            }));
        }
        Ok(self)
    }
}
