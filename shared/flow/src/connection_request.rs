//! Connection requests: a backend makes one, reads how it stands, and may cancel it. Whoever opens its link starts with what
//! it says (`start/source.rs`).

use std::sync::Arc;
use std::time::Duration;

use protocol::clock::Timestamp;
use protocol::definition::{Integration, Workspace};
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::id::{
    ConnectionId, ConnectionKey, ConnectionRequestKey, CustomerId, IntegrationId, WorkspaceKey,
};
use protocol::record::About;
use protocol::secret::SecretMap;
use protocol::token::{Caller, Scope};

use crate::connection::{Connection, Notes};
use crate::context::attempt::{FoundAttempt, OfRequest};
use crate::context::connection_request::{
    ConnectionRequest, ConnectionRequestId, LINK_PATH, RequestOf, RequestState, no_request, place_of_id,
};
use crate::deps::{Deps, OwnAddress};
use crate::lifecycle::access::own_connection;
use crate::store::NewConnectionRequest;

/// A request that is asked for.
pub struct Asked {
    /// The workspace's key.
    pub workspace: WorkspaceKey,
    /// The customer who is to connect.
    pub customer: CustomerId,
    /// The customer's name, if it is known.
    pub customer_name: Option<String>,
    /// The integration, and the field that named it; none if the connection says it.
    pub integration: Option<(IntegrationId, &'static str)>,
    /// The connection to reconnect.
    pub connection_id: Option<ConnectionId>,
    /// The key for the connection.
    pub connection_key: Option<ConnectionKey>,
    /// The name for the connection.
    pub name: Option<String>,
    /// What is noted beside it.
    pub notes: Notes,
    /// The key of the auth option.
    pub auth_option_key: Option<String>,
    /// True if the customer's other connections stay.
    pub allow_multiple_connections: bool,
    /// What the customer has entered already.
    pub connection_parameters: SecretMap,
    /// The connector parameters.
    pub connector_parameters: SecretMap,
    /// Where the result goes.
    pub redirect_uri: Option<String>,
    /// The caller's own text.
    pub custom_state: Option<String>,
    /// A sentence for the customer.
    pub prompt: Option<String>,
    /// The time at which it was asked for, if that is not now. An erasure since then wins.
    pub asked_at: Option<Timestamp>,
    /// The time that it serves.
    pub lifetime: Duration,
}

/// A request that was found by its id.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: ConnectionRequestId,
    /// What it asks for.
    pub request: ConnectionRequest,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: RequestState,
    /// Why the last attempt failed, if one has.
    pub last_error: Option<Error>,
    /// Its id, sealed for the attempts that belong to it.
    pub sealed_id: Vec<u8>,
}

/// Makes a request. All that can be wrong with it by now is refused.
pub async fn create(deps: &Deps, asked: Asked) -> Result<Found> {
    let workspace = deps.definitions.workspace(&asked.workspace).await?;
    let connection = match &asked.connection_id {
        Some(id) => Some(own_connection(deps, &asked.workspace, &asked.customer, id).await?),
        None => None,
    };
    let integration = integration(deps, &asked, connection.as_ref()).await?;
    if let Some(key) = &asked.auth_option_key {
        integration.auth_option(Some(key)).map_err(|error| error.field("authOptionKey"))?;
    }
    check_target(deps, &asked, &workspace)?;
    About::IntegrationId.note(&integration.id);
    let now = deps.clock.now();
    let (created_at, expires_at) = (asked.asked_at.unwrap_or(now), now + asked.lifetime);
    let request = ConnectionRequest {
        workspace: asked.workspace,
        customer: asked.customer,
        customer_name: asked.customer_name,
        integration: integration.id.clone(),
        integration_key: integration.key.clone(),
        connection_id: asked.connection_id,
        connection_key: asked.connection_key,
        name: asked.name,
        notes: asked.notes,
        auth_option_key: asked.auth_option_key,
        allow_multiple_connections: asked.allow_multiple_connections,
        connection_parameters: asked.connection_parameters,
        connector_parameters: asked.connector_parameters,
        redirect_uri: asked.redirect_uri,
        custom_state: asked.custom_state,
        prompt: asked.prompt,
        created_at,
    };
    let id = ConnectionRequestId::draw(&*deps.random);
    let key = id.key();
    let place = place_of_id(&key, &request.workspace, &request.customer);
    let sealed_id = deps.sealer.seal(place, id.reveal().as_bytes()).await?;
    let content = request.seal(&id, &*deps.random)?;
    let of = request_of(&key, &request);
    let (notes, sealed) = (&request.notes, sealed_id.clone());
    let new = NewConnectionRequest { of, content, sealed_id: sealed, notes, expires_at };
    deps.store.begin_connection_request(new).await?;
    Ok(Found { id, request, expires_at, state: RequestState::Pending, last_error: None, sealed_id })
}

