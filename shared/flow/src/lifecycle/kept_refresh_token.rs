//! A refresh token that outlives a new sign-in.
//!
//! Some providers issue a refresh token only with the first consent. When the same customer signs in again, the new
//! credentials have none, and the stored one still works. It is kept if it is known to be of the same account.

use protocol::deadline::Deadline;
use protocol::definition::{AuthMethod, Registration};
use protocol::error::{Result, reported};
use protocol::provider::oauth2::id_token::subject;
use protocol::secret::SecretMap;

use super::refresh::{self, Renewal};
use crate::connection::{ConnectRequest, Connection, ConnectionSecrets};
use crate::deps::Deps;
use crate::store::Lease;

const NAME: &str = "refresh_token";

/// The most connections that are looked at. A new connection replaces one as a rule.
const MOST: usize = 3;

/// Adds the stored refresh token to new credentials that came without one: that of `reconnected`, or of a connection
/// that the new one replaces. Returns the lease on that connection. While it lasts, nobody exchanges the token for
/// another one.
pub(super) async fn keep(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    credentials: &mut SecretMap,
    reconnected: Option<&Connection>,
    deadline: Deadline,
) -> Option<Box<Lease>> {
    let is_missing = match &registration.option().method {
        AuthMethod::OAuth2(config) => {
            !config.no_refresh_token && Renewal::of(registration.option(), credentials).is_none()
        }
        _ => false,
    };
    if !is_missing || subject(credentials.expose()).is_none() {
        return None;
    }
    let kept = async {
        let before = match reconnected {
            Some(before) => vec![before.clone()],
            None if request.allow_multiple_connections => Vec::new(),
            None => replaced(deps, request).await?,
        };
        for before in before {
            if of_same_account(deps, registration, credentials, &before).await?.is_none() {
                continue;
            }
            // It is read once more under the lease: a refresh may have replaced it.
            let lease = refresh::leased(deps, before, deadline).await?;
            match of_same_account(deps, registration, credentials, &lease.connection).await {
                Ok(Some(token)) => {
                    credentials.insert(NAME, token);
                    return Ok(Some(lease));
                }
                other => {
                    refresh::release(deps, &lease).await;
                    other?;
                }
            }
        }
        Ok(None)
    };
    // Without it the connection works too, and says that it ends with its token.
    reported(kept.await, "a stored refresh token was not kept").flatten()
}

/// Returns the customer's live connections with the integration.
pub(super) async fn replaced(deps: &Deps, request: &ConnectRequest) -> Result<Vec<Connection>> {
    let ConnectRequest { workspace, customer, integration, .. } = request;
    let mut found = Vec::new();
    for id in deps.store.live_connections(workspace, customer, integration).await?.iter().take(MOST) {
        found.extend(deps.store.read_connection(id).await?);
    }
    Ok(found)
}

/// Returns the refresh token of a connection, if it was issued to the same registration and for the same account, and
/// the provider has not refused it.
async fn of_same_account(
    deps: &Deps,
    registration: &Registration,
    credentials: &SecretMap,
    before: &Connection,
) -> Result<Option<serde_json::Value>> {
    if !before.is_connected() || before.registration_id() != registration.id() {
        return Ok(None);
    }
    let old = ConnectionSecrets::open(deps, before, registration).await?.held.credentials;
    if subject(old.expose()) != subject(credentials.expose())
        || Renewal::of(registration.option(), &old).is_none()
    {
        return Ok(None);
    }
    Ok(old.expose().get(NAME).cloned())
}
