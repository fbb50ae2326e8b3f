//! The `payload` of the forms that start a connection.

use serde::Serialize;

/// The parameters of `/connection-popup` that the page uses.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    pub(super) integration_key: &'a str,
    pub(super) token: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) custom_state: &'a str,
    /// Set to renew an existing connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_id: Option<&'a str>,
    /// True if a new connection joins the others instead of replacing them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) allow_multiple_connections: bool,
}

impl Payload<'_> {
    /// The payload as JSON text.
    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}
