//! Temporary credentials (RFC 5849 §2.1), and the token credentials they become (§2.3).

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH};
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::sign::{Client, Signer, Token, sign};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::{answer_not_understood, is_fault, unreachable};
use crate::secret::Secret;

/// Temporary credentials, as the flow remembers them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TemporaryCredentials {
    /// The identifier, which the browser carries to the provider.
    pub token: String,
    /// The shared secret.
    pub secret: Secret,
}

/// Temporary credentials that the customer has authorized: only a verified callback makes them.
pub struct AuthorizedToken {
    pub(crate) temporary: TemporaryCredentials,
    pub(crate) verifier: Secret,
}

/// Requests temporary credentials for a callback address; `parameters` are what the provider wants besides.
pub async fn request_temporary_credentials(
    deps: &Deps,
    client: &Client<'_>,
    endpoint: Url,
    callback: &str,
    parameters: &[(String, String)],
    limit: Duration,
) -> Result<TemporaryCredentials> {
    let mut endpoint = endpoint;
    if !parameters.is_empty() {
        endpoint.query_pairs_mut().extend_pairs(parameters);
    }
    let oauth = [("oauth_callback", callback)];
    let answer = call(deps, client, None, endpoint, &oauth, "requestTokenUri", limit).await;
    let mut fields = answer.map_err(as_refused_client)?;
    // Without the confirmation the provider may send the browser to anybody's callback (§2.1).
    if !fields.get("oauth_callback_confirmed").is_some_and(is_true) {
        let message = "The service did not confirm where it will send its answer.";
        return Err(Error::new(ErrorKey::CallbackUnconfirmed, message));
    }
    let (token, secret) = (take(&mut fields, "oauth_token")?, take(&mut fields, "oauth_token_secret")?);
    Ok(TemporaryCredentials { token, secret: Secret::new(secret) })
}

/// `true`; providers written in Python say `True`, and JSON has a word of its own for it.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(confirmed) => *confirmed,
        value => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")),
    }
}

/// So far nobody but the client has said anything: a refusal is a refusal of the client (§3.2).
fn as_refused_client(error: Error) -> Error {
    match (error.key(), error.data().get("status").and_then(Value::as_u64)) {
        (ErrorKey::TokenRejected, Some(status @ (400 | 401 | 403))) => Error::new(
            ErrorKey::ClientRejected,
            "The service refused this application's own credentials. Its consumer key and secret need checking.",
        )
        .with("status", status),
        _ => error,
    }
}

/// Exchanges authorized temporary credentials for token credentials: `oauth_token`, `oauth_token_secret`, and whatever
/// the provider adds.
pub async fn request_token_credentials(
    deps: &Deps,
    client: &Client<'_>,
    endpoint: Url,
    authorized: AuthorizedToken,
    limit: Duration,
) -> Result<Map<String, Value>> {
    let token = Token { token: &authorized.temporary.token, secret: &authorized.temporary.secret };
    let verifier = [("oauth_verifier", authorized.verifier.expose())];
    let fields = call(deps, client, Some(&token), endpoint, &verifier, "tokenUri", limit).await?;
    for name in ["oauth_token", "oauth_token_secret"] {
        if fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(answer_not_understood());
        }
    }
    Ok(fields)
}

/// A signed POST whose answer is form-encoded, or, at some providers, JSON.
async fn call(
    deps: &Deps,
    client: &Client<'_>,
    token: Option<&Token<'_>>,
    endpoint: Url,
    oauth: &[(&str, &str)],
    setting: &'static str,
    limit: Duration,
) -> Result<Map<String, Value>> {
    let signer = Signer::new(&*deps.clock, &*deps.random);
    let header = sign("POST", &endpoint, client, token, oauth, &[], &signer)?;
    let request = Request::post(endpoint.as_str())
        .header(AUTHORIZATION, header)
        .header(ACCEPT, "application/x-www-form-urlencoded, application/json")
        .header(CONTENT_LENGTH, 0)
        .body(Bytes::new())
        .map_err(Error::internal)?;
    let response = deps.provider.send(request, limit).await.map_err(|error| error.told(setting))?;
    fields(&response)
}

fn fields(response: &Response<Bytes>) -> Result<Map<String, Value>> {
    let status = response.status();
    if is_fault(status) {
        return Err(unreachable());
    }
    if !status.is_success() {
        let message = "The service did not accept the sign-in. Please try again.";
        return Err(Error::new(ErrorKey::TokenRejected, message).with("status", status.as_u16()));
    }
    if let Ok(Value::Object(fields)) = serde_json::from_slice(response.body()) {
        return Ok(fields);
    }
    let pairs = form_urlencoded::parse(response.body()).into_owned();
    Ok(pairs.map(|(name, value)| (name, Value::String(value))).collect())
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Result<String> {
    match fields.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(answer_not_understood()),
    }
}
