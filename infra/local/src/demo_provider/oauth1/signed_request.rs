//! Checking a signed request (RFC 5849 §3.2).

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::authorization_header;
use super::base_string::SignedParts;
use super::client::Client;
use super::error::SignatureError;
use super::nonces::Used;
use super::signature::{Secrets, SignatureMethod};
use crate::demo_provider::Provider;
use crate::demo_provider::users::User;

const FORM: &str = "application/x-www-form-urlencoded";

/// The credentials that a request must name besides its client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    None,
    Temporary,
    Token,
}

/// A request whose signature is good.
pub(super) struct SignedRequest<'a> {
    pub(super) client: &'a Client,
    /// Empty for [`TokenKind::None`].
    pub(super) token: String,
    protocol: Vec<(String, String)>,
}

impl SignedRequest<'_> {
    /// A protocol parameter of this step, such as `oauth_callback`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        get(&self.protocol, name)
    }
}

/// True if the request claims to be signed.
pub(in crate::demo_provider) fn is_signed(headers: &HeaderMap) -> bool {
    authorization(headers).is_some_and(|value| authorization_header::after_scheme(value).is_some())
}

/// The user of a request that is signed with token credentials.
pub(super) fn of_token(provider: &Provider, head: &Parts) -> Result<&'static User, SignatureError> {
    let request = verify(provider, head, &[], TokenKind::Token)?;
    let store = provider.oauth1();
    store.credentials.token(&request.token).map(|record| record.user).ok_or(SignatureError::Token)
}

/// Checks everything that §3.2 asks for. The nonce comes last, so that only a good request uses one up.
pub(super) fn verify<'a>(
    provider: &'a Provider,
    head: &Parts,
    body: &[u8],
    kind: TokenKind,
) -> Result<SignedRequest<'a>, SignatureError> {
    let header = authorization(&head.headers).ok_or(SignatureError::Missing)?;
    let protocol = authorization_header::parse(header).ok_or(SignatureError::Malformed)?;
    // "Each parameter MUST NOT appear more than once per request" (§3.1).
    let repeats = |(index, (name, _)): (usize, &(String, String))| {
        protocol[..index].iter().any(|(earlier, _)| earlier == name)
    };
    if protocol.iter().enumerate().any(repeats) {
        return Err(SignatureError::Repeated);
    }
    if get(&protocol, "oauth_version").is_some_and(|version| version != "1.0") {
        return Err(SignatureError::Version);
    }
    let required = |name: &str| get(&protocol, name).ok_or(SignatureError::Missing);
    let method = SignatureMethod::named(required("oauth_signature_method")?).ok_or(SignatureError::Method)?;
    let signature = required("oauth_signature")?;
    let client = Client::find(&provider.config.consumers, required("oauth_consumer_key")?);
    let client = client.ok_or(SignatureError::Client)?;
    let token = match kind {
        TokenKind::None => String::new(),
        TokenKind::Temporary | TokenKind::Token => required("oauth_token")?.to_owned(),
    };
    let token_secret = token_secret(provider, client, &token, kind)?;
    let secrets =
        Secrets { client: &client.secret, token: &token_secret, public_key: client.public_key.as_deref() };
    if !secrets.verify(method, &base_string(provider, head, body, &protocol), signature) {
        return Err(SignatureError::Signature);
    }
    if method != SignatureMethod::Plaintext {
        let timestamp = required("oauth_timestamp")?.parse().map_err(|_| SignatureError::Timestamp)?;
        let used = Used {
            consumer_key: client.consumer_key.clone(),
            token: token.clone(),
            timestamp,
            nonce: required("oauth_nonce")?.to_owned(),
        };
        provider.oauth1().nonces.take(used, provider.config.clock.now())?;
    }
    Ok(SignedRequest { client, token, protocol })
}

/// The shared secret of the client's own token.
fn token_secret(
    provider: &Provider,
    client: &Client,
    token: &str,
    kind: TokenKind,
) -> Result<String, SignatureError> {
    let store = provider.oauth1();
    let found = match kind {
        TokenKind::None => return Ok(String::new()),
        TokenKind::Temporary => store
            .credentials
            .temporary(token, provider.config.clock.now())
            .map(|temporary| (&temporary.consumer_key, &temporary.secret)),
        TokenKind::Token => {
            store.credentials.token(token).map(|record| (&record.consumer_key, &record.secret))
        }
    };
    let found = found.filter(|(consumer_key, _)| **consumer_key == client.consumer_key);
    found.map(|(_, secret)| secret.clone()).ok_or(SignatureError::Token)
}

/// The base string of the request as it arrived: query, header and form body are all signed (§3.4.1.3.1).
fn base_string(provider: &Provider, head: &Parts, body: &[u8], protocol: &[(String, String)]) -> String {
    let text = |name: header::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let mut parameters: Vec<(String, String)> = query.into_owned().collect();
    parameters.extend(protocol.iter().filter(|(name, _)| name != "oauth_signature").cloned());
    let media_type = text(header::CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case(FORM) {
        parameters.extend(form_urlencoded::parse(body).into_owned());
    }
    let (scheme, own_host) = provider.config.base.split_once("://").unwrap_or(("http", ""));
    let parts = SignedParts {
        method: head.method.as_str(),
        scheme,
        host: text(header::HOST).unwrap_or(own_host),
        path: head.uri.path(),
        parameters,
    };
    parts.base_string()
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

fn get<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}
