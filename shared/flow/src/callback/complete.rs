//! From a claimed flow to a stored connection.

use serde_json::{Map, Value};

use super::parameters::CallbackParameters;
use super::{AuthorizationGrant, ClaimedFlow};
use crate::app::App;
use crate::connect::{connect, connection_key, time_left};
use crate::definition::{AuthMethod, OAuth1, OAuth2, OptionSecrets};
use crate::deps::Deps;
use crate::error::{Error, Result};
use crate::oauth1::{self, AuthorizedToken, request_token_credentials};
use crate::oauth2::token_request::TokenEndpoint;
use crate::outcome::Outcome;
use crate::secret::SecretMap;
use crate::store::FlowClaim;

/// Verifies the callback, exchanges what it brought, proves the credentials, and saves the connection with the outcome.
pub(super) async fn complete(
    deps: &Deps,
    flow: &ClaimedFlow,
    parameters: &CallbackParameters,
) -> Result<Outcome> {
    let request = &flow.memory.request;
    // The key that seals comes from another service than the definition, and does not wait for it.
    let integration = deps.definitions.integration(&request.workspace, &request.integration);
    let (integration, key) = tokio::join!(integration, connection_key(deps, request));
    let integration = integration?;
    // One that was turned off meanwhile connects nobody any more.
    integration.auth_option(Some(&request.auth_option_key))?;
    let app = App::recorded(deps, &integration, &request.auth_option_key, request.borrowed.as_ref()).await?;
    let (credentials, key) = match &app.option().method {
        AuthMethod::OAuth2(config) => {
            let grant = AuthorizationGrant::verify(flow, parameters, config)?;
            let (key, secrets) = (key?, deps.definitions.option_secrets(&app.integration).await?);
            let fields = exchange_code(deps, flow, grant, &app, config, &secrets).await?;
            (with_kept(fields, config, parameters), key)
        }
        AuthMethod::OAuth1(config) => {
            let authorized = AuthorizedToken::verify(flow, parameters)?;
            let (key, secrets) = (key?, deps.definitions.option_secrets(&app.integration).await?);
            (exchange_token(deps, flow, authorized, &app, config, &secrets).await?, key)
        }
        AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => {
            return Err(Error::internal("a callback for an option that has none"));
        }
    };
    let claim = FlowClaim { flow: &flow.id, owner: &flow.owner };
    connect(deps, request, &app, SecretMap::new(credentials), &key, Some(claim), flow.claimed_at).await
}

async fn exchange_code(
    deps: &Deps,
    flow: &ClaimedFlow,
    grant: AuthorizationGrant,
    app: &App,
    config: &OAuth2,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>> {
    let endpoint = TokenEndpoint {
        url: config.token_uri.render_url(&flow.memory.request.values(), deps.settings.loopback)?,
        client_id: &config.client_id,
        client_secret: secrets.get(&app.option().key, "clientSecret"),
        authentication: config.client_auth_location,
        body_format: config.body_format,
        provider: &*deps.provider,
        limit: time_left(deps, flow.claimed_at)?,
    };
    Ok(endpoint.exchange_code(grant, !config.skip_pkce).await?.into_fields())
}

async fn exchange_token(
    deps: &Deps,
    flow: &ClaimedFlow,
    authorized: AuthorizedToken,
    app: &App,
    config: &OAuth1,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>> {
    let client = oauth1::Client::of(config, &app.option().key, secrets);
    let endpoint = config.token_uri.render_url(&flow.memory.request.values(), deps.settings.loopback)?;
    let limit = time_left(deps, flow.claimed_at)?;
    request_token_credentials(deps, &client, endpoint, authorized, limit).await
}

/// The callback parameters that the definition keeps stand with the credentials; the token response goes before.
fn with_kept(
    mut credentials: Map<String, Value>,
    config: &OAuth2,
    parameters: &CallbackParameters,
) -> Map<String, Value> {
    for name in &config.callback_parameters {
        if let Some(value) = parameters.get(name) {
            credentials.entry(name).or_insert_with(|| Value::from(value));
        }
    }
    credentials
}
