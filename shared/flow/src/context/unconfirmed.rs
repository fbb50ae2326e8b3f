//! A connection that waits for the application to confirm its user, before anything is exchanged for it.
//!
//! The browser goes to the application with the id of a *confirmation*. That id holds the flow's id and a second
//! secret of the flow, of 256 bits. What waits is sealed under this secret, and the table has only its hash. So a leaked
//! table reveals nothing, and only who was sent the id can complete what waits, with a token of the same customer.
//!
//! On the wire the id is called `connectionRequestId`, and is completed at `/connection-requests/{id}/complete`: published
//! callers know it so. It is no id of a [connection request](super::connection_request).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::browser::{BrowserSecret, State};
use super::flow_id::FlowId;
use crate::connection::ConnectRequest;
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::provider::oauth1::TemporaryCredentials;
use protocol::random::Random;
use protocol::secret::{Secret, SecretMap};

/// The time that the application has. Authorization codes last for ten minutes at most (RFC 6749 §4.1.2).
pub const CONFIRMATION_LIFETIME: Duration = Duration::from_mins(5);

/// The length of a flow's id, in characters.
const FLOW_ID: usize = 22;

/// The id of a confirmation: 65 letters, digits, `-` and `_`.
#[derive(Clone)]
pub struct ConfirmationId {
    flow: FlowId,
    secret: BrowserSecret,
}

impl ConfirmationId {
    /// The id for a flow that the provider has answered in this browser.
    pub fn of_flow(flow: &FlowId, browser: &BrowserSecret) -> Result<Self> {
        Ok(Self { flow: flow.clone(), secret: browser.for_application(flow)? })
    }

    /// The id for a connection that needs no provider's page.
    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self { flow: State::draw(random).flow_id(), secret: BrowserSecret::draw(random) }
    }

    /// Reads an id. Returns nothing if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (flow, secret) = text.split_at_checked(FLOW_ID)?;
        Some(Self { flow: FlowId::parse(flow)?, secret: BrowserSecret::parse(secret)? })
    }

    /// Returns the text that goes to the application.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}{}", self.flow.as_str(), self.secret.reveal())
    }

    /// The flow.
    #[must_use]
    pub fn flow(&self) -> &FlowId {
        &self.flow
    }

    /// Returns the hash of the secret that the database keeps.
    #[must_use]
    pub fn binding(&self) -> [u8; 32] {
        self.secret.binding()
    }

    /// Returns the hash of a customer, keyed with the secret. It tells later who was confirmed, and reveals nothing.
    #[must_use]
    pub fn binding_to(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> [u8; 32] {
        self.secret.binding_to([workspace.as_str(), customer.as_str()])
    }

    /// Derives the secret under which waits what the customer must choose from.
    pub(super) fn for_choice(&self) -> Result<BrowserSecret> {
        self.secret.for_choice(&self.flow)
    }

    /// True if `binding` is the hash of this id's secret. The comparison takes constant time.
    #[must_use]
    pub fn is_bound_to(&self, binding: &[u8]) -> bool {
        self.secret.is_bound_to(binding)
    }
}

impl fmt::Debug for ConfirmationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for ConfirmationId {
    fn eq(&self, other: &Self) -> bool {
        self.flow == other.flow && self.secret.is_bound_to(&other.secret.binding())
    }
}

impl Eq for ConfirmationId {}

/// What waits for the application.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unconfirmed {
    /// The request to connect.
    pub request: ConnectRequest,
    /// What it connects with.
    pub with: With,
}

/// What connects once it is confirmed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum With {
    /// The provider's answer. It was verified, and is exchanged when the request is completed.
    #[serde(rename_all = "camelCase")]
    Answer {
        /// The answer.
        response: AuthorizationResponse,
        /// The code verifier of the authorization request.
        code_verifier: Secret,
        /// The `redirect_uri` of the authorization request.
        callback_uri: String,
        /// The temporary credentials of an OAuth 1.0 flow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temporary_credentials: Option<TemporaryCredentials>,
    },
    /// Credentials that the customer entered, or that were issued for what they entered. The test call has proved them.
    #[serde(rename_all = "camelCase")]
    Credentials {
        /// The credentials.
        credentials: SecretMap,
        /// The time when they were issued.
        issued_at: Timestamp,
    },
}

impl Unconfirmed {
    /// Seals it under the id's secret.
    pub fn seal(&self, id: &ConfirmationId, random: &dyn Random) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        id.secret.seal(&id.flow, random, &json)
    }

    /// Opens it with the id.
    pub fn open(id: &ConfirmationId, sealed: &[u8]) -> Result<Self> {
        let json = id.secret.open(&id.flow, sealed)?;
        serde_json::from_slice(&json)
            .map_err(|_| Error::internal("what waits for a confirmation cannot be read"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::random::SystemRandom;

    #[test]
    fn an_id_comes_back_as_it_went_and_shows_itself_nowhere_else() {
        let id = ConfirmationId::draw(&SystemRandom);
        let text = id.reveal();
        assert_eq!(text.len(), 65);
        assert_eq!(ConfirmationId::parse(&text).unwrap(), id);
        assert_eq!(format!("{id:?}"), "[redacted]");
        for bad in ["", &text[1..], &format!("{text}A"), &"é".repeat(33)] {
            assert!(ConfirmationId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_applications_secret_is_not_the_browsers() {
        let (flow, browser) = (State::draw(&SystemRandom).flow_id(), BrowserSecret::draw(&SystemRandom));
        let id = ConfirmationId::of_flow(&flow, &browser).unwrap();
        assert!(!id.is_bound_to(&browser.binding()));
        let memory = browser.seal(&flow, &SystemRandom, b"memory").unwrap();
        assert!(id.secret.open(&flow, &memory).is_err());
    }
}
