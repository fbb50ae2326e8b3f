//! Temporary credentials (RFC 5849 §2.1), and the token credentials they become (§2.3).

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH};
use http::{Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::client::{Client, Token};
use super::sign::{Authenticated, Signer, sign};
use crate::definition::TokenMethod;
use crate::error::{Error, ErrorKey};
use crate::json;
use crate::provider::authorization_response::{AuthorizationResponse, refused_by_provider};
use crate::provider::calls::{Answer, Calls};
use crate::provider::failure::{CallError, Refusal};
use crate::provider::token_form;
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
#[derive(Debug)]
pub struct AuthorizedToken {
    temporary: TemporaryCredentials,
    verifier: Secret,
}

impl AuthorizedToken {
    /// Verifies a callback (RFC 5849 §2.2): the temporary credentials must be those that the flow remembers.
    pub fn verify(response: &AuthorizationResponse, temporary: TemporaryCredentials) -> Result<Self, Error> {
        // Not in the RFC, but providers report a denial in these ways.
        let problem = response.get("oauth_problem");
        if response.get("denied").is_some() || matches!(problem, Some("permission_denied" | "user_refused")) {
            return Err(refused_by_provider("access_denied", &[]));
        }
        if response.get("error").or(problem).is_some() {
            return Err(refused_by_provider(response.get("error").unwrap_or_default(), &[]));
        }
        if response.get("oauth_token") != Some(temporary.token.as_str()) {
            let message = "The service's answer belongs to another sign-in.";
            return Err(Error::new(ErrorKey::AuthorizationError, message).field("oauth_token"));
        }
        let verifier = response.get("oauth_verifier").ok_or_else(|| {
            Error::new(ErrorKey::CodeMissing, "The service's answer contains no verifier.")
                .field("oauth_verifier")
        })?;
        Ok(Self { temporary, verifier: Secret::from(verifier) })
    }
}

/// An endpoint that issues credentials.
pub struct Endpoint {
    /// The address.
    pub url: Url,
    /// The method that it takes.
    pub method: TokenMethod,
}

/// Requests temporary credentials for a callback address. `parameters` are further ones that the provider wants.
pub async fn request_temporary_credentials(
    calls: &Calls<'_>,
    client: &Client<'_>,
    mut endpoint: Endpoint,
    callback: &str,
    parameters: &[(String, String)],
) -> Result<TemporaryCredentials, CallError> {
    if !parameters.is_empty() {
        endpoint.url.query_pairs_mut().extend_pairs(parameters);
    }
    let request =
        TokenRequest { endpoint, setting: "requestTokenUri", oauth: &[("oauth_callback", callback)] };
    let mut answer = request.send(calls, client, None).await.map_err(as_refused_client)?;
    // Without the confirmation the provider may send the browser to anybody's callback (§2.1).
    if !answer.fields.get("oauth_callback_confirmed").is_some_and(is_true) {
        let message = "The service did not confirm where it will send its answer.";
        return Err(Error::new(ErrorKey::CallbackUnconfirmed, message).into());
    }
    let (token, secret) = (answer.take("oauth_token")?, answer.take("oauth_token_secret")?);
    Ok(TemporaryCredentials { token, secret: Secret::new(secret) })
}

/// True for `true`. Providers written in Python write `True`, and JSON has a boolean of its own.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(confirmed) => *confirmed,
        value => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")),
    }
}

/// Only the client has acted so far, so a refusal is a refusal of the client (§3.2).
fn as_refused_client(error: CallError) -> CallError {
    match error {
        CallError::Provider(failure)
            if failure.refusal == Refusal::Request && matches!(failure.status(), Some(400 | 401 | 403)) =>
        {
            failure.meaning(Refusal::Client).into()
        }
        error => error,
    }
}

/// Exchanges authorized temporary credentials for token credentials: `oauth_token`, `oauth_token_secret`, and any
/// fields that the provider adds.
pub async fn request_token_credentials(
    calls: &Calls<'_>,
    client: &Client<'_>,
    endpoint: Endpoint,
    authorized: AuthorizedToken,
) -> Result<Map<String, Value>, CallError> {
    let token = Token { token: &authorized.temporary.token, secret: &authorized.temporary.secret };
    let oauth = [("oauth_verifier", authorized.verifier.expose())];
    let request = TokenRequest { endpoint, setting: "tokenUri", oauth: &oauth };
    let TokenAnswer { fields, answer } = request.send(calls, client, Some(&token)).await?;
    for name in ["oauth_token", "oauth_token_secret"] {
        if fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(lacks(&answer, name));
        }
    }
    Ok(fields)
}

/// A signed request without a body. Its answer is form-encoded or, at some providers, JSON.
struct TokenRequest<'a> {
    endpoint: Endpoint,
    setting: &'static str,
    oauth: &'a [(&'a str, &'a str)],
}

impl TokenRequest<'_> {
    async fn send(
        self,
        calls: &Calls<'_>,
        client: &Client<'_>,
        token: Option<&Token<'_>>,
    ) -> Result<TokenAnswer, CallError> {
        let signer = Signer::new(calls.clock, calls.random);
        let Endpoint { url, method } = &self.endpoint;
        let (method, length) = match method {
            TokenMethod::Post => (Method::POST, Some(0)),
            TokenMethod::Get => (Method::GET, None),
        };
        let signed = Authenticated { method: method.as_str(), url, oauth: self.oauth, form: &[] };
        let mut request = Request::builder()
            .uri(url.as_str())
            .header(AUTHORIZATION, sign(&signed, client, token, &signer)?)
            .header(ACCEPT, "application/x-www-form-urlencoded, application/json");
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, length);
        }
        let request = request.method(method).body(Bytes::new()).map_err(Error::internal)?;
        let answer = calls.ask(request, self.setting).await?;
        if !answer.response.status().is_success() {
            return Err(answer.failed(Refusal::Request).with_status_shown().into());
        }
        Ok(TokenAnswer { fields: fields(answer.response.body()), answer })
    }
}

/// The fields of an answer.
struct TokenAnswer {
    fields: Map<String, Value>,
    answer: Answer,
}

impl TokenAnswer {
    fn take(&mut self, name: &'static str) -> Result<String, CallError> {
        match self.fields.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(lacks(&self.answer, name)),
        }
    }
}

fn lacks(answer: &Answer, name: &str) -> CallError {
    answer.failed(Refusal::NotUnderstood).detail(format!("{name} is not in it")).into()
}

fn fields(body: &[u8]) -> Map<String, Value> {
    if let Some(Value::Object(fields)) = json::read(body) {
        return fields;
    }
    if !token_form::is_readable(body) {
        return Map::new();
    }
    form_urlencoded::parse(body).into_owned().map(|(name, value)| (name, Value::String(value))).collect()
}
