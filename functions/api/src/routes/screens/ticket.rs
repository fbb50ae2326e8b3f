//! The ticket of a screen: who its customer is and what the application asked for. The service sealed it itself, so what comes
//! back with it counts, and the customer's token stands on no page.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flow::deps::Deps;
use flow::seal::Place;
use flow::web::pages::screen::Theme;
use protocol::clock::Timestamp;
use protocol::definition::Workspace;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, ConnectionKey, CustomerId, IntegrationId, WorkspaceKey};
use protocol::secret::SecretMap;
use protocol::token::{Customer, Scopes};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use zeroize::Zeroizing;

use super::Screen;

/// The time for which a screen can be used: as long as a connection request serves.
const LIFETIME: Duration = Duration::from_mins(30);

/// What a screen knows.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ticket {
    pub(super) screen: Screen,
    customer: CustomerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer_name: Option<String>,
    /// What the token was limited to, as it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    pub(super) asked: Asked,
    pub(super) theme: Theme,
    /// The language that the application asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// The origin of the page around the screen.
    pub(super) parent: String,
    /// The time at which the token was verified.
    pub(super) verified_at: Timestamp,
}

/// What the application asked for.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) integration: Option<IntegrationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<ConnectionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection_key: Option<ConnectionKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_option_key: Option<String>,
    pub(super) allow_multiple_connections: bool,
    #[serde(skip_serializing_if = "SecretMap::is_empty")]
    pub(super) connector_parameters: SecretMap,
}

/// How a screen looks, and where it is shown.
pub(super) struct Look {
    pub(super) theme: Theme,
    pub(super) language: Option<String>,
    pub(super) parent: String,
}

impl Ticket {
    /// The ticket of a screen that opens now.
    pub(super) fn of(screen: Screen, customer: &Customer, asked: Asked, look: Look, now: Timestamp) -> Self {
        let Look { theme, language, parent } = look;
        Self {
            screen,
            customer: customer.id.clone(),
            customer_name: customer.name.clone(),
            scope: customer.scopes.names().map(|names| names.join(" ")),
            asked,
            theme,
            language,
            parent,
            verified_at: now,
        }
    }

    /// The customer whom the token named, with what it allowed.
    pub(super) fn customer(&self, workspace: &WorkspaceKey) -> Result<Customer> {
        Ok(Customer {
            workspace: workspace.clone(),
            id: self.customer.clone(),
            name: self.customer_name.clone(),
            fields: Map::new(),
            scopes: self.scope.as_deref().map_or(Ok(Scopes::UNLIMITED), Scopes::of_claim)?,
        })
    }

    /// Seals it for a page of this workspace.
    pub(super) async fn seal(&self, deps: &Deps, workspace: &WorkspaceKey) -> Result<String> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        let sealed = deps.sealer.seal(place(workspace), &json).await?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(format!("{}.{}", encode(workspace.as_str().as_bytes()), encode(&sealed)))
    }

    /// Opens what a page sent, if it is of this workspace and not too old.
    pub(super) async fn open(deps: &Deps, workspace: &Workspace, sent: &str, screen: Screen) -> Result<Self> {
        let sealed = sent.split_once('.').and_then(|(_, sealed)| URL_SAFE_NO_PAD.decode(sealed).ok());
        let opened = match sealed {
            Some(sealed) => deps.sealer.open(place(&workspace.key), &sealed).await,
            None => return Err(no_ticket()),
        };
        // Whatever does not open was made up by whoever sent it, unless the key is out of reach.
        let json =
            opened.map_err(|error| if error.key() == ErrorKey::Internal { no_ticket() } else { error })?;
        let ticket: Self = serde_json::from_slice(&json).map_err(|_| no_ticket())?;
        if ticket.screen != screen {
            return Err(no_ticket());
        }
        let is_too_old = ticket.verified_at + LIFETIME <= deps.clock.now();
        if is_too_old || workspace.has_ended(ticket.verified_at) {
            let message = "The screen was open for too long. Please open it again.";
            return Err(Error::new(ErrorKey::StateExpired, message).field("ticket"));
        }
        Ok(ticket)
    }
}

/// The workspace that a ticket names. It is not verified: a ticket of another workspace does not open.
pub(super) fn workspace_of(sent: &str) -> Result<WorkspaceKey> {
    let key = sent.split_once('.').and_then(|(workspace, _)| URL_SAFE_NO_PAD.decode(workspace).ok());
    let key = key.and_then(|key| String::from_utf8(key).ok()).filter(|key| !key.is_empty());
    key.map(WorkspaceKey::new).ok_or_else(no_ticket)
}

/// A ticket belongs to no item: all of a workspace's are sealed in one place.
fn place(workspace: &WorkspaceKey) -> Place<'_> {
    let (customer, registration) = (None, None);
    Place { table: "flows", workspace, customer, id: "screen", field: "ticket", registration }
}

fn no_ticket() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The form is not one of ours.").field("ticket")
}
