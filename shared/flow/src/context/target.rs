//! The target of a flow's result.

use serde::{Deserialize, Serialize};

use super::browser::BrowserSecret;
use super::flow_id::FlowId;
use protocol::error::{Error, Result};
use protocol::id::ConnectionId;
use protocol::random::Random;
use protocol::redirect_uri::{Loopback, RedirectUri};

/// The target of a flow's result. It is verified before it gets here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultTarget {
    /// The caller's `redirectUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    /// The caller's `customState`, returned unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_state: Option<String>,
    /// The window that waits for a message, if there is no `redirectUri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<Listener>,
    /// True if the flow began by a link: then there is no application to go back to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_link: bool,
}

/// A window that waits for a message: the opener of our popup, or the parent of our iframe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// The SDK's id for the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The connection to reconnect, which a failure names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The origins that may receive the result.
    pub origins: Vec<String>,
    /// True if the window is the parent of our iframe.
    #[serde(default)]
    pub around: bool,
}

impl ResultTarget {
    /// Makes a target from a verified `redirectUri` or a listener.
    #[must_use]
    pub fn new(
        redirect_uri: Option<&RedirectUri>,
        custom_state: Option<String>,
        listener: Option<Listener>,
    ) -> Self {
        let redirect_uri = redirect_uri.map(|uri| uri.as_str().to_owned());
        Self { redirect_uri, custom_state, listener, by_link: false }
    }

    /// Seals the target under the browser's secret.
    pub fn seal(&self, flow: &FlowId, secret: &BrowserSecret, random: &dyn Random) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self).map_err(Error::internal)?;
        secret.for_result(flow)?.seal(flow, random, &json)
    }

    /// Opens the target with the browser's secret.
    pub fn open(flow: &FlowId, secret: &BrowserSecret, sealed: &[u8]) -> Result<Self> {
        let json = secret.for_result(flow)?.open(flow, sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("a result's target cannot be read"))
    }

    /// True if the result goes to the caller's `redirectUri`.
    #[must_use]
    pub fn is_an_address(&self) -> bool {
        self.redirect_uri.is_some()
    }

    /// Returns the caller's `redirectUri`. It was already verified before it was sealed.
    pub fn redirect_uri(&self, loopback: Loopback) -> Result<Option<RedirectUri>> {
        self.redirect_uri.as_deref().map(|uri| RedirectUri::parse(uri, loopback)).transpose()
    }
}
