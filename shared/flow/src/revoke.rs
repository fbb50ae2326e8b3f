//! Credentials that are of no more use here are revoked at the provider, as well as that goes: nothing depends on it, and
//! what came of it is recorded.
//!
//! Many providers have one grant for each user and client: revoking the old token there would end a newer one too. So
//! what was replaced is revoked only where the definition says that this ends one token; and what was disconnected or
//! archived also where the customer has no other live connection of the integration.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

use crate::api_call::{authenticated, below_base, rendered, rendered_headers, unusable};
use crate::app::App;
use crate::clock::Timestamp;
use crate::connection::{Connection, ConnectionSecrets, Revocation};
use crate::definition::{AuthMethod, AuthOption, Integration, OAuth2, RevokeCall};
use crate::deps::Deps;
use crate::error::Result;
use crate::http::provider::unreachable;
use crate::oauth2::revocation;
use crate::secret::SecretMap;
use crate::template::Template;

/// While a customer waits in the browser, and the function's own limit is near.
const LIMIT_WHILE_CONNECTING: Duration = Duration::from_secs(2);

/// A program that waits is answered before API Gateway gives up, after 30 s.
const LATEST: Duration = Duration::from_secs(27);

/// While a program waits.
const LIMIT: Duration = Duration::from_secs(10);

/// Revokes what a connection held before (`updated`), and what the archived ones (`archived`) hold. What is `current`
/// stays: some providers give the same token again.
pub async fn revoke_replaced(
    deps: &Deps,
    integration: &Arc<Integration>,
    updated: Option<Connection>,
    archived: &[String],
    current: &SecretMap,
) {
    if !may_revoke(integration) {
        return;
    }
    let all = async {
        if let Some(connection) = updated {
            // Its item holds the new credentials, about which there is nothing to record.
            revoked(deps, integration, &connection, Scope::OneToken, current).await;
        }
        for id in archived {
            if let Ok(Some(connection)) = deps.store.read_connection(id).await {
                let revocation = revoked(deps, integration, &connection, Scope::OneToken, current).await;
                record(deps, connection, revocation).await;
            }
        }
    };
    if tokio::time::timeout(LIMIT_WHILE_CONNECTING, all).await.is_err() {
        tracing::warn!(integration = integration.key, "replaced credentials were not revoked in time");
    }
}

/// Revokes what a connection held (`before`) that was disconnected or archived, and so stands in the table as `ended`.
/// `since` is when the request came.
pub async fn revoke_ended(deps: &Deps, before: &Connection, ended: Connection, since: Timestamp) {
    let Ok(integration) = deps.definitions.integration(&before.workspace, &before.integration).await else {
        return;
    };
    let Ok(live) =
        deps.store.live_connections(&before.workspace, &before.customer, &before.integration).await
    else {
        return;
    };
    // A borrowed registration's grants are other workspaces' too.
    let is_last = live.iter().all(|id| *id == before.id) && before.record.borrowed.is_none();
    let scope = if is_last { Scope::WholeGrant } else { Scope::OneToken };
    let none = SecretMap::default();
    let revocation = revoked(deps, &integration, before, scope, &none);
    let limit = (since + LATEST).since(deps.clock.now()).min(LIMIT);
    let too_late = |_| Some(Revocation { at: deps.clock.now(), error: Some(unreachable()) });
    let revocation = tokio::time::timeout(limit, revocation).await.unwrap_or_else(too_late);
    record(deps, ended, revocation).await;
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
    let key = error.as_ref().map(|error| error.key().facts().key);
    tracing::info!(connection = connection.id, key, "credentials revoked, unless there is a key");
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
    let app = App::recorded(deps, integration, &record.auth_option_key, record.borrowed.as_ref()).await?;
    let Some(way) = Way::of(app.option()).filter(|way| scope == Scope::WholeGrant || way.is_per_token())
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
    match way {
        Way::Endpoint(config, endpoint) => {
            let option_secrets = deps.definitions.option_secrets(&app.integration).await?;
            let endpoint = endpoint.render_url(&secrets.values(), deps.settings.loopback)?;
            let client_secret = option_secrets.get(&app.option().key, "clientSecret");
            revocation::revoke(&*deps.provider, endpoint, config, client_secret, old, LIMIT).await?;
        }
        Way::Call(call) => make(deps, &app, call, &secrets).await?,
    }
    Ok(true)
}

/// The definition's own request.
async fn make(deps: &Deps, app: &App, call: &RevokeCall, secrets: &ConnectionSecrets) -> Result<()> {
    let values = secrets.values();
    let url = below_base(app, &call.path)?.render_url(&values, deps.settings.loopback)?;
    let method = Method::from_bytes(call.method.as_bytes()).map_err(|_| unusable("revoke.method"))?;
    let mut headers = HeaderMap::new();
    for header in rendered_headers(&call.headers, &values, "revoke.headers") {
        let (name, value) = header?;
        headers.insert(name, value);
    }
    let mut body = Bytes::new();
    if !call.body.is_empty() {
        let (content_type, encoded) = call.body_format.encode(rendered(&call.body, &values)?);
        headers.insert(CONTENT_TYPE, content_type);
        body = encoded;
    }
    let request = authenticated(deps, app, secrets, method, &url, headers, body).await?;
    let response = deps.provider.send(request, LIMIT).await.map_err(|error| error.told("revoke.path"))?;
    if response.status().is_success() { Ok(()) } else { Err(unreachable()) }
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
        let _ = deps.store.write_health(&connection).await;
    }
}

/// How an option's credentials are revoked.
enum Way<'a> {
    /// At the revocation endpoint (RFC 7009).
    Endpoint(&'a OAuth2, &'a Template),
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
