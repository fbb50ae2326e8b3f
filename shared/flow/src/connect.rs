//! From proven credentials to a stored connection: the last step of every authentication type.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::app::{App, Borrowed};
use crate::clock::Timestamp;
use crate::connection::{
    Connection, ConnectionRecord, ConnectionSecrets, connection_not_found, connection_place,
};
use crate::definition::Integration;
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::outcome::Outcome;
use crate::random::draw_id;
use crate::refresh;
use crate::revoke;
use crate::seal::Prepared;
use crate::secret::SecretMap;
use crate::store::{FlowClaim, Others, SaveConnection, Saved, Updated};
use crate::template::Values;
use crate::test_call;

/// All provider work ends this long after it began; the functions' own limit is 28 s, and API Gateway's 30 s.
const PROVIDER_TIME: Duration = Duration::from_secs(22);

/// The save may take until here.
const SAVE_TIME: Duration = Duration::from_secs(26);

/// What shall be connected, verified: for whom, with what, and beside or in place of what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRequest {
    /// The workspace's key.
    pub workspace: String,
    /// The customer's id.
    pub customer: String,
    /// The integration's id.
    pub integration: String,
    /// The option that was chosen.
    pub auth_option_key: String,
    /// The registration that does its work, if it is another workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub borrowed: Option<Borrowed>,
    /// What the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// What the caller gave for the connector.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The connection to update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// A name for the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the customer's other connections stay.
    #[serde(default)]
    pub allow_multiple_connections: bool,
}

impl ConnectRequest {
    /// What templates are filled with before there are credentials.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        static NONE: std::sync::LazyLock<SecretMap> = std::sync::LazyLock::new(SecretMap::default);
        Values {
            parameters: self.parameters.expose(),
            connector_parameters: self.connector_parameters.expose(),
            credentials: NONE.expose(),
        }
    }
}

/// How long the work that began at `since` may still call the provider.
pub fn time_left(deps: &Deps, since: Timestamp) -> Result<Duration> {
    let left = (since + PROVIDER_TIME).since(deps.clock.now());
    if left.is_zero() {
        return Err(Error::new(
            ErrorKey::ProviderUnreachable,
            "The service took too long. Please try again later.",
        ));
    }
    Ok(left)
}

/// The key that [`connect`] seals with: in hand before a provider is asked for what it gives only once.
pub async fn connection_key(deps: &Deps, request: &ConnectRequest) -> Result<Prepared> {
    deps.sealer.prepare(connection_place(&request.workspace, &request.customer, "")).await
}

/// Proves the credentials by the test call, and saves the connection with the flow's outcome. `since` is when the work
/// began.
pub async fn connect(
    deps: &Deps,
    request: &ConnectRequest,
    app: &App,
    credentials: SecretMap,
    key: &Prepared,
    flow: Option<FlowClaim<'_>>,
    since: Timestamp,
) -> Result<Outcome> {
    let secrets = ConnectionSecrets {
        parameters: request.parameters.clone(),
        connector_parameters: request.connector_parameters.clone(),
        credentials,
    };
    test_call::run(deps, app, &secrets, since).await?;
    let integration = deps.definitions.integration(&request.workspace, &request.integration).await?;
    let before = match &request.connection_id {
        Some(id) => Some(deps.store.read_connection(id).await?.ok_or_else(connection_not_found)?),
        None => None,
    };
    let connection = sealed(deps, request, &integration, app, &secrets, key, before.as_ref())?;
    let save = SaveConnection {
        connection: &connection,
        others: match (&before, request.allow_multiple_connections) {
            (Some(before), _) => {
                Others::Untouched(Updated { before: &before.record, renamed: request.name.is_some() })
            }
            (None, true) => Others::Kept,
            (None, false) => Others::Replaced,
        },
        flow,
        token: draw_id(&*deps.random),
        deadline: since + SAVE_TIME,
    };
    let Saved { outcome, replaced } = deps.store.save_connection(&save).await?;
    // What the flow ended with may be another's word: then nothing was replaced.
    let connected =
        matches!(&outcome, Outcome::Connected { connection_id } if *connection_id == connection.id);
    if connected && time_left(deps, since).is_ok() {
        revoke::revoke_replaced(deps, &integration, before, &replaced, &secrets.credentials).await;
    }
    Ok(outcome)
}

fn sealed(
    deps: &Deps,
    request: &ConnectRequest,
    integration: &Integration,
    app: &App,
    secrets: &ConnectionSecrets,
    key: &Prepared,
    before: Option<&Connection>,
) -> Result<Connection> {
    let now = deps.clock.now();
    let id = before.map_or_else(|| draw_id(&*deps.random), |before| before.id.clone());
    // A connection that is updated keeps its name, unless a new one was given, and the time when it was made.
    let kept_name = before.map_or(&integration.name, |before| &before.record.name);
    Ok(Connection {
        sealed: secrets.seal(key, connection_place(&request.workspace, &request.customer, &id))?,
        workspace: request.workspace.clone(),
        customer: request.customer.clone(),
        integration: integration.id.clone(),
        record: ConnectionRecord {
            name: request.name.as_ref().unwrap_or(kept_name).clone(),
            auth_option_key: request.auth_option_key.clone(),
            borrowed: app.borrowed(),
            created_at: before.map_or(now, |before| before.record.created_at),
            updated_at: now,
        },
        health: refresh::health(app.option(), &secrets.credentials, now, now),
        version: 1,
        last_active_at: now,
        leased_until: None,
        archived_at: None,
        id,
    })
}
