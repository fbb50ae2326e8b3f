//! What a flow remembers between its requests, sealed under the browser's key.

use serde::{Deserialize, Serialize};

use crate::browser::{BrowserSecret, FlowId};
use crate::error::{Error, Result};
use crate::random::Random;
use crate::redirect_uri::{Loopback, RedirectUri};
use crate::secret::SecretMap;

/// What a flow remembers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowMemory {
    /// The workspace's key.
    pub workspace: String,
    /// The customer's id.
    pub customer: String,
    /// The integration's id.
    pub integration: String,
    /// The option that was chosen.
    pub auth_option_key: String,
    /// The callback address that the provider was told, to the letter (RFC 6749 §4.1.3).
    pub callback_uri: String,
    /// What the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// What the caller gave for the connector.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The connection to update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// A name for the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the customer's other connections stay.
    #[serde(default)]
    pub allow_multiple_connections: bool,
    /// Where the result goes.
    pub target: ResultTarget,
}

/// Where the result goes: verified before it gets here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultTarget {
    /// The caller's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    /// The caller's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_state: Option<String>,
}

impl ResultTarget {
    /// The target of a verified address.
    #[must_use]
    pub fn new(redirect_uri: Option<&RedirectUri>, custom_state: Option<String>) -> Self {
        Self { redirect_uri: redirect_uri.map(|uri| uri.as_str().to_owned()), custom_state }
    }

    /// The caller's address. It was parsed before it was sealed.
    pub fn redirect_uri(&self, loopback: Loopback) -> Result<Option<RedirectUri>> {
        self.redirect_uri.as_deref().map(|uri| RedirectUri::parse(uri, loopback)).transpose()
    }
}

impl FlowMemory {
    /// Seals the memory for the browser.
    pub fn seal(&self, flow: &FlowId, secret: &BrowserSecret, random: &dyn Random) -> Result<Vec<u8>> {
        let json = zeroize::Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        secret.seal(flow, random, &json)
    }

    /// Opens the memory with the browser's secret.
    pub fn open(flow: &FlowId, secret: &BrowserSecret, sealed: &[u8]) -> Result<Self> {
        let json = secret.open(flow, sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("a flow's memory cannot be read"))
    }
}
