//! An attempt to connect: what is known of it for thirty days, however it ended.
//!
//! Every start that was verified is one. It goes by the reference that its customer was shown, and has a flow, several, or
//! none.

use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::error::{Error, ErrorKey};
use protocol::id::{ConnectionId, ConnectionRequestKey, CustomerId, IntegrationId, WorkspaceKey};
use protocol::record::Reference;

/// The time for which an attempt is found.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// What is known of an attempt when it begins.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer.
    pub customer: CustomerId,
    /// The integration; none if the start named none that can be one.
    pub integration: Option<IntegrationId>,
    /// The key of the option, as far as one is chosen.
    pub option: Option<String>,
    /// The connection that is to be reconnected.
    pub reconnects: Option<ConnectionId>,
    /// The connection request that it belongs to, if there is one.
    pub request: Option<OfRequest>,
    /// The time at which the start's token was verified.
    pub began_at: Timestamp,
}

/// What an attempt keeps of the connection request that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfRequest {
    /// The request's key in the table.
    pub key: ConnectionRequestKey,
    /// The request's id, sealed.
    pub sealed_id: Vec<u8>,
}

/// An attempt as it is found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundAttempt {
    /// Its id: the time at which it began, and its reference.
    pub id: String,
    /// Its reference.
    pub reference: Reference,
    /// The customer.
    pub customer: CustomerId,
    /// The integration.
    pub integration: Option<IntegrationId>,
    /// The key of the option.
    pub option: Option<String>,
    /// The connection that it made, or was to reconnect.
    pub connection: Option<ConnectionId>,
    /// The connection request that it belongs to.
    pub request: Option<OfRequest>,
    /// How it stands.
    pub state: AttemptState,
    /// The time at which it began.
    pub began_at: Timestamp,
    /// The time at which it ended, if it has.
    pub ended_at: Option<Timestamp>,
}

/// How an attempt stands.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptState {
    /// Its customer, its provider or its application is at it.
    Pending,
    /// It has connected.
    Connected,
    /// It has failed: its customer was told this, or would be.
    Failed(Error),
}

/// The error for a flow whose claimant died.
#[must_use]
pub(crate) fn interrupted() -> Error {
    let message = "The connection was interrupted before it was complete. Please try again.";
    Error::new(ErrorKey::FlowInterrupted, message)
}

/// The error for a start whose customer said no on our page, as they could have on the provider's.
#[must_use]
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKey::AuthorizationDenied, "The access was not granted.")
}

/// The error for a connection that the application did not complete in time.
#[must_use]
pub(crate) fn not_completed() -> Error {
    let message = "This connection was not completed within five minutes. Please start again.";
    Error::new(ErrorKey::StateExpired, message)
}
