//! Requests to a provider's API with a connection's credentials: the test call, and callers' requests through the
//! proxy.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderValue, Method, Request};
use serde_json::Value;
use url::Url;

pub use super::api_request::ApiRequest;
use super::api_request::form_fields;
use super::body_members;
use super::calls::{Answer, Calls};
use super::client::presenting;
use super::failure::CallError;
use super::maker::Maker;
use super::oauth1::{self, Authenticated, Signer, Token};
use super::signing::Authentication;
use crate::definition::{AuthMethod, DefinedCall, OAuth1, RequestSigning};
use crate::error::Result;
use crate::secret::Secret;

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

/// Authenticates the request: with the headers and the query that the definition makes of the credentials, and with a
/// signature where the definition, or OAuth 1.0, has one.
pub async fn authenticated(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    request: ApiRequest,
    purpose: Purpose,
) -> Result<Request<Bytes>> {
    signed(calls, maker, request, purpose, None).await
}

/// Does the same. `signing` takes the place of how every request is signed.
async fn signed(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    request: ApiRequest,
    purpose: Purpose,
    signing: Option<&RequestSigning>,
) -> Result<Request<Bytes>> {
    maker.filled(|| signed_once(calls, maker, request.clone(), purpose, signing)).await
}

fn signed_once(
    calls: &Calls<'_>,
    maker: &Maker<'_>,
    mut request: ApiRequest,
    purpose: Purpose,
    signing: Option<&RequestSigning>,
) -> Result<Request<Bytes>> {
    let option = maker.option();
    let values = maker.values();
    let values = if purpose == Purpose::Completing { values.lacking() } else { values };
    let authentication = Authentication {
        parts: option.api_client.parts(),
        signing: signing.or(option.api_client.signing.as_ref()),
        setting: "apiClient.headers",
    };
    body_members::add(&option.api_client.body, &values, &mut request)?;
    // What authenticates comes first: a default never takes its place.
    authentication.add(calls, maker, &values, &mut request, purpose != Purpose::Forwarded)?;
    let ApiRequest { method, url, mut headers, body } = request;
    for header in option.api_client.default_headers.render(&values, "apiClient.defaultHeaders") {
        let (name, value) = header?;
        headers.entry(name).or_insert(value);
    }
    if let AuthMethod::OAuth1(config) = &option.method {
        let form = form_fields(&headers, &body);
        headers.insert(AUTHORIZATION, signature(calls, maker, config, &method, &url, &form)?);
    }
    let request = ApiRequest { method, url, headers, body }.built("baseUri")?;
    Ok(presenting(request, option.api_certificate(&values)?))
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
    let fill = || {
        let mut url = call.path.at(base_uri)?.render(&values, calls.loopback)?;
        let (headers, body) = call.parts.render(&values, &mut url, settings.headers)?;
        Ok((url, headers, body))
    };
    let (url, mut headers, body) = maker.filled(fill).await?;
    if wants_json && !maker.option().api_client.default_headers.has(&ACCEPT) {
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    }
    let request = ApiRequest { method: call.method.of(settings.method)?, url, headers, body };
    calls.ask(signed(calls, maker, request, purpose, call.signing).await?, settings.path).await
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
