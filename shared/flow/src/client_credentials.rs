//! Client credentials: what the customer entered, as it is, or exchanged for a token.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use serde_json::{Map, Value};

use crate::api_call::{rendered, rendered_headers, unusable};
use crate::app::App;
use crate::clock::Timestamp;
use crate::connect::time_left;
use crate::definition::{ClientAuthentication, ClientCredentials, Exchange, LoginCall, OptionSecrets};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::{answer_not_understood, is_fault, unreachable};
use crate::oauth2::token_request::TokenEndpoint;
use crate::secret::{Secret, SecretMap};
use crate::template::{Template, Values};

/// Makes the credentials. `since` is when the work began.
pub async fn credentials(
    deps: &Deps,
    app: &App,
    values: &Values<'_>,
    config: &ClientCredentials,
    since: Timestamp,
) -> Result<SecretMap> {
    match config.exchange() {
        Exchange::None => Ok(values.parameters.clone()),
        Exchange::Grant(token_uri) => grant(deps, app, values, config, token_uri, since).await,
        Exchange::Login(login) => log_in(deps, values, login, since).await,
    }
    .map(SecretMap::new)
}

/// Where the client is the customer's own, a refusal of it is a refusal of what was entered.
fn as_refused_credentials(error: Error) -> Error {
    match error.key() {
        ErrorKey::ClientRejected | ErrorKey::TokenRejected => {
            let refused =
                Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.");
            match error.data().get("providerError") {
                Some(code) => refused.with("providerError", code.clone()),
                None => refused,
            }
        }
        _ => error,
    }
}

/// The client-credentials grant (RFC 6749 §4.4). The client is the customer's own, or the workspace's: then its secret is
/// sealed with the integration, and that it is refused is nothing that the customer could change.
async fn grant(
    deps: &Deps,
    app: &App,
    values: &Values<'_>,
    config: &ClientCredentials,
    token_uri: &Template,
    since: Timestamp,
) -> Result<Map<String, Value>> {
    let entered = |template: Option<&Template>, name: &str| match template {
        Some(template) => template.render_text(values),
        None => Template::parse(&format!("${{parameters.{name}}}"))?.render_text(values),
    };
    let client_id = entered(config.client_id.as_ref(), "clientId")?;
    let secrets = match (config.client_auth_location, &config.client_secret) {
        (ClientAuthentication::None, _) | (_, Some(_)) => OptionSecrets::default(),
        _ => deps.definitions.option_secrets(&app.integration).await?,
    };
    let own_secret = secrets.get(&app.option().key, "clientSecret");
    let client_secret = match (config.client_auth_location, own_secret) {
        (ClientAuthentication::None, _) => None,
        (_, Some(own)) => Some(own.clone()),
        (_, None) => Some(Secret::new(entered(config.client_secret.as_ref(), "clientSecret")?)),
    };
    let extra = rendered(&config.extra, values)?;
    let endpoint = TokenEndpoint {
        url: token_uri.render_url(values, deps.settings.loopback)?,
        client_id: &client_id,
        client_secret: client_secret.as_ref(),
        authentication: config.client_auth_location,
        body_format: config.body_format,
        provider: &*deps.provider,
        limit: time_left(deps, since)?,
    };
    let answered = endpoint.client_credentials(&config.scopes, extra).await;
    let answered = answered.map_err(|error| match own_secret {
        Some(_) => error,
        None => as_refused_credentials(error),
    });
    Ok(answered?.into_fields())
}

/// A login call of the service's own kind.
async fn log_in(
    deps: &Deps,
    values: &Values<'_>,
    login: &LoginCall,
    since: Timestamp,
) -> Result<Map<String, Value>> {
    let url = login.uri.render_url(values, deps.settings.loopback)?;
    let fields = rendered(&login.body, values)?;
    let (content_type, body) = login.body_format.encode(fields);
    let method = Method::from_bytes(login.method.as_bytes()).map_err(|_| unusable("login.method"))?;
    let mut call = Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, content_type);
    for header in rendered_headers(&login.headers, values, "login.headers") {
        let (name, value) = header?;
        call = call.header(name, value);
    }
    let call = call.body(body).map_err(|_| unusable("login.uri"))?;
    let response = deps.provider.send(call, time_left(deps, since)?).await;
    let response = response.map_err(|error| error.told("login.uri"))?;
    match response.status() {
        status if is_fault(status) => Err(unreachable()),
        status if !status.is_success() => {
            Err(Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.")
                .with("status", status.as_u16()))
        }
        _ => mapped(login, response.body()),
    }
}

/// The credentials, from where the definition says that they are in the answer.
fn mapped(login: &LoginCall, body: &[u8]) -> Result<Map<String, Value>> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| answer_not_understood())?;
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
                _ => Err(answer_not_understood().field(format!("login.response.{name}"))),
            }
        })
        .collect()
}
