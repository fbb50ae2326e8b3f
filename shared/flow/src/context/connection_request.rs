//! A connection request: a link that a backend makes, by which its customer connects.
//!
//! The id is a secret of 256 bits. It stands in the link, and whoever has it can open what the request holds: the table has
//! only a hash of it as the key, and the content sealed under it. So a leaked table opens no link. What a
//! [confirmation](super::unconfirmed) waits under is another id, of a flow that has begun.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::browser::BrowserSecret;
use super::flow_id::FlowId;
use crate::connection::Notes;
use crate::seal::Place;
use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{
    ConnectionId, ConnectionKey, ConnectionRequestKey, CustomerId, IntegrationId, WorkspaceKey,
};
use protocol::random::Random;
use protocol::secret::SecretMap;

/// The path of the link.
pub const LINK_PATH: &str = "/screens/connect";

/// The query parameter of the link, and the field of a start that belongs to a request.
pub const FIELD: &str = "connectionRequestId";

/// The time that a request serves, unless it says otherwise.
pub const USUAL_LIFETIME: Duration = Duration::from_mins(30);

/// The shortest time that a request may serve: who follows the link has to sign in.
pub const SHORTEST_LIFETIME: Duration = Duration::from_mins(1);

/// The longest time that a request may serve. The mark of an erased customer lasts for longer.
pub const LONGEST_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// The time after its expiry for which a request is found, so that whoever asks learns how it ended.
pub const FOUND_AFTER: Duration = Duration::from_hours(7 * 24);

/// The size limit of the sentence that the customer is shown, in bytes.
pub const MAX_PROMPT: usize = 500;

/// The id of a connection request: 43 letters, digits, `-` and `_`.
#[derive(Clone)]
pub struct ConnectionRequestId(BrowserSecret);

impl ConnectionRequestId {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self(BrowserSecret::draw(random))
    }

    /// Reads an id. Returns nothing if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        BrowserSecret::parse(text).map(Self)
    }

    /// Returns the text that goes into the link.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.reveal()
    }

    fn place(&self) -> FlowId {
        self.0.place_of_request()
    }

    /// Returns the key in the table. It does not reveal the id.
    #[must_use]
    pub fn key(&self) -> ConnectionRequestKey {
        ConnectionRequestKey::new(self.place().as_str())
    }
}

impl fmt::Debug for ConnectionRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whose a connection request is.
#[derive(Clone, Copy)]
pub struct RequestOf<'a> {
    /// Its key.
    pub key: &'a ConnectionRequestKey,
    /// The workspace's key.
    pub workspace: &'a WorkspaceKey,
    /// The customer who is to connect.
    pub customer: &'a CustomerId,
    /// The integration.
    pub integration: &'a IntegrationId,
}

/// The beginning of [`event_subject`].
const SUBJECT: &str = "request#";

/// What a request's events say that they are about: no connection, whose ids are hexadecimal.
#[must_use]
pub fn event_subject(key: &ConnectionRequestKey) -> String {
    format!("{SUBJECT}{}", key.as_str())
}

/// The request that this names, if it is one.
#[must_use]
pub fn of_event_subject(subject: &str) -> Option<ConnectionRequestKey> {
    subject.strip_prefix(SUBJECT).map(ConnectionRequestKey::new)
}

/// The place of a request's id, as the attempts that belong to it keep it: sealed as everything is that must be opened
/// without its customer.
#[must_use]
pub(crate) fn place_of_id<'a>(
    key: &'a ConnectionRequestKey,
    workspace: &'a WorkspaceKey,
    customer: &'a CustomerId,
) -> Place<'a> {
    let (customer, registration) = (Some(customer), None);
    Place { table: "flows", workspace, customer, id: key.as_str(), field: FIELD, registration }
}

/// The size limit of what a request holds, in bytes: as much as a start may.
const MAX_SIZE: usize = 64 * 1024;

