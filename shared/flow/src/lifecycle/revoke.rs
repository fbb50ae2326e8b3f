//! Revokes credentials at the provider when they are no longer used here. Nothing depends on its success; the result is
//! recorded.
//!
//! Many providers have one grant for each user and client, so that revoking an old token ends a newer one too. So
//! replaced credentials are revoked only if the definition says that this ends one token. Those of a disconnected or
//! archived connection are also revoked if it was the customer's last live connection with the integration.

use std::sync::Arc;

use protocol::deadline::{Deadline, ONE_REVOCATION, REVOCATION_WHILE_CONNECTING};
use protocol::definition::template::Address;
use protocol::definition::{AuthMethod, AuthOption, Integration, OAuth2, RevokeCall};
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::id::ConnectionId;
use protocol::provider::maker::Maker;
use protocol::provider::oauth2::revocation;
use protocol::provider::revoke_call;
use protocol::record::{self, Level, Remark};
use protocol::secret::SecretMap;
use serde_json::{Map, Value};

use super::registration;
use crate::connection::{Connection, ConnectionSecrets, Revocation};
use crate::deps::Deps;

/// The log's message if it could not be found out whether there is anything to revoke.
const NOT_LOOKED_AT: &str = "credentials not revoked: what they belong to could not be read";

/// Revokes the old credentials of `reconnected`, and those of the connections in `archived`. A token in `current` is
/// not revoked: some providers issue the same one again.
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
            // Its item holds the new credentials, so the result for the old ones is not recorded there.
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
        record::notes(Remark::new(Level::Warn, "replaced credentials were not revoked in time"));
    }
}

/// The time until which a connection was live whose credentials are revoked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lived {
    /// Until now.
    UntilNow,
    /// It was archived earlier. A newer connection may go on with its grant, so it is revoked only if there is none.
    Before,
}

/// Revokes the credentials of a connection that was disconnected or archived. `before` holds them; `after` is the
/// connection as it is stored now.
pub(super) async fn revoke_given_up(
    deps: &Deps,
    before: &Connection,
    lived: Lived,
    after: Connection,
    deadline: Deadline,
) {
    let revocation = given_up(deps, before, lived, deadline).await;
    record(deps, after, revocation).await;
}

/// Revokes the credentials of a connection that is no longer used, unless that was done before. Returns nothing if there
/// was nothing to revoke.
pub(super) async fn given_up(
    deps: &Deps,
    before: &Connection,
    lived: Lived,
    deadline: Deadline,
) -> Option<Revocation> {
    if before.health.is_revoked() {
        return None;
    }
    let integration = deps.definitions.integration(&before.workspace, &before.integration).await;
    let integration = reported(integration, NOT_LOOKED_AT)?;
    let live = deps.store.live_connections(&before.workspace, &before.customer, &before.integration).await;
    let live = reported(live, NOT_LOOKED_AT)?;
    // The grants of a borrowed registration belong to other workspaces too.
    let is_last = live.iter().all(|id| *id == before.id) && before.record.borrowed.is_none();
    if lived == Lived::Before && !is_last {
        return None;
    }
    let scope = if is_last { Scope::WholeGrant } else { Scope::OneToken };
    let none = SecretMap::default();
    let revocation = revoked(deps, &integration, before, scope, &none);
    let limit = deadline.revocation(deps.clock.now());
    let too_late = |_| Some(Revocation { at: deps.clock.now(), error: Some(too_slow()) });
    tokio::time::timeout(limit, revocation).await.unwrap_or_else(too_late)
}

/// Revokes new credentials that were not saved, because their customer was erased or their connection request has ended:
/// nobody is left to use them.
pub(super) async fn revoke_unsaved(deps: &Deps, unsaved: &Connection, deadline: Deadline) {
    let revoked = given_up(deps, unsaved, Lived::UntilNow, deadline);
    if tokio::time::timeout(REVOCATION_WHILE_CONNECTING, revoked).await.is_err() {
        record::notes(Remark::new(Level::Warn, "unsaved credentials were not revoked in time"));
    }
}

fn too_slow() -> Error {
    Error::new(ErrorKey::ProviderUnreachable, "The service took too long. Please try again later.")
}

/// The extent of a revocation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Only this token, since there are newer ones.
    OneToken,
    /// The customer's whole grant.
    WholeGrant,
}

/// Revokes a connection's credentials. Returns nothing if there is nothing to revoke, or no way that stays within
/// `scope`.
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
        error.note("credentials not revoked");
    } else {
        let remark = Remark::from("credentials revoked");
        record::notes(remark.with("revoked", Some(connection.id.as_str())));
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
    record::step("revoke");
    let record = &connection.record;
    let registration =
        registration::recorded(deps, integration, &record.auth_option_key, record.borrowed.as_ref()).await?;
    let Some(way) =
        Way::of(registration.option()).filter(|way| scope == Scope::WholeGrant || way.is_per_token())
    else {
        return Ok(false);
    };
    let secrets = ConnectionSecrets::open(deps, connection, &registration).await?;
    let (old, current) = (secrets.held.credentials.expose(), current.expose());
    if old.is_empty() || shares_token(old, current) {
        return Ok(false);
    }
    let bound = secrets.values(&registration)?;
    let calls = deps.calls(deps.clock.now() + ONE_REVOCATION);
    match way {
        Way::Endpoint(config, endpoint) => {
            let option_secrets = deps.definitions.option_secrets(&registration.integration).await?;
            let maker = Maker::new(&calls, bound, &option_secrets);
            let mut revoked = revocation::revoke(&calls, endpoint, config, &maker, old).await;
            for name in config.further_tokens.keys() {
                let Some(set) = old.get(name).and_then(Value::as_object) else { continue };
                if current.get(name).and_then(Value::as_object).is_some_and(|now| shares_token(set, now)) {
                    continue;
                }
                let maker = Maker::new(&calls, secrets.values(&registration)?, &option_secrets);
                // One that is refused keeps no other from being revoked.
                revoked = revoked.and(revocation::revoke(&calls, endpoint, config, &maker, set).await);
            }
            revoked?;
        }
        Way::Call(call) => {
            let signing = registration::signing_secrets(deps, &registration).await?;
            revoke_call::make(&calls, call, &Maker::new(&calls, bound, &signing)).await?;
        }
    }
    Ok(true)
}

/// True if a token of the one set is in the other too: some providers issue the same one again.
fn shares_token(old: &Map<String, Value>, current: &Map<String, Value>) -> bool {
    ["refresh_token", "access_token"]
        .into_iter()
        .any(|name| old.get(name).is_some_and(|token| current.get(name) == Some(token)))
}

/// Records the result with the connection; losing it does no harm. A connection whose credentials were revoked is
/// marked as disconnected, because they would not work if it were restored.
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

/// The way to revoke an option's credentials.
enum Way<'a> {
    /// At the revocation endpoint (RFC 7009).
    Endpoint(&'a OAuth2, &'a Address),
    /// By a request that the definition describes.
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

/// True if an integration has anything to revoke. If not, the replaced connections need not be read.
fn may_revoke(integration: &Integration) -> bool {
    integration.auth_options.iter().any(|option| {
        matches!(option.method, AuthMethod::Proxy(_)) || Way::of(option).is_some_and(|way| way.is_per_token())
    })
}
