//! Credentials that were replaced are revoked, where the definition says that this cannot hurt the new ones.
//!
//! Many providers have one grant for each user and client: revoking the old token there would end the new one too.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::connection::{Connection, ConnectionSecrets};
use crate::definition::{AuthMethod, Integration};
use crate::deps::Deps;
use crate::error::Result;
use crate::oauth2::revocation;
use crate::secret::SecretMap;

/// The customer waits for all of it, and the function's own limit is near, so it must not take long.
const LIMIT: Duration = Duration::from_secs(2);

/// Revokes what a connection held before (`updated`), and what the archived ones (`archived`) hold, as well as that goes
/// in a moment: nothing depends on it. What is `current` stays: some providers give the same token again.
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
            revoke_one(deps, integration, &connection, current).await;
        }
        for id in archived {
            if let Ok(Some(connection)) = deps.store.read_connection(id).await {
                revoke_one(deps, integration, &connection, current).await;
            }
        }
    };
    if tokio::time::timeout(LIMIT, all).await.is_err() {
        tracing::warn!(integration = integration.key, "replaced credentials were not revoked in time");
    }
}

async fn revoke_one(
    deps: &Deps,
    integration: &Arc<Integration>,
    connection: &Connection,
    current: &SecretMap,
) {
    if let Err(error) = revoke(deps, integration, connection, current).await {
        let key = error.key().facts().key;
        tracing::warn!(connection = connection.id, key, "replaced credentials were not revoked");
    }
}

async fn revoke(
    deps: &Deps,
    integration: &Arc<Integration>,
    connection: &Connection,
    current: &SecretMap,
) -> Result<()> {
    let app = App::of_connection(deps, integration, connection).await?;
    let AuthMethod::OAuth2(config) = &app.option().method else { return Ok(()) };
    let Some(endpoint) = config.revocation_uri.as_ref().filter(|_| config.revocation_per_token) else {
        return Ok(());
    };
    let secrets = ConnectionSecrets::open(deps, connection).await?;
    let option_secrets = deps.definitions.option_secrets(&app.integration).await?;
    let old = secrets.credentials.expose();
    let is_current =
        |name: &str| old.get(name).is_some_and(|token| current.expose().get(name) == Some(token));
    if is_current("refresh_token") || is_current("access_token") {
        return Ok(());
    }
    let endpoint = endpoint.render_url(&secrets.values(), deps.settings.loopback)?;
    let client_secret = option_secrets.get(&app.option().key, "clientSecret");
    revocation::revoke(&*deps.provider, endpoint, config, client_secret, old, LIMIT).await
}

/// Whether an integration has anything to revoke: if not, what was replaced need not be read.
fn may_revoke(integration: &Integration) -> bool {
    integration.auth_options.iter().any(|option| match &option.method {
        AuthMethod::OAuth2(config) => config.revocation_per_token,
        AuthMethod::Proxy(_) => true,
        AuthMethod::OAuth1(_) | AuthMethod::ClientCredentials(_) => false,
    })
}
