//! Responses: a redirect, a JSON body, or only a status.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderValue, Response, StatusCode};
use protocol::error::Error;

use super::security::secure;

/// Redirects with 303: the browser continues by GET, whatever its request was, and sends no referrer.
#[must_use]
pub fn see_other(location: &str, cookies: &[String]) -> Response<Bytes> {
    let Ok(location) = HeaderValue::from_str(location) else {
        let error = Error::internal("an address cannot be a header");
        return json(error.status(), error.referenced().to_json().to_string());
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    add_cookies(&mut response, cookies);
    response
}

/// Adds `Set-Cookie` headers.
pub fn add_cookies(response: &mut Response<Bytes>, cookies: &[String]) {
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

/// Answers with a JSON body that must not be cached.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    secure(response.headers_mut(), "application/json", "default-src 'none'; frame-ancestors 'none'");
    response
}

/// Answers with only a status.
#[must_use]
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers a prefetch with 503, so that the browser asks again when its user really opens the page.
#[must_use]
pub fn prefetch_refused() -> Response<Bytes> {
    empty(StatusCode::SERVICE_UNAVAILABLE)
}
