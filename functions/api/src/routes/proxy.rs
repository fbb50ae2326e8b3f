//! `/connections/{id}/proxy/{path}`: a request to the integration's API with the connection's credentials, which the
//! caller need not hold.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flow::api_call::{authenticated, unusable};
use flow::app::App;
use flow::clock::Timestamp;
use flow::connection::{Connection, ConnectionSecrets};
use flow::deps::Deps;
use flow::error::{Error, ErrorKey, Result};
use flow::http::provider::ProviderError;
use flow::refresh::{self, Renewal};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, FORWARDED,
    HOST, ORIGIN, REFERER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    VIA, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use url::Url;

use crate::auth;

/// How long everything may take; API Gateway's limit is 30 s.
const LIMIT: Duration = Duration::from_secs(28);

/// The methods that go through; `OPTIONS` is answered as a preflight.
const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// The most that a request's body may weigh, in bytes: a Lambda event ends at 6 MB, base64 included.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Hop-by-hop (RFC 9110 §7.6.1), ours, or the browser's: not the provider's business.
const DROPPED_FROM_REQUEST: &[HeaderName] = &[
    ACCEPT_ENCODING,
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    COOKIE,
    FORWARDED,
    HOST,
    ORIGIN,
    REFERER,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    VIA,
];
const DROPPED_FROM_REQUEST_BY_PREFIX: &[&str] =
    &["keep-alive", "proxy-", "sec-", "x-forwarded-", "x-amzn-", "x-amz-", "membrane-api-version"];

/// Hop-by-hop, or what would act on our own origin.
const DROPPED_FROM_RESPONSE: &[HeaderName] = &[
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY,
    SET_COOKIE,
    STRICT_TRANSPORT_SECURITY,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const DROPPED_FROM_RESPONSE_BY_PREFIX: &[&str] =
    &["access-control-", "alt-svc", "clear-site-data", "keep-alive", "nel", "proxy-", "refresh", "report-to"];

/// ANY: sends the request on, and the provider's answer back as it is. A 401 is answered by one refresh and one more
/// try.
pub(crate) async fn forward(deps: &Arc<Deps>, request: Request<Bytes>, id: &str) -> Result<Response<Bytes>> {
    if !METHODS.split(", ").any(|method| method == request.method().as_str()) {
        return Err(Error::method_not_allowed(METHODS));
    }
    let since = deps.clock.now();
    let (caller, _) = auth::caller(deps, &request).await?;
    let connection = Connection::visible(deps, id, &caller).await?;
    if request.body().len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The request is larger than 4 MiB."));
    }
    let connection = refresh::fresh(deps, connection, since).await?.usable()?;
    let app = App::of_connection(deps, &connection).await?;
    let secrets = ConnectionSecrets::open(deps, &connection).await?;
    let response = call(deps, &app, &secrets, &request, id, since).await?;
    if response.status() != StatusCode::UNAUTHORIZED
        || Renewal::of(app.option(), &secrets.credentials).is_none()
    {
        return Ok(passed_on(response));
    }
    // The provider's own answer is worth more than why it could not be helped.
    let Ok(connection) = refresh::renewed(deps, connection, since).await.and_then(Connection::usable) else {
        return Ok(passed_on(response));
    };
    let secrets = ConnectionSecrets::open(deps, &connection).await?;
    Ok(passed_on(call(deps, &app, &secrets, &request, id, since).await?))
}

async fn call(
    deps: &Deps,
    app: &App,
    secrets: &ConnectionSecrets,
    request: &Request<Bytes>,
    id: &str,
    since: Timestamp,
) -> Result<Response<Bytes>> {
    let url = address(deps, app, secrets, request, id)?;
    let headers = without(request.headers().clone(), DROPPED_FROM_REQUEST, DROPPED_FROM_REQUEST_BY_PREFIX);
    let method = request.method().clone();
    let request = authenticated(deps, app, secrets, method, &url, headers, request.body().clone()).await?;
    let left = (since + LIMIT).since(deps.clock.now());
    deps.provider.send(request, left).await.map_err(|error| told(&error))
}

/// Below the base address of whoever owns the registration: a borrowed one's credentials go nowhere else.
fn address(
    deps: &Deps,
    app: &App,
    secrets: &ConnectionSecrets,
    request: &Request<Bytes>,
    id: &str,
) -> Result<Url> {
    let base = app.integration.base_uri.as_ref().ok_or_else(|| unusable("baseUri"))?;
    let mut url = base.render_url(&secrets.values(), deps.settings.loopback)?;
    let marker = format!("/connections/{id}/proxy/");
    let (_, path) = request.uri().path().split_once(&marker).ok_or_else(outside)?;
    let base_path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base_path}/{path}"));
    // The parser has resolved what dot segments there were.
    if !url.path().starts_with(&format!("{base_path}/")) {
        return Err(outside());
    }
    url.set_query(request.uri().query());
    Ok(url)
}

fn outside() -> Error {
    Error::new(ErrorKey::RequestMalformed, "The path leads out of the integration's base address.")
        .field("path")
}

fn without(headers: HeaderMap, names: &[HeaderName], prefixes: &[&str]) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    let mut last = None;
    for (name, value) in headers {
        // A repeated header comes without its name.
        if let Some(name) = name {
            last = Some(name);
        }
        let Some(name) = &last else { continue };
        if !names.contains(name) && !prefixes.iter().any(|prefix| name.as_str().starts_with(prefix)) {
            kept.append(name.clone(), value);
        }
    }
    kept
}

/// The provider's status, headers and body. Its pages must not act as ours: in a browser they can do nothing.
fn passed_on(response: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    head.headers = without(head.headers, DROPPED_FROM_RESPONSE, DROPPED_FROM_RESPONSE_BY_PREFIX);
    let policy = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");
    head.headers.insert(CONTENT_SECURITY_POLICY, policy);
    head.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Response::from_parts(head, body)
}

fn told(error: &ProviderError) -> Error {
    match error {
        ProviderError::TooLarge => {
            Error::new(ErrorKey::ResponseTooLarge, "The provider's response is larger than 4 MiB.")
        }
        error => error.told("baseUri"),
    }
}
