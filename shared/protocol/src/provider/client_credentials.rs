//! Client credentials: the customer's input, used as it is or exchanged for a token.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode};
use serde_json::{Map, Value};

use super::api_request::ApiRequest;
use super::calls::Calls;
use super::client::presenting;
use super::failure::{CallError, Failure, Refusal, Word};
use super::maker::Maker;
use super::oauth2::authorization_request::joined;
use super::oauth2::token_request::TokenEndpoint;
use super::oauth2::token_response::settle;
use super::signing::Authentication;
use crate::answer::Content;
use crate::definition::template::{Address, Template};
use crate::definition::{
    CallParts, CertificateSetting, ClientCredentials, Exchange, Headers, LoginCall, Pick, Query, is_expected,
    picked, rendered,
};
use crate::error::{Error, Result};
use crate::secret::{Secret, SecretMap};

/// Makes the credentials.
pub async fn credentials(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    maker: &Maker<'_>,
) -> Result<SecretMap, CallError> {
    let values = &maker.values();
    match config.exchange() {
        Exchange::None => Ok(values.parameters.clone()),
        Exchange::Grant(token_uri) => grant(calls, config, token_uri, maker).await,
        Exchange::Login(login) => log_in(calls, login, maker).await.map(|mut fields| {
            settle(&mut fields, config.expires_in_unit, calls.clock.now());
            fields
        }),
    }
    .map(SecretMap::new)
}

/// The client-credentials grant (RFC 6749 §4.4). The client is the customer's own or the workspace's. If the provider
/// refuses the workspace's, the customer cannot change that.
async fn grant(
    calls: &Calls<'_>,
    config: &ClientCredentials,
    token_uri: &Address,
    maker: &Maker<'_>,
) -> Result<Map<String, Value>, CallError> {
    let values = &maker.values();
    let sealed_secret =
        maker.secret("clientSecret").filter(|_| config.customer_host.sends_secret_to(token_uri));
    let entered = |template: Option<&Template>, name: &str| match template {
        Some(template) => template.render_text(values),
        None => Template::parse(&format!("${{parameters.{name}}}"))?.render_text(values),
    };
    let filled = maker.filled(|| {
        let client_id = match &config.client_id {
            None if config.is_clientless() => String::new(),
            template => entered(template.as_ref(), "clientId")?,
        };
        let entered_secret = match (config.client_auth_location, sealed_secret) {
            (authentication, _) if authentication.needs_no_secret() => None,
            (_, Some(_)) => None,
            (_, None) => Some(Secret::new(entered(config.client_secret.as_ref(), "clientSecret")?)),
        };
        let extra = rendered(&config.extra, values)?;
        let scope = joined(&config.scopes, &config.scope_separator, values)?;
        let url = token_uri.render(values, calls.loopback)?;
        let secret = sealed_secret.cloned().or(entered_secret);
        Ok((TokenEndpoint::of_client(config, url, client_id, secret, maker)?, scope, extra))
    });
    let (endpoint, scope, extra) = filled.await?;
    let answered = endpoint.client_credentials(calls, scope, extra).await;
    let is_ours = sealed_secret.is_some()
        || (config.client_secret.is_some() && config.has_own_client())
        || maker.option().client_certificate.as_ref().is_some_and(CertificateSetting::is_teams)
        || maker.option().own_key_signs_requests();
    let answered = answered.map_err(|error| match (is_ours, error) {
        (false, CallError::Provider(failure)) => as_refused_credentials(*failure).into(),
        (_, error) => error,
    });
    Ok(answered?.into_fields())
}

/// If the client is the customer's own, a refusal of the client is a refusal of the customer's input.
fn as_refused_credentials(failure: Failure) -> Failure {
    match failure.refusal {
        Refusal::Client | Refusal::Grant => failure.meaning(Refusal::Credentials(Word::Definite)),
        Refusal::Request => failure.meaning(Refusal::Credentials(Word::Doubtful)),
        Refusal::Refused if matches!(failure.status(), Some(400 | 403 | 422)) => {
            failure.meaning(Refusal::Credentials(Word::Doubtful))
        }
        _ => failure,
    }
}

fn login_request(calls: &Calls<'_>, login: &LoginCall, maker: &Maker<'_>) -> Result<Request<Bytes>> {
    let values = &maker.values();
    let mut url = login.uri.render(values, calls.loopback)?;
    let parts = login.parts();
    let body_alone = CallParts { query: &Query::new(), headers: &Headers::default(), basic: None, ..parts };
    let (headers, body) = body_alone.render(values, &mut url, "login.headers")?;
    let mut request = ApiRequest { method: login.method.of("login.method")?, url, headers, body };
    let rest = CallParts { body: None, ..parts };
    let authentication =
        Authentication { parts: rest, signing: login.signing.as_ref(), setting: "login.headers" };
    authentication.add(calls, maker, values, &mut request, false)?;
    request.headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    Ok(presenting(request.built("login.uri")?, maker.option().certificate(values)?))
}

/// A login call of the service's own kind.
async fn log_in(
    calls: &Calls<'_>,
    login: &LoginCall,
    maker: &Maker<'_>,
) -> Result<Map<String, Value>, CallError> {
    let request = maker.filled(|| login_request(calls, login, maker)).await?;
    let answer = calls.ask(request, "login.uri").await?;
    let status = answer.response.status();
    let content = Content::of(&answer.response);
    if !is_expected(login.expect.as_ref(), status, &content) {
        // The team's own key is not what the customer entered.
        if status == StatusCode::UNAUTHORIZED && maker.option().own_key_signs_requests() {
            return Err(answer.failed(Refusal::Client).into());
        }
        let word = if status.is_success() { Word::Definite } else { Word::of(status) };
        return Err(answer.failed(Refusal::Credentials(word)).with_status_shown().into());
    }
    if login.response.values().any(Pick::reads_body) && content.value().is_none() {
        return Err(answer.failed(Refusal::NotUnderstood).detail("it is neither JSON nor XML").into());
    }
    let found = picked(&login.response, &content);
    match login.response.keys().find(|name| !found.contains_key(*name)) {
        None => Ok(found),
        Some(name) => {
            let failure = answer.failed(Refusal::NotUnderstood).detail("a credential is not in it");
            Err(CallError::Ours(Error::from(failure).field(format!("login.response.{name}"))))
        }
    }
}
