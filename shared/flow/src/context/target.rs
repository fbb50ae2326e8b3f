//! Where a result goes.

use serde::{Deserialize, Serialize};

use protocol::error::Result;
use protocol::id::ConnectionId;
use protocol::redirect_uri::{Loopback, RedirectUri};

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
    /// The window that waits for a message, where there is no address to go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<Listener>,
}

/// The window that waits for a message: the one that opened the popup, or the one around the iframe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// The SDK's name for the message that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The connection that was to be updated, which a failure names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The origins that may hear the result.
    pub origins: Vec<String>,
    /// Whether it is the window around an iframe.
    #[serde(default)]
    pub around: bool,
}

impl ResultTarget {
    /// The target of a verified address, or of a listener.
    #[must_use]
    pub fn new(
        redirect_uri: Option<&RedirectUri>,
        custom_state: Option<String>,
        listener: Option<Listener>,
    ) -> Self {
        Self { redirect_uri: redirect_uri.map(|uri| uri.as_str().to_owned()), custom_state, listener }
    }

    /// The caller's address. It was parsed before it was sealed.
    pub fn redirect_uri(&self, loopback: Loopback) -> Result<Option<RedirectUri>> {
        self.redirect_uri.as_deref().map(|uri| RedirectUri::parse(uri, loopback)).transpose()
    }
}
