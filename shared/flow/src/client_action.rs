//! What only the customer can do for a connection: connect again. The link for it is a connection request, made when somebody
//! reads such a connection, and kept for the next one who does.

use std::time::Duration;

use protocol::error::{ErrorKey, Result};
use protocol::secret::SecretMap;
use protocol::token::{Caller, Scope};

use crate::connection::{Connection, Notes};
use crate::connection_request::{self, Asked, Found, create, find, opened_id};
use crate::context::connection_request::{ConnectionRequestId, LONGEST_LIFETIME, RequestState};
use crate::deps::{Deps, OwnAddress};

/// The time for which a link that is shown serves at least. One with less is replaced.
const SERVES: Duration = Duration::from_hours(24);

/// Returns the link by which the customer connects this connection again, for a caller who may make one. There is none for a
/// connection whose integration is gone, and none where users are confirmed: there the application has to say where they
/// come back to.
pub async fn link(
    deps: &Deps,
    connection: &Connection,
    caller: &Caller,
    address: &OwnAddress,
) -> Result<Option<String>> {
    if !connection.needs_customer() || caller.scopes().check(Scope::RequestsCreate).is_err() {
        return Ok(None);
    }
    if deps.definitions.workspace(&connection.workspace).await?.confirm_user {
        return Ok(None);
    }
    if let Some(found) = kept(deps, connection, caller).await? {
        return Ok(Some(found.url(address)));
    }
    match create(deps, asked(connection)).await {
        Ok(found) => {
            deps.store.keep_request_of(&connection.id, &found.of_attempt(), found.expires_at).await?;
            Ok(Some(found.url(address)))
        }
        // The integration or its option is gone, or the connection was archived in this moment.
        Err(error) if error.key() == ErrorKey::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The request that was made for it before, if that still serves.
async fn kept(deps: &Deps, connection: &Connection, caller: &Caller) -> Result<Option<Found>> {
    let Some(kept) = deps.store.request_of(&connection.id).await? else { return Ok(None) };
    let id = opened_id(deps, caller, &connection.customer, &kept).await;
    let Some(id) = id.and_then(|id| ConnectionRequestId::parse(&id)) else { return Ok(None) };
    match find(deps, id).await {
        Ok(found) => {
            let serves = found.state == RequestState::Pending && deps.clock.now() + SERVES < found.expires_at;
            Ok(Some(found).filter(|_| serves))
        }
        Err(error) if error.key() == ErrorKey::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn asked(connection: &Connection) -> connection_request::Asked {
    Asked {
        workspace: connection.workspace.clone(),
        customer: connection.customer.clone(),
        customer_name: None,
        integration: None,
        connection_id: Some(connection.id.clone()),
        connection_key: None,
        name: None,
        notes: Notes::default(),
        auth_option_key: Some(connection.record.auth_option_key.clone()),
        allow_multiple_connections: false,
        connection_parameters: SecretMap::default(),
        connector_parameters: SecretMap::default(),
        redirect_uri: None,
        custom_state: None,
        prompt: None,
        asked_at: None,
        lifetime: LONGEST_LIFETIME,
    }
}
