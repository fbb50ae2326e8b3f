//! Turns a provider's answer to a flow into a stored connection.

use protocol::clock::Timestamp;
use protocol::deadline::{CLAIM, Deadline, FAILURE_RECORD};
use protocol::definition::{
    AuthMethod, ConsentGrant, OAuth1, OAuth2, OptionSecrets, Registration, add_further,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::authorization_response::AuthorizationResponse;
use protocol::provider::calls::Calls;
use protocol::provider::failure::CallError;
use protocol::provider::maker::Maker;
use protocol::provider::oauth1::{self, AuthorizedToken, TemporaryCredentials, request_token_credentials};
use protocol::provider::oauth2::consent::{self, Consent};
use protocol::provider::oauth2::token_request::TokenEndpoint;
use protocol::provider::oauth2::{AuthorizationGrant, Sent};
use protocol::record::{self, Level, Remark};
use protocol::secret::{Secret, SecretMap};
use serde_json::{Map, Value};

use super::connect::{Issued, Progress, connect, connection_key};
use super::registration;
use crate::connection::ConnectRequest;
use crate::context::attempt;
use crate::context::outcome::Outcome;
use crate::deps::Deps;
use crate::store::FlowClaim;

/// A provider's answer, and what the flow remembers of the question.
pub struct Answered<'a> {
    /// The request to connect.
    pub request: &'a ConnectRequest,
    /// The `redirect_uri` of the authorization request.
    pub callback_uri: &'a str,
    /// The code verifier of the authorization request.
    pub code_verifier: &'a Secret,
    /// The temporary credentials of an OAuth 1.0 flow.
    pub temporary_credentials: Option<&'a TemporaryCredentials>,
    /// The answer.
    pub response: &'a AuthorizationResponse,
}

/// An answer that was verified: it can be exchanged, once.
pub struct Verified {
    registration: Registration,
    grant: Grant,
}

enum Grant {
    Code(AuthorizationGrant),
    Consent(Consent),
    Token(AuthorizedToken),
}

/// Exchanges a verified answer's code or token, proves the credentials, and saves the connection with the flow's
/// outcome.
pub async fn exchange_and_connect(
    deps: &Deps,
    answered: &Answered<'_>,
    flow: FlowClaim<'_>,
    deadline: Deadline,
) -> Result<Progress> {
    // The sealing key comes from KMS and the definition from the database, so both are fetched at the same time.
    let (verified, key) = tokio::join!(answered.verify(deps), connection_key(deps, answered.request));
    let (Verified { registration, grant }, key) = (verified?, key?);
    let secrets = registration::issuing_secrets(deps, &registration).await?;
    let calls = deps.calls(deadline.provider());
    record::step("exchange");
    let credentials = match (&registration.option().method, grant) {
        (AuthMethod::OAuth2(config), Grant::Code(grant)) => {
            exchange_code(&calls, answered, grant, &registration, config, &secrets).await?
        }
        (AuthMethod::OAuth2(config), Grant::Consent(_)) => {
            request_tokens(&calls, answered, &registration, config, &secrets).await?
        }
        (AuthMethod::OAuth1(config), Grant::Token(token)) => {
            exchange_token(&calls, answered, token, &registration, config, &secrets).await?
        }
        _ => return Err(no_callback()),
    };
    let issued = Issued {
        registration: &registration,
        credentials: SecretMap::new(credentials),
        at: deps.clock.now(),
        next_call: Some(0),
        key: &key,
        callback_uri: Some(answered.callback_uri),
        flow: Some(flow),
    };
    connect(deps, answered.request, issued, deadline).await
}

impl Answered<'_> {
    /// Verifies the answer, and exchanges nothing.
    pub async fn verify(&self, deps: &Deps) -> Result<Verified> {
        record::step("verify");
        let registration = registration::of_flow(deps, self.request).await?;
        let option = registration.option();
        let secrets = match &option.method {
            AuthMethod::OAuth2(config) if config.callback_hmac.is_some() => {
                registration::issuing_secrets(deps, &registration).await?
            }
            _ => OptionSecrets::default(),
        };
        let client_secret = option.secret(&secrets, "clientSecret");
        let grant = match &option.method {
            AuthMethod::OAuth2(config) if config.grant == ConsentGrant::ClientCredentials => {
                Grant::Consent(Consent::verify(self.response, config, client_secret)?)
            }
            AuthMethod::OAuth2(config) => {
                let sent = Sent {
                    code_verifier: self.code_verifier.clone(),
                    redirect_uri: self.callback_uri.to_owned(),
                };
                Grant::Code(AuthorizationGrant::verify(self.response, sent, config, client_secret)?)
            }
            AuthMethod::OAuth1(_) => {
                let temporary = self
                    .temporary_credentials
                    .cloned()
                    .ok_or_else(|| Error::internal("an OAuth 1.0 flow remembers no temporary credentials"))?;
                Grant::Token(AuthorizedToken::verify(self.response, temporary)?)
            }
            AuthMethod::ClientCredentials(_) | AuthMethod::Proxy(_) => return Err(no_callback()),
        };
        Ok(Verified { registration, grant })
    }
}

