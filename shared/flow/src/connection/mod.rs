//! A connection: one customer's account at one service.

mod connect_request;
mod health;
mod key;
mod notes;
mod precondition;
mod scopes;
mod secrets;
mod setting;

use serde::{Deserialize, Serialize};

pub use connect_request::ConnectRequest;
pub use health::{Doubt, Health, Revocation, Unhelped};
pub use key::{ConnectionName, read_key};
pub use notes::Notes;
pub use precondition::{Precondition, precondition_required};
pub use scopes::{ConnectionScopes, RequestedScopes};
pub use secrets::{ConnectionSecrets, Held};
pub use setting::Setting;

use crate::seal::{EncryptionContext, Place};
use protocol::clock::Timestamp;
use protocol::definition::{Borrowed, RegistrationId};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey, CustomerId, IntegrationId, WorkspaceKey};
use protocol::token::Caller;

/// A connection as stored. Its secrets stay sealed.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The id, as callers know it.
    pub id: ConnectionId,
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer's id.
    pub customer: CustomerId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// The key that a caller gave it. Once it is archived, another connection may have taken it.
    pub key: Option<ConnectionKey>,
    /// The part without secrets.
    pub record: ConnectionRecord,
    /// The state of its credentials.
    pub health: Health,
    /// The sealed [`ConnectionSecrets`].
    pub sealed: Vec<u8>,
    /// The version of the credentials. Every write of them raises it.
    pub version: i64,
    /// The last use of its credentials, to the hour.
    pub last_active_at: Timestamp,
    /// The number of the next lease. Every write raises it that ends a lease or brings other credentials.
    pub turn: i64,
    /// True if a lease was not released by its holder, who may have died with new credentials that were never saved; and
    /// if no new credentials were written since.
    pub interrupted: bool,
    /// The time at which it was archived, if it was.
    pub archived_at: Option<Timestamp>,
    /// The time at which its secrets are forgotten, if it is archived and they were not yet.
    pub forget_at: Option<Timestamp>,
}

/// The part of a connection without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRecord {
    /// The name for people to read.
    pub name: String,
    /// The key of the auth option that it was made with.
    pub auth_option_key: String,
    /// The registration that it was made with, if another workspace owns it. Then its credentials are shown to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Borrowed>,
    /// The account at the provider, if the definition says how it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// What callers have noted beside it. It is stored beside the record, where events take it from.
    #[serde(skip)]
    pub notes: Notes,
    /// The scopes that it has, if its provider grants any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ConnectionScopes>,
    /// The time of its creation.
    pub created_at: Timestamp,
    /// The time of its last change.
    pub updated_at: Timestamp,
}

/// The account at the provider that a connection is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name, which people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The table's name in the associated data of sealed connections.
const TABLE: &str = "connections";

/// Returns the place of a connection's secrets, which belong to `registration`.
#[must_use]
pub fn connection_place<'a>(
    workspace: &'a WorkspaceKey,
    customer: &'a CustomerId,
    id: &'a ConnectionId,
    registration: &'a RegistrationId,
) -> Place<'a> {
    let (customer, registration) = (Some(customer), Some(registration));
    Place { table: TABLE, workspace, customer, id: id.as_str(), field: "secrets", registration }
}

/// Returns the encryption context for a workspace's connections. It is needed before there is a connection to seal.
#[must_use]
pub fn connection_context(workspace: &WorkspaceKey) -> EncryptionContext {
    EncryptionContext { table: TABLE, workspace: workspace.clone() }
}

/// Returns the error for a connection that does not exist, and for one that belongs to somebody else. Callers cannot
/// tell the two apart.
#[must_use]
pub fn connection_not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such connection.").field("connectionId")
}

impl Connection {
    /// Returns the identity of the registration that it was made with. Its secrets belong to that one.
    #[must_use]
    pub fn registration_id(&self) -> RegistrationId {
        let ConnectionRecord { auth_option_key, borrowed, .. } = &self.record;
        RegistrationId::recorded(&self.integration, auth_option_key, borrowed.as_ref())
    }

    /// True if the caller may see it.
    #[must_use]
    pub fn is_visible_to(&self, caller: &Caller) -> bool {
        caller.may_see(&self.workspace, &self.customer)
    }

    /// True if it is live, and this customer's.
    #[must_use]
    pub fn is_live_of(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> bool {
        self.workspace == *workspace && self.customer == *customer && self.archived_at.is_none()
    }

    /// Returns the time at which the schedule has something to do with it: its next refresh, or, once it is archived, to
    /// forget its secrets.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        if self.archived_at.is_some() { self.forget_at } else { self.health.next_refresh_at }
    }

    /// True if its credentials can be used.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.archived_at.is_none() && !self.health.disconnected
    }

    /// True if only its customer can bring credentials that can be used.
    #[must_use]
    pub fn needs_customer(&self) -> bool {
        self.archived_at.is_none() && self.health.disconnected
    }

    /// Returns the connection if its credentials can be used, or else the reason why not.
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
