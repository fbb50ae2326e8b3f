//! A flow between its requests: bound to a browser, with its memory sealed under the browser's key.

pub mod attempt;
pub mod browser;
pub mod choice;
pub mod connection_request;
pub mod cookies;
pub mod flow_id;
pub mod outcome;
pub mod target;
pub mod unconfirmed;

use serde::{Deserialize, Serialize};

use crate::connection::ConnectRequest;
use browser::BrowserSecret;
use flow_id::FlowId;
use protocol::error::{Error, Result};
use protocol::provider::oauth1::TemporaryCredentials;
use protocol::random::Random;
use target::ResultTarget;

/// The path that a start of ours comes to, from a page that it waited behind as well. The record of one that waits has it in
/// the place of a callback's path, so a callback cannot claim it, and our forms cannot take up what waits for a callback.
pub const START_PATH: &str = "/connection-popup";

/// What a flow remembers, sealed under its browser's key. It is forgotten in two steps: the result is shown for a while.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// What it needs until it ends.
    pub memory: Vec<u8>,
    /// Where its result goes, if it is to have one.
    pub target: Option<Vec<u8>>,
}

/// The memory of a flow, until it ends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowContext {
    /// The request to connect.
    pub request: ConnectRequest,
    /// The redirect URI as the authorization request sent it: the token request must repeat it exactly (RFC 6749
    /// §4.1.3).
    pub callback_uri: String,
    /// The temporary credentials of an OAuth 1.0 flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_credentials: Option<TemporaryCredentials>,
    /// True if the application must confirm its user before anything is exchanged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm_user: bool,
}

impl FlowContext {
    /// Seals the memory under the browser's secret, and beside it the target of the result.
    pub fn seal(
        &self,
        target: &ResultTarget,
        flow: &FlowId,
        secret: &BrowserSecret,
        random: &dyn Random,
    ) -> Result<Remembered> {
        let json = zeroize::Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        Ok(Remembered {
            memory: secret.seal(flow, random, &json)?,
            target: Some(target.seal(flow, secret, random)?),
        })
    }

    /// Opens the memory with the browser's secret.
    pub fn open(flow: &FlowId, secret: &BrowserSecret, sealed: &[u8]) -> Result<Self> {
        let json = secret.open(flow, sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("a flow's memory cannot be read"))
    }
}