fn no_callback() -> Error {
    Error::internal("a callback for an option that has none")
}

async fn exchange_code(
    calls: &Calls<'_>,
    answered: &Answered<'_>,
    grant: AuthorizationGrant,
    registration: &Registration,
    config: &OAuth2,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>, CallError> {
    let kept = kept(config, answered.response)?;
    let bound = answered.request.values_with(registration, &kept)?.called_back(Some(answered.callback_uri));
    let maker = Maker::new(calls, bound, secrets);
    let endpoint = maker.filled(|| TokenEndpoint::of_codes(config, &maker, calls.loopback)).await?;
    let response = endpoint.exchange_code(calls, grant, config.code_challenge()).await?;
    let answer = response.into_fields();
    let mut fields = answer.clone();
    add_further(&config.further_tokens, &answer, &mut fields);
    with_kept(config, fields, &kept)
}

/// Requests tokens with the client's own credentials. What the callback kept is already there to fill the address.
async fn request_tokens(
    calls: &Calls<'_>,
    answered: &Answered<'_>,
    registration: &Registration,
    config: &OAuth2,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>, CallError> {
    let kept = kept(config, answered.response)?;
    let bound = answered.request.values_with(registration, &kept)?.called_back(Some(answered.callback_uri));
    let response = consent::request_tokens(calls, config, &Maker::new(calls, bound, secrets)).await?;
    with_kept(config, response.into_fields(), &kept)
}

async fn exchange_token(
    calls: &Calls<'_>,
    answered: &Answered<'_>,
    authorized: AuthorizedToken,
    registration: &Registration,
    config: &OAuth1,
    secrets: &OptionSecrets,
) -> Result<Map<String, Value>, CallError> {
    let bound = answered.request.values(registration)?;
    let maker = Maker::new(calls, bound, secrets);
    let client = oauth1::Client::of(config, registration.option(), secrets, &maker.values())?;
    let url = config.endpoints()?.token.render(&maker.values(), calls.loopback)?;
    let endpoint = oauth1::Endpoint { url, method: config.token_method };
    request_token_credentials(calls, &client, endpoint, authorized).await
}

/// The callback parameters that the definition keeps.
fn kept(config: &OAuth2, response: &AuthorizationResponse) -> Result<SecretMap> {
    let mut kept = SecretMap::default();
    for name in config.callback().kept() {
        if let Some(value) = response.get(name) {
            kept.insert(name, Value::from(value));
        }
    }
    config.callback_parameters.admit(kept.expose())?;
    Ok(kept)
}

/// Adds what is kept. The token response wins where both have a name, but brings no value either that is on no list.
fn with_kept(
    config: &OAuth2,
    mut fields: Map<String, Value>,
    kept: &SecretMap,
) -> Result<Map<String, Value>, CallError> {
    for (name, value) in kept.expose() {
        fields.entry(name).or_insert_with(|| value.clone());
    }
    config.callback_parameters.admit(&fields)?;
    Ok(fields)
}

/// Records a flow's failure as its outcome; a success was already saved with its connection. If this write fails,
/// whoever asks for the result finds the flow interrupted.
pub async fn record_failure(deps: &Deps, flow: FlowClaim<'_>, error: Error) {
    // The save may have reached the database although its answer was lost. Then the flow already has its outcome.
    if matches!(error.key(), ErrorKey::StorageUnavailable | ErrorKey::LockTimeout) {
        return;
    }
    recorded(deps.store.end_flow(flow.flow, flow.claimant, &Outcome::Failed(error))).await;
}

/// Waits until an outcome is recorded, but not for long.
pub async fn recorded<T>(written: impl Future<Output = Result<T>>) {
    match tokio::time::timeout(FAILURE_RECORD, written).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => error.note("the outcome was not recorded"),
        Err(_) => record::notes(Remark::new(Level::Error, "the outcome was not recorded in time")),
    }
}

/// Returns the outcome of a flow whose claimant died: interrupted, for good. Both write under the same condition, so a
/// flow never has two outcomes. Returns nothing while the claimant may be at work.
pub async fn interrupted(deps: &Deps, flow: FlowClaim<'_>, claimed_at: Timestamp) -> Result<Option<Outcome>> {
    if deps.clock.now().since(claimed_at) < CLAIM {
        return Ok(None);
    }
    record::notes(Remark::new(Level::Error, "a flow was interrupted"));
    let interrupted = Outcome::Failed(attempt::interrupted());
    deps.store.end_abandoned(flow.flow, flow.claimant, &interrupted).await.map(Some)
}
