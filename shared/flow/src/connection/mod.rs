//! A connection: one customer's account at one service.

mod health;
mod representation;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use health::{Health, Revocation};

use crate::app::Borrowed;
use crate::clock::Timestamp;
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::seal::{Place, Prepared};
use crate::secret::SecretMap;
use crate::template::Values;
use crate::token::Caller;

/// The most that a connection's secrets may weigh, in bytes; DynamoDB's items end at 400 KiB.
const MAX_SECRETS: usize = 320 * 1024;

/// A connection as stored; its secrets stay sealed.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The id that callers know it by.
    pub id: String,
    /// The workspace's key.
    pub workspace: String,
    /// The customer's id.
    pub customer: String,
    /// The integration's id.
    pub integration: String,
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

/// What is sealed of a connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecrets {
    /// What the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// What the caller gave for the connector.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// What the provider gave.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub credentials: SecretMap,
}

impl ConnectionSecrets {
    /// Seals them for their place.
    ///
    /// # Errors
    ///
    /// `request_too_large`: a number can be longer when it is written than when it was read (`1e15`).
    pub fn seal(&self, key: &Prepared, place: Place<'_>) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        if json.len() > MAX_SECRETS {
            let message = "Parameters and credentials are larger than 320 KiB when they are stored.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        key.seal(place, &json)
    }

    /// Opens a connection's.
    pub async fn open(deps: &Deps, connection: &Connection) -> Result<Self> {
        let json = deps.sealer.open(connection.place(), &connection.sealed).await?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("a connection's secrets cannot be read"))
    }

    /// What templates are filled with.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        Values {
            parameters: self.parameters.expose(),
            connector_parameters: self.connector_parameters.expose(),
            credentials: self.credentials.expose(),
        }
    }
}

/// Where a connection's secrets belong.
#[must_use]
pub fn connection_place<'a>(workspace: &'a str, customer: &'a str, id: &'a str) -> Place<'a> {
    Place { table: "connections", workspace, customer, id, field: "secrets" }
}

/// The same answer for a connection that does not exist and for one that is somebody else's.
#[must_use]
pub fn connection_not_found() -> Error {
    Error::new(ErrorKey::NotFound, "There is no such connection.").field("connectionId")
}

impl Connection {
    /// The connection with this id, for a caller who may see it; for anybody else there is none.
    pub async fn visible(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        // What cannot be an id is not looked for.
        if !(1..=64).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(connection_not_found());
        }
        let found = deps.store.read_connection(id).await?;
        found.filter(|connection| connection.is_visible_to(caller)).ok_or_else(connection_not_found)
    }

    /// The same, if it is live: nothing can be done with an archived one.
    pub async fn live(deps: &Deps, id: &str, caller: &Caller) -> Result<Self> {
        let connection = Self::visible(deps, id, caller).await?;
        if connection.archived_at.is_some() { Err(connection_not_found()) } else { Ok(connection) }
    }

    /// Where its secrets belong.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        connection_place(&self.workspace, &self.customer, &self.id)
    }

    /// A customer sees their own, who manages the workspace all of it.
    fn is_visible_to(&self, caller: &Caller) -> bool {
        self.workspace == caller.workspace()
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
