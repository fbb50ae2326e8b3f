//! What shall be connected.

use protocol::definition::Borrowed;
use protocol::definition::template::Values;
use protocol::id::{ConnectionId, CustomerId, IntegrationId, WorkspaceKey};
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};

/// What shall be connected, verified: for whom, with what, and beside or in place of what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRequest {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer's id.
    pub customer: CustomerId,
    /// The integration's id.
    pub integration: IntegrationId,
    /// The option that was chosen.
    pub auth_option_key: String,
    /// The registration that does its work, if it is another workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Borrowed>,
    /// What the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// What the caller gave for the connector.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The connection to update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// A name for the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the customer's other connections stay.
    #[serde(default)]
    pub allow_multiple_connections: bool,
}

impl ConnectRequest {
    /// What templates are filled with before there are credentials.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        static NONE: std::sync::LazyLock<SecretMap> = std::sync::LazyLock::new(SecretMap::default);
        Values {
            parameters: self.parameters.expose(),
            connector_parameters: self.connector_parameters.expose(),
            credentials: NONE.expose(),
        }
    }
}