/// What a connection request asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRequest {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer who is to connect.
    pub customer: CustomerId,
    /// The customer's name, if the token said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_name: Option<String>,
    /// The integration.
    pub integration: IntegrationId,
    /// The integration's key.
    pub integration_key: String,
    /// The connection to reconnect, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<ConnectionId>,
    /// The key for the connection, if a screen was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_key: Option<ConnectionKey>,
    /// The name for the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is noted beside it.
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    pub notes: Notes,
    /// The key of the auth option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_option_key: Option<String>,
    /// True if the customer's other connections stay.
    #[serde(default)]
    pub allow_multiple_connections: bool,
    /// What the customer has entered on a screen already.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connection_parameters: SecretMap,
    /// The connector parameters.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// Where the result goes; without it, it is shown on a page of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// The caller's own text, returned with the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_state: Option<String>,
    /// A sentence for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The time at which it was made. It connects nothing if its customer was erased since.
    pub created_at: Timestamp,
}

impl ConnectionRequest {
    /// Seals it under the id.
    pub fn seal(&self, id: &ConnectionRequestId, random: &dyn Random) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        if json.len() > MAX_SIZE {
            let message = "The connection request is larger than 64 KiB.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        id.0.seal(&id.place(), random, &json)
    }

    /// Opens it with the id.
    pub fn open(id: &ConnectionRequestId, sealed: &[u8]) -> Result<Self> {
        let json = id.0.open(&id.place(), sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("a connection request cannot be read"))
    }
}

/// How a connection request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// It serves.
    Pending,
    /// Its customer has connected.
    Connected(ConnectionId),
    /// It was cancelled.
    Cancelled,
    /// Its time is over.
    Expired,
}

impl RequestState {
    /// Refuses a request that serves no more.
    ///
    /// # Errors
    ///
    /// One for each way in which a request ends.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Pending => Ok(()),
            Self::Connected(_) => {
                let message = "The connection request has been used: its customer is connected.";
                Err(Error::new(ErrorKey::ConnectionRequestUsed, message).field(FIELD))
            }
            Self::Cancelled => {
                let message = "The connection request was cancelled.";
                Err(Error::new(ErrorKey::ConnectionRequestCancelled, message).field(FIELD))
            }
            Self::Expired => Err(expired()),
        }
    }
}

/// The error for a request whose time is over.
#[must_use]
pub fn expired() -> Error {
    let message = "The connection request's time is over. Make a new one.";
    Error::new(ErrorKey::ConnectionRequestExpired, message).field(FIELD)
}

/// The error for an id without a request, or of somebody else's.
#[must_use]
pub fn no_request() -> Error {
    let message = "There is no such connection request, or it ended long ago.";
    Error::new(ErrorKey::NotFound, message).field(FIELD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::random::SystemRandom;

    fn request() -> ConnectionRequest {
        ConnectionRequest {
            workspace: WorkspaceKey::new("w"),
            customer: CustomerId::new("c"),
            customer_name: None,
            integration: IntegrationId::new("i"),
            integration_key: "crm".to_owned(),
            connection_id: None,
            connection_key: None,
            name: None,
            notes: Notes::default(),
            auth_option_key: None,
            allow_multiple_connections: false,
            connection_parameters: SecretMap::default(),
            connector_parameters: SecretMap::default(),
            redirect_uri: None,
            custom_state: None,
            prompt: Some("Please.".to_owned()),
            created_at: Timestamp(1),
        }
    }

    #[test]
    fn an_id_comes_back_as_it_went_and_shows_itself_nowhere_else() {
        let id = ConnectionRequestId::draw(&SystemRandom);
        let text = id.reveal();
        assert_eq!(text.len(), 43);
        assert_eq!(ConnectionRequestId::parse(&text).unwrap().key(), id.key());
        assert!(!text.contains(id.key().as_str()));
        assert_eq!(format!("{id:?}"), "[redacted]");
        for bad in ["", &text[1..], &format!("{text}A"), &"é".repeat(22)] {
            assert!(ConnectionRequestId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_it_holds_opens_with_its_own_id_only() {
        let (id, other) =
            (ConnectionRequestId::draw(&SystemRandom), ConnectionRequestId::draw(&SystemRandom));
        let sealed = request().seal(&id, &SystemRandom).unwrap();
        assert_eq!(ConnectionRequest::open(&id, &sealed).unwrap().prompt, request().prompt);
        assert!(ConnectionRequest::open(&other, &sealed).is_err());
    }
}
