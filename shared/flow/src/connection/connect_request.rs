//! A request to connect, after it was verified.

use protocol::clock::Timestamp;
use protocol::definition::{ARCHIVED_CREDENTIALS_DAYS, Borrowed, BoundValues, Registration, RegistrationId};
use protocol::error::Result;
use protocol::id::{
    ConnectionId, ConnectionKey, ConnectionRequestKey, CustomerId, IntegrationId, WorkspaceKey,
};
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};

use super::{ConnectionSecrets, Held, Notes, RequestedScopes};

/// A verified request to connect: for which customer, with which input, and beside or in place of which connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRequest {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer's id.
    pub customer: CustomerId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// The key of the chosen option.
    pub auth_option_key: String,
    /// The registration in use, if another workspace owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Borrowed>,
    /// The parameters that the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// The connector parameters that the caller gave.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The connection to reconnect, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The key for the connection, if one was given. A live connection that has it is reconnected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<ConnectionKey>,
    /// The name for the connection, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is noted beside it.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub notes: Notes,
    /// True if the customer's other connections stay.
    #[serde(default)]
    pub allow_multiple_connections: bool,
    /// The scopes that the provider was asked for, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<RequestedScopes>,
    /// The connection request that ends with the connection, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_request: Option<ConnectionRequestKey>,
    /// The time at which it was begun. One that was begun before its customer was erased connects nothing.
    pub begun_at: Timestamp,
    /// The days that the credentials of the connections that it replaces are kept.
    #[serde(default = "usual_days", skip_serializing_if = "is_usual")]
    pub archived_credentials_days: u16,
}

fn usual_days() -> u16 {
    ARCHIVED_CREDENTIALS_DAYS
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual(days: &u16) -> bool {
    *days == ARCHIVED_CREDENTIALS_DAYS
}

impl ConnectRequest {
    /// Returns the identity of the registration in use. The parameters belong to that one.
    fn registration_id(&self) -> RegistrationId {
        RegistrationId::recorded(&self.integration, &self.auth_option_key, self.borrowed.as_ref())
    }

    /// Returns the values for the registration's templates that exist before there are credentials.
    ///
    /// # Errors
    ///
    /// `internal`, if the parameters belong to another registration.
    pub fn values<'a>(&'a self, registration: &'a Registration) -> Result<BoundValues<'a>> {
        static NONE: std::sync::LazyLock<SecretMap> = std::sync::LazyLock::new(SecretMap::default);
        self.values_with(registration, &NONE)
    }

    /// Returns the values with `kept`, the callback's parameters that will be among the credentials.
    ///
    /// # Errors
    ///
    /// Those of [`Self::values`].
    pub fn values_with<'a>(
        &'a self,
        registration: &'a Registration,
        kept: &'a SecretMap,
    ) -> Result<BoundValues<'a>> {
        registration.bind(&self.registration_id(), &self.parameters, &self.connector_parameters, kept)
    }

    /// Returns the secrets of the connection, now that there are credentials.
    #[must_use]
    pub fn secrets(&self, credentials: SecretMap) -> ConnectionSecrets {
        let held = Held {
            parameters: self.parameters.clone(),
            connector_parameters: self.connector_parameters.clone(),
            credentials,
            callback_uri: None,
        };
        ConnectionSecrets::new(self.registration_id(), held)
    }
}
