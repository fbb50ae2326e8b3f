//! Turns a claimed flow into a stored connection.

use protocol::definition::{AuthMethod, OAuth1, OAuth2, OptionSecrets, Registration};
use protocol::error::{Error, Result};
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::provider::failure::CallError;
use protocol::provider::oauth1::{self, AuthorizedToken, request_token_credentials};
use protocol::provider::oauth2::token_request::{Pkce, TokenEndpoint};
use protocol::provider::oauth2::{AuthorizationGrant, Sent};
use protocol::secret::SecretMap;
use serde_json::{Map, Value};

use super::ClaimedFlow;
use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::lifecycle::connect::{Issued, connect, connection_key};
use crate::lifecycle::registration;
use crate::store::FlowClaim;

/// Verifies the callback, exchanges its code or token, proves the credentials, and saves the connection with the flow's
/// outcome.
pub(super) async fn complete(
    deps: &Deps,
    flow: &ClaimedFlow,
    response: &AuthorizationResponse,
) -> Result<Outcome> {
    let request = &flow.memory.request;
    // The sealing key comes from KMS and the definition from the database, so both are fetched at the same time.
    let integration = deps.definitions.integration(&request.workspace, &request.integration);
    let (integration, key) = tokio::join!(integration, connection_key(deps, request));
    let integration = integration?;
    // An option that was turned off since the start must not connect anybody.
    integration.auth_option(Some(&request.auth_option_key))?;
    let registration =
        registration::recorded(deps, &integration, &request.auth_option_key, request.borrowed.as_ref())
            .await?;
    let (credentials, key) = match &registration.option().method {
        AuthMethod::OAuth2(config) => {
            let grant = flow.grant(response, config)?;
            let (key, secrets) = (key?, registration::issuing_secrets(deps, &registration).await?);
            let fields = exchange_code(deps, flow, grant, &registration, config, &secrets).await?;
            (with_kept(fields, config, response), key)
        }
        AuthMethod::OAuth1(config) => {
            let authorized = flow.authorized_token(response)?;
            let (key, secrets) = (key?, registration::issuing_secrets(deps, &registration).await?);
            (exchange_token(deps, flow, authorized, &registration, config, &secrets).await?, key)
        }
        AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => {
            return Err(Error::internal("a callback for an option that has none"));
        }
    };
    let issued = Issued {
        registration: &registration,
        credentials: SecretMap::new(credentials),
        key: &key,
        flow: Some(FlowClaim { flow: &flow.id, claimant: &flow.claimant }),
    };
    connect(deps, request, issued, flow.deadline).await
}

impl ClaimedFlow {
    /// Makes the right to exchange the code. The code verifier is derived from the browser secret, so only the browser
    /// that started the flow can bring it.
    fn grant(&self, response: &AuthorizationResponse, config: &OAuth2) -> Result<AuthorizationGrant> {
        let code_verifier = self.secret.code_verifier(&self.id)?;
        let sent = Sent { code_verifier, redirect_uri: self.memory.callback_uri.clone() };
        AuthorizationGrant::verify(response, sent, config)
    }

    /// Makes the right to exchange the temporary credentials that this flow requested.
    fn authorized_token(&self, response: &AuthorizationResponse) -> Result<AuthorizedToken> {
        let temporary = self.memory.temporary_credentials.clone();
        let temporary = temporary
            .ok_or_else(|| Error::internal("an OAuth 1.0 flow remembers no temporary credentials"))?;
        AuthorizedToken::verify(response, temporary)
    }
}

async fn exchange_code(
    deps: &Deps,
    flow: &ClaimedFlow,
    grant: AuthorizationGrant,
    registration: &Registration,
    config: &OAuth2,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>, CallError> {
    let calls = deps.calls(flow.deadline.provider());
    let client_secret = secrets.get(&registration.option().key, "clientSecret");
    let bound = flow.memory.request.values(registration)?;
    let endpoint = TokenEndpoint::of_codes(config, client_secret, bound.values(), calls.loopback)?;
    let pkce = if config.skip_pkce { Pkce::Skipped } else { Pkce::S256 };
    Ok(endpoint.exchange_code(&calls, grant, pkce).await?.into_fields())
}

async fn exchange_token(
    deps: &Deps,
    flow: &ClaimedFlow,
    authorized: AuthorizedToken,
    registration: &Registration,
    config: &OAuth1,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>, CallError> {
    let calls = deps.calls(flow.deadline.provider());
    let client = oauth1::Client::of(config, &registration.option().key, secrets);
    let bound = flow.memory.request.values(registration)?;
    let endpoint = config.token_uri.render(bound.values(), calls.loopback)?;
    request_token_credentials(&calls, &client, endpoint, authorized).await
}

/// Adds the callback parameters that the definition keeps. The token response wins where both have a name.
fn with_kept(
    mut credentials: Map<String, Value>,
    config: &OAuth2,
    response: &AuthorizationResponse,
) -> Map<String, Value> {
    for name in &config.callback_parameters {
        if let Some(value) = response.get(name) {
            credentials.entry(name).or_insert_with(|| Value::from(value));
        }
    }
    credentials
}