/// Finds a request by its id, however it stands.
pub async fn find(deps: &Deps, id: ConnectionRequestId) -> Result<Found> {
    let found = deps.store.read_connection_request(&id.key()).await?.ok_or_else(no_request)?;
    let request = ConnectionRequest::open(&id, &found.content)?;
    let (expires_at, mut state, last_error) = (found.expires_at, found.state, found.last_error);
    if state == RequestState::Pending {
        let workspace = deps.definitions.workspace(&request.workspace).await?;
        if workspace.has_ended(request.created_at) {
            state = RequestState::Expired;
        }
    }
    Ok(Found { id, request, expires_at, state, last_error, sealed_id: found.sealed_id })
}

/// Finds a request for this caller. Somebody else's is not found.
pub async fn visible(deps: &Deps, id: &str, caller: &Caller) -> Result<Found> {
    let id = ConnectionRequestId::parse(id).ok_or_else(no_request)?;
    let found = find(deps, id).await?;
    let is_theirs = caller.may_see(&found.request.workspace, &found.request.customer);
    if is_theirs { Ok(found) } else { Err(no_request()) }
}

/// Cancels a request of this caller's. One that has ended stays as it is.
pub async fn cancel(deps: &Deps, id: &str, caller: &Caller) -> Result<()> {
    let found = visible(deps, id, caller).await?;
    deps.store.cancel_connection_request(request_of(&found.id.key(), &found.request)).await
}

fn request_of<'a>(key: &'a ConnectionRequestKey, request: &'a ConnectionRequest) -> RequestOf<'a> {
    let ConnectionRequest { workspace, customer, integration, .. } = request;
    RequestOf { key, workspace, customer, integration }
}

/// The id of the request that an attempt belongs to, for who may see the attempt.
pub async fn id_of_attempt(deps: &Deps, caller: &Caller, attempt: &FoundAttempt) -> Option<String> {
    opened_id(deps, caller, &attempt.customer, attempt.request.as_ref()?).await
}

/// Opens the id of a customer's request, for a caller who may make one: whoever has the id has the link. Nothing if it does
/// not open.
pub(crate) async fn opened_id(
    deps: &Deps,
    caller: &Caller,
    customer: &CustomerId,
    request: &OfRequest,
) -> Option<String> {
    caller.scopes().check(Scope::RequestsCreate).ok()?;
    let OfRequest { key, sealed_id } = request;
    let workspace = caller.workspace();
    let opened = deps.sealer.open(place_of_id(key, workspace, customer), sealed_id).await;
    let opened = reported(opened, "the id of a connection request does not open")?;
    String::from_utf8(opened.to_vec()).ok()
}

impl Found {
    /// The link.
    #[must_use]
    pub fn url(&self, service: &OwnAddress) -> String {
        format!("{}{LINK_PATH}?connectionRequestId={}", service.url, self.id.reveal())
    }

    /// What the attempts that belong to it keep of it.
    pub(crate) fn of_attempt(&self) -> OfRequest {
        OfRequest { key: self.id.key(), sealed_id: self.sealed_id.clone() }
    }
}

async fn integration(
    deps: &Deps,
    asked: &Asked,
    connection: Option<&Connection>,
) -> Result<Arc<Integration>> {
    match (&asked.integration, connection) {
        (Some((id, field)), connection) => {
            if connection.is_some_and(|connection| connection.integration != *id) {
                let message = "The connection is not one with this integration.";
                return Err(Error::new(ErrorKey::ParameterConflict, message).field(*field));
            }
            let found = deps.definitions.integration(&asked.workspace, id).await;
            found.map_err(|error| error.field(*field))
        }
        (None, Some(connection)) => {
            let found = deps.definitions.integration(&asked.workspace, &connection.integration).await;
            found.map_err(|error| error.field("connectionId"))
        }
        (None, None) => {
            let message = "integrationId, integrationKey or connectionId is missing.";
            Err(Error::new(ErrorKey::ParameterMissing, message).field("integrationKey"))
        }
    }
}

fn check_target(deps: &Deps, asked: &Asked, workspace: &Workspace) -> Result<()> {
    match &asked.redirect_uri {
        Some(uri) => deps.allowed_redirect_uri(uri, workspace).map(drop),
        None if workspace.confirm_user => {
            let message = "The workspace confirms its users, so a connection request needs a redirectUri.";
            Err(Error::new(ErrorKey::ParameterMissing, message).field("redirectUri"))
        }
        None => Ok(()),
    }
}
