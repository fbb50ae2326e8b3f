//! `/connections/{id}/proxy/{path}`: a request to the integration's API with the connection's credentials, which the
//! caller need not hold.

use bytes::Bytes;
use flow::connection::{Connection, ConnectionSecrets};
use flow::deps::Deps;
use flow::lifecycle::refresh::{self, Renewal};
use flow::lifecycle::registration;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, FORWARDED,
    HOST, ORIGIN, REFERER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    VIA, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::api_call::{ApiAccess, ApiRequest, authenticated};
use protocol::provider::calls::Calls;
use protocol::provider::failure::{Failure, Refusal};
use protocol::token::Caller;
use url::Url;

use super::Call;

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
pub(crate) async fn forward(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id, deadline } = call;
    let connection = Connection::visible(deps, id, &caller).await?;
    if request.body().len() > MAX_BODY {
        return Err(Error::new(ErrorKey::RequestTooLarge, "The request is larger than 4 MiB."));
    }
    let connection = refresh::fresh(deps, connection, deadline).await?.usable()?;
    // A caller waits as long as a browser would.
    let calls = deps.calls(deadline.browser());
    let (response, can_be_renewed) = ask(deps, &connection, &calls, request).await?;
    if response.status() != StatusCode::UNAUTHORIZED || !can_be_renewed {
        return Ok(passed_on(response));
    }
    // The provider's own answer is worth more than why it could not be helped.
    let Ok(connection) = refresh::renewed(deps, connection, deadline).await.and_then(Connection::usable)
    else {
        return Ok(passed_on(response));
    };
    // The customer may have reconnected meanwhile, by another registration too.
    let (response, _) = ask(deps, &connection, &calls, request).await?;
    Ok(passed_on(response))
}

/// Sends the request with the connection's credentials, to the API of the registration that they belong to. Returns
/// also whether they can be renewed.
async fn ask(
    deps: &Deps,
    connection: &Connection,
    calls: &Calls<'_>,
    request: &Request<Bytes>,
) -> Result<(Response<Bytes>, bool)> {
    let registration = registration::of_connection(deps, connection).await?;
    let secrets = ConnectionSecrets::open(deps, connection, &registration).await?;
    let signing = registration::signing_secrets(deps, &registration).await?;
    let access = ApiAccess { bound: secrets.values(&registration)?, secrets: &signing };
    let response = send(calls, &access, request).await?;
    Ok((response, Renewal::of(registration.option(), &secrets.held.credentials).is_some()))
}

async fn send(
    calls: &Calls<'_>,
    access: &ApiAccess<'_>,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>> {
    let to_provider = ApiRequest {
        method: request.method().clone(),
        url: address(calls, access, request)?,
        headers: without(request.headers().clone(), DROPPED_FROM_REQUEST, DROPPED_FROM_REQUEST_BY_PREFIX),
        body: request.body().clone(),
    };
    let authenticated = authenticated(calls, access, to_provider)?;
    calls.send(authenticated, "baseUri").await.map_err(unanswered)
}

/// Below the base address of whoever owns the registration: a borrowed one's credentials go nowhere else.
fn address(calls: &Calls<'_>, access: &ApiAccess<'_>, request: &Request<Bytes>) -> Result<Url> {
    let base = &access.bound.registration().integration.base_uri;
    let base = base.as_ref().ok_or_else(|| Error::unusable("baseUri"))?;
    let mut url = base.render(access.bound.values(), calls.loopback)?;
    // What follows `/connections/{id}/proxy/`, as it was sent.
    let path = request.uri().path().trim_start_matches('/').splitn(4, '/').nth(3).ok_or_else(outside)?;
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

fn unanswered(failure: Failure) -> Error {
    match failure.refusal {
        Refusal::TooLarge => {
            Error::new(ErrorKey::ResponseTooLarge, "The provider's response is larger than 4 MiB.")
                .because(failure.into_cause())
        }
        _ => failure.into(),
    }
}
