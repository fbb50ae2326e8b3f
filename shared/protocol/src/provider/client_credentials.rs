//! Client credentials: the customer's input, used as it is or exchanged for a token.

use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Map, Value};

use super::api_call::rendered;
use super::calls::Calls;
use super::failure::{CallError, Failure, Refusal, Word};
use super::oauth2::token_request::TokenEndpoint;
use crate::definition::template::{Address, Template, Values};
use crate::definition::{ClientAuthentication, ClientCredentials, Exchange, LoginCall};
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretMap};

/// Makes the credentials. `sealed_secret` is the client secret that is sealed beside the definition, if the client is
/// the workspace's own.
pub async fn credentials(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    sealed_secret: Option<&Secret>,
    values: &Values<'_>,
) -> Result<SecretMap, CallError> {
    match config.exchange() {
        Exchange::None => Ok(values.parameters.clone()),
        Exchange::Grant(token_uri) => grant(calls, config, token_uri, sealed_secret, values).await,
        Exchange::Login(login) => log_in(calls, login, values).await,
    }
    .map(SecretMap::new)
}

/// The client-credentials grant (RFC 6749 §4.4). The client is the customer's own or the workspace's. If the provider
/// refuses the workspace's, the customer cannot change that.
async fn grant(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    token_uri: &Address,
    sealed_secret: Option<&Secret>,
    values: &Values<'_>,
) -> Result<Map<String, Value>, CallError> {
    let sealed_secret = sealed_secret.filter(|_| config.customer_host.sends_secret_to(token_uri));
    let entered = |template: Option<&Template>, name: &str| match template {
        Some(template) => template.render_text(values),
        None => Template::parse(&format!("${{parameters.{name}}}"))?.render_text(values),
    };
    let client_id = entered(config.client_id.as_ref(), "clientId")?;
    let entered_secret = match (config.client_auth_location, sealed_secret) {
        (ClientAuthentication::None, _) | (_, Some(_)) => None,
        (_, None) => Some(Secret::new(entered(config.client_secret.as_ref(), "clientSecret")?)),
    };
    let extra = rendered(&config.extra, values)?;
    let url = token_uri.render(values, calls.loopback)?;
    let secret = sealed_secret.or(entered_secret.as_ref());
    let endpoint = TokenEndpoint::of_client(config, url, &client_id, secret);
    let answered = endpoint.client_credentials(calls, &config.scopes, extra).await;
    let is_customers =
        sealed_secret.is_none() && !(config.client_secret.is_some() && config.has_own_client());
    let answered = answered.map_err(|error| match (is_customers, error) {
        (true, CallError::Provider(failure)) => as_refused_credentials(*failure).into(),
        (_, error) => error,
    });
    Ok(answered?.into_fields())
}

/// If the client is the customer's own, a refusal of the client is a refusal of the customer's input.
fn as_refused_credentials(failure: Failure) -> Failure {
    match failure.refusal {
        Refusal::Client | Refusal::Grant => failure.meaning(Refusal::Credentials(Word::Definite)),
        Refusal::Request => failure.meaning(Refusal::Credentials(Word::Doubtful)),
        _ => failure,
    }
}

/// A login call of the service's own kind.
async fn log_in(
    calls: &Calls<'_>,
    login: &LoginCall,
    values: &Values<'_>,
) -> Result<Map<String, Value>, CallError> {
    let url = login.uri.render(values, calls.loopback)?;
    let fields = rendered(&login.body, values)?;
    let (content_type, body) = login.body_format.encode(fields);
    let mut request = Request::builder()
        .method(login.method.of("login.method")?)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, content_type);
    for header in login.headers.render(values, "login.headers") {
        let (name, value) = header?;
        request = request.header(name, value);
    }
    let request = request.body(body).map_err(|_| Error::unusable("login.uri"))?;
    let answer = calls.ask(request, "login.uri").await?;
    match answer.response.status() {
        status if !status.is_success() => {
            Err(answer.failed(Refusal::Credentials(Word::of(status))).with_status_shown().into())
        }
        _ => mapped(login, answer.response.body()).map_err(|problem| match problem {
            Unmapped::NoJson => answer.failed(Refusal::NotUnderstood).detail("it is not JSON").into(),
            Unmapped::Missing(name) => {
                let failure = answer.failed(Refusal::NotUnderstood).detail("a credential is not in it");
                CallError::Ours(Error::from(failure).field(format!("login.response.{name}")))
            }
        }),
    }
}

enum Unmapped {
    NoJson,
    Missing(String),
}

/// The credentials, from the places in the answer that the definition names.
fn mapped(login: &LoginCall, body: &[u8]) -> Result<Map<String, Value>, Unmapped> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| Unmapped::NoJson)?;
    login
        .response
        .iter()
        .map(|(name, path)| {
            let found = path.split('.').try_fold(&answer, |value, segment| match value {
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
                value => value.get(segment),
            });
            match found {
                Some(value) if !value.is_null() => Ok((name.clone(), value.clone())),
                _ => Err(Unmapped::Missing(name.clone())),
            }
        })
        .collect()
}
