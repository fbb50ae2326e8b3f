//! Requests to a provider's API with a connection's credentials: the test call, and callers' requests through the
//! proxy.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::calls::{Answer, Calls};
use super::failure::CallError;
use super::maker::Maker;
use super::oauth1::{self, Authenticated, Signer, Token};
use crate::definition::{AuthMethod, DefinedCall, OAuth1};
use crate::error::{Error, Result};
use crate::media_type::is_form;
use crate::secret::Secret;

/// A request to the API, before it is authenticated.
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A caller wrote it: what authenticates it takes the place of the caller's own headers.
    Forwarded,
    /// The definition describes it: its headers take the place of those of every request.
    Defined,
    /// The definition describes it, and it completes the credentials: what it will bring is left out.
    Completing,
}

/// Authenticates the request: with the headers and the query that the definition makes of the credentials, or with an
/// OAuth 1.0 signature.
pub fn authenticated(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    request: ApiRequest,
    purpose: Purpose,
) -> Result<Request<Bytes>> {
    let ApiRequest { method, mut url, mut headers, body } = request;
    let option = maker.option();
    let parts = option.api_client.parts();
    let values = maker.values();
    let values = if purpose == Purpose::Completing { values.lacking() } else { values };
    let (authenticating, _) = parts.render(&values, &mut url, "apiClient.headers")?;
    for (name, value) in &authenticating {
        if purpose == Purpose::Forwarded || !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    if let AuthMethod::OAuth1(config) = &option.method {
        let form = form_fields(&headers, &body);
        headers.insert(AUTHORIZATION, signature(calls, maker, config, &method, &url, &form)?);
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url.as_str().parse().map_err(|_| Error::unusable("baseUri"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The settings that errors about a call name.
pub(super) struct Settings {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) headers: &'static str,
}

/// Makes a call that the definition describes. It asks for JSON unless the definition says otherwise, if `wants_json`.
pub(super) async fn ask(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    call: DefinedCall<'_>,
    settings: &Settings,
    (purpose, wants_json): (Purpose, bool),
) -> Result<Answer, CallError> {
    let values = maker.values();
    let base_uri = maker.registration().base_uri();
    let mut url = call.path.at(base_uri)?.render(&values, calls.loopback)?;
    let (mut headers, body) = call.parts.render(&values, &mut url, settings.headers)?;
    if wants_json {
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    }
    let request = ApiRequest { method: call.method.of(settings.method)?, url, headers, body };
    calls.ask(authenticated(calls, maker, request, purpose)?, settings.path).await
}

/// The signature of an OAuth 1.0 request. It covers the fields of a form-encoded body (RFC 5849 §3.4.1.3.1).
fn signature(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    config: &OAuth1,
    method: &Method,
    url: &Url,
    form: &[(String, String)],
) -> Result<HeaderValue> {
    let values = maker.values();
    let client = oauth1::Client::of(config, maker.option(), maker.secrets(), &values)?;
    let credential = |name: &str| values.credentials.get(name).and_then(Value::as_str);
    let secret = Secret::from(credential("oauth_token_secret").unwrap_or_default());
    let token = Token { token: credential("oauth_token").unwrap_or_default(), secret: &secret };
    let request = Authenticated { method: method.as_str(), url, oauth: &[], form };
    oauth1::sign(&request, &client, Some(&token), &Signer::new(calls.clock, calls.random))
}

fn form_fields(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    if is_form(headers) { form_urlencoded::parse(body).into_owned().collect() } else { Vec::new() }
}
