//! A connection as callers see it: the contract's representation, without secrets.

use serde::Serialize;

use crate::connection::{Account, Connection, Notes};
use crate::deps::Deps;
use protocol::clock::Timestamp;
use protocol::definition::Integration;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey, CustomerId, IntegrationId};

/// A connection as callers see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Representation {
    /// Its id.
    pub id: ConnectionId,
    /// The key that a caller gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<ConnectionKey>,
    /// The name that people read.
    pub name: String,
    /// The customer's id.
    pub user_id: CustomerId,
    /// The same, under the newer SDK's name.
    pub tenant_id: CustomerId,
    /// The integration's id.
    pub integration_id: IntegrationId,
    /// The integration, in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<Face>,
    /// The auth option that it was made with.
    pub auth_option_key: String,
    /// The account at the provider, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// What callers have noted beside it.
    #[serde(flatten)]
    pub notes: Notes,
    /// The scopes that the provider granted, if it grants any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_scopes: Option<Vec<String>>,
    /// The scopes that the provider was asked for, and did not grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_scopes: Option<Vec<String>>,
    /// True if its credentials can be used.
    pub connected: bool,
    /// True if its credentials are gone for good.
    pub disconnected: bool,
    /// Says if the customer has to act.
    pub state: State,
    /// The trouble with its credentials, while there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// The time when it was made.
    pub created_at: String,
    /// The time of its last change.
    pub updated_at: String,
    /// The hour in which its credentials were last asked for.
    pub last_active_at: String,
    /// The time of the next refresh, unless somebody needs the credentials sooner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_credentials_refresh_at: Option<String>,
    /// Its version, which a change may name as its precondition.
    pub version: String,
    /// The time when it was archived, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<String>,
    /// The time until which an archived one keeps its credentials, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_kept_until: Option<String>,
    /// What its customer has to do, if only they can bring credentials that can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_action: Option<ClientAction>,
}

/// What the customer has to do for a connection.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientAction {
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    /// The link by which they do it. It is made for one connection that is read, and not for each of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_url: Option<String>,
}

impl ClientAction {
    /// To connect again.
    pub const CONNECT: Self = Self {
        kind: "connect",
        description: "The customer has to connect this account again.",
        ui_url: None,
    };
}

/// The state of a connection, as the contract names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// The credentials are there.
    Ready,
    /// Only the customer can bring new ones.
    ClientActionRequired,
}

/// An integration in short, beside its connection.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Face {
    /// Its id.
    pub id: IntegrationId,
    /// Its key.
    pub key: String,
    /// The service's name.
    pub name: String,
    /// The SDKs' schemas want a logo; one that there is not is empty.
    pub logo_uri: String,
}

impl Connection {
    /// The representation, with its integration's name and face.
    pub async fn representation(&self, deps: &Deps) -> Result<Representation> {
        Ok(self.shown_with(self.face(deps).await?))
    }

    /// What is shown of its integration, if that is still defined.
    pub async fn face(&self, deps: &Deps) -> Result<Option<Face>> {
        let integration = match deps.definitions.integration(&self.workspace, &self.integration).await {
            Ok(integration) => integration,
            Err(error) if error.key() == ErrorKey::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Integration { id, key, name, logo_uri, .. } = &*integration;
        Ok(Some(Face {
            id: id.clone(),
            key: key.clone(),
            name: name.clone(),
            logo_uri: logo_uri.clone().unwrap_or_default(),
        }))
    }

    /// The representation, with what is shown of its integration.
    #[must_use]
    pub fn shown_with(&self, face: Option<Face>) -> Representation {
        let next_refresh_at = self.health.next_refresh_at.filter(|_| self.archived_at.is_none());
        Representation {
            id: self.id.clone(),
            key: self.key.clone().filter(|_| self.archived_at.is_none()),
            name: self.record.name.clone(),
            user_id: self.customer.clone(),
            tenant_id: self.customer.clone(),
            integration_id: self.integration.clone(),
            integration: face,
            auth_option_key: self.record.auth_option_key.clone(),
            account: self.record.account.clone(),
            notes: self.record.notes.clone(),
            granted_scopes: self.record.scopes.as_ref().map(|scopes| scopes.granted.clone()),
            missing_scopes: self
                .record
                .scopes
                .as_ref()
                .map(|scopes| scopes.missing.clone())
                .filter(|missing| !missing.is_empty()),
            connected: self.is_connected(),
            disconnected: self.health.disconnected,
            state: if self.health.disconnected { State::ClientActionRequired } else { State::Ready },
            error: self.health.told(),
            created_at: self.record.created_at.to_rfc3339(),
            updated_at: self.record.updated_at.to_rfc3339(),
            last_active_at: self.last_active_at.to_rfc3339(),
            next_credentials_refresh_at: next_refresh_at.map(Timestamp::to_rfc3339),
            version: self.tag(),
            archived_at: self.archived_at.map(Timestamp::to_rfc3339),
            credentials_kept_until: self.forget_at.map(Timestamp::to_rfc3339),
            client_action: self.needs_customer().then_some(ClientAction::CONNECT),
        }
    }
}
