//! Credentials that are of no more use here are revoked at the provider, as well as that goes: nothing depends on it, and
//! what came of it is recorded.
//!
//! Many providers have one grant for each user and client: revoking the old token there would end a newer one too. So
//! what was replaced is revoked only where the definition says that this ends one token; and what was disconnected or
//! archived also where the customer has no other live connection of the integration.

use std::sync::Arc;

use protocol::deadline::{Deadline, ONE_REVOCATION, REVOCATION_WHILE_CONNECTING};
use protocol::definition::template::Address;
use protocol::definition::{AuthMethod, AuthOption, Integration, OAuth2, RevokeCall};
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::id::ConnectionId;
use protocol::provider::api_call::ApiAccess;
use protocol::provider::oauth2::revocation;
use protocol::provider::revoke_call;
use protocol::secret::SecretMap;

use super::registration;
use crate::connection::{Connection, ConnectionSecrets, Revocation};
use crate::deps::Deps;

/// What is to be revoked could not be found out.
const NOT_LOOKED_AT: &str = "credentials not revoked: what they belong to could not be read";

/// Revokes what a connection held before (`reconnected`), and what the archived ones (`archived`) hold. What is `current`
/// stays: some providers give the same token again.
pub(super) async fn revoke_replaced(
    deps: &Deps,
    integration: &Arc<Integration>,
    reconnected: Option<Connection>,
    archived: &[ConnectionId],
    current: &SecretMap,
) {
    if !may_revoke(integration) {
        return;
    }
    let all = async {
        if let Some(connection) = reconnected {
            // Its item holds the new credentials, about which there is nothing to record.
            revoked(deps, integration, &connection, Scope::OneToken, current).await;
        }
        for id in archived {
            let read = deps.store.read_connection(id).await;
            if let Some(Some(connection)) = reported(read, NOT_LOOKED_AT) {
                let revocation = revoked(deps, integration, &connection, Scope::OneToken, current).await;
                record(deps, connection, revocation).await;
            }
        }
    };
    if tokio::time::timeout(REVOCATION_WHILE_CONNECTING, all).await.is_err() {
        tracing::warn!("replaced credentials were not revoked in time");
    }
}

/// Revokes what a connection held (`before`) that was disconnected or archived, and so stands in the table as `after`.
pub(super) async fn revoke_given_up(deps: &Deps, before: &Connection, after: Connection, deadline: Deadline) {
    let integration = deps.definitions.integration(&before.workspace, &before.integration).await;
    let Some(integration) = reported(integration, NOT_LOOKED_AT) else { return };
    let live = deps.store.live_connections(&before.workspace, &before.customer, &before.integration).await;
    let Some(live) = reported(live, NOT_LOOKED_AT) else { return };
    // A borrowed registration's grants are other workspaces' too.
    let is_last = live.iter().all(|id| *id == before.id) && before.record.borrowed.is_none();
    let scope = if is_last { Scope::WholeGrant } else { Scope::OneToken };
    let none = SecretMap::default();
    let revocation = revoked(deps, &integration, before, scope, &none);
    let limit = deadline.revocation(deps.clock.now());
    let too_late = |_| Some(Revocation { at: deps.clock.now(), error: Some(too_slow()) });
    let revocation = tokio::time::timeout(limit, revocation).await.unwrap_or_else(too_late);
    record(deps, after, revocation).await;
}

fn too_slow() -> Error {
    Error::new(ErrorKey::ProviderUnreachable, "The service took too long. Please try again later.")
}

/// How much may end with the credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Nothing else: there are newer ones.
    OneToken,
    /// Everything that the customer granted.
    WholeGrant,
}

/// Revokes a connection's credentials; nothing if there is no way that ends no more than it may.
async fn revoked(
    deps: &Deps,
    integration: &Arc<Integration>,
    connection: &Connection,
    scope: Scope,
    current: &SecretMap,
) -> Option<Revocation> {
    let error = match revoke(deps, integration, connection, scope, current).await {
        Ok(false) => return None,
        Ok(true) => None,
        Err(error) => Some(error),
    };
    if let Some(error) = &error {
        error.report("credentials not revoked");
    } else {
        tracing::info!(revoked = connection.id.as_str(), "credentials revoked");
    }
    Some(Revocation { at: deps.clock.now(), error })
}

async fn revoke(
    deps: &Deps,
    integration: &Arc<Integration>,
    connection: &Connection,
    scope: Scope,
    current: &SecretMap,
) -> Result<bool> {
    let record = &connection.record;
    let registration =
        registration::recorded(deps, integration, &record.auth_option_key, record.borrowed.as_ref()).await?;
    let Some(way) =
        Way::of(registration.option()).filter(|way| scope == Scope::WholeGrant || way.is_per_token())
    else {
        return Ok(false);
    };
    let secrets = ConnectionSecrets::open(deps, connection).await?;
    let old = secrets.credentials.expose();
    let is_current =
        |name: &str| old.get(name).is_some_and(|token| current.expose().get(name) == Some(token));
    if old.is_empty() || is_current("refresh_token") || is_current("access_token") {
        return Ok(false);
    }
    let calls = deps.calls(deps.clock.now() + ONE_REVOCATION);
    match way {
        Way::Endpoint(config, endpoint) => {
            let option_secrets = deps.definitions.option_secrets(&registration.integration).await?;
            let endpoint = endpoint.render(&secrets.values(), calls.loopback)?;
            let client_secret = option_secrets.get(&registration.option().key, "clientSecret");
            revocation::revoke(&calls, endpoint, config, client_secret, old).await?;
        }
        Way::Call(call) => {
            let signing = registration::signing_secrets(deps, &registration).await?;
            let values = secrets.values();
            let access = ApiAccess { registration: &registration, secrets: &signing, values };
            revoke_call::make(&calls, call, &access).await?;
        }
    }
    Ok(true)
}

/// What came of it stands with the connection; a note that is lost is no harm. Credentials that the provider has forgotten
/// are of no use, should the connection be restored.
async fn record(deps: &Deps, mut connection: Connection, revocation: Option<Revocation>) {
    if let Some(revocation) = revocation {
        if revocation.error.is_none() {
            connection.health.disconnected = true;
            connection.health.next_refresh_at = None;
        }
        connection.health.revocation = Some(revocation);
        reported(deps.store.write_health(&connection).await, "a revocation was not noted");
    }
}

/// How an option's credentials are revoked.
enum Way<'a> {
    /// At the revocation endpoint (RFC 7009).
    Endpoint(&'a OAuth2, &'a Address),
    /// By a request of the definition's own.
    Call(&'a RevokeCall),
}

impl<'a> Way<'a> {
    fn of(option: &'a AuthOption) -> Option<Self> {
        match (&option.revoke, &option.method) {
            (Some(call), _) => Some(Self::Call(call)),
            (None, AuthMethod::OAuth2(config)) => {
                config.revocation_uri.as_ref().map(|endpoint| Self::Endpoint(config, endpoint))
            }
            _ => None,
        }
    }

    fn is_per_token(&self) -> bool {
        match self {
            Self::Endpoint(config, _) => config.revocation_per_token,
            Self::Call(call) => call.per_token,
        }
    }
}

/// Whether an integration has anything to revoke: if not, what was replaced need not be read.
fn may_revoke(integration: &Integration) -> bool {
    integration.auth_options.iter().any(|option| {
        matches!(option.method, AuthMethod::Proxy(_)) || Way::of(option).is_some_and(|way| way.is_per_token())
    })
}
