//! Responses: one way to redirect, one way to answer JSON, one way to say nothing but a status.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderValue, Response, StatusCode};
use protocol::error::Error;

use super::security::secure;

/// 303: the browser goes on by GET, whatever it came with, and tells nobody where it came from.
#[must_use]
pub fn see_other(location: &str, cookies: &[String]) -> Response<Bytes> {
    let Ok(location) = HeaderValue::from_str(location) else {
        let error = Error::internal("an address cannot be a header");
        return json(error.status(), error.to_json().to_string());
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

/// A JSON body that nobody keeps.
#[must_use]
pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    secure(response.headers_mut(), "application/json", "default-src 'none'; frame-ancestors 'none'");
    response
}

/// A status that says everything.
#[must_use]
pub fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A browser that only looks ahead is told to come back when its user means it.
#[must_use]
pub fn prefetch_refused() -> Response<Bytes> {
    empty(StatusCode::SERVICE_UNAVAILABLE)
}
