//! Responses: one way to redirect, one way to show an error, one way to deliver an outcome.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderValue, Response, StatusCode};

use crate::error::{Error, Result};
use crate::memory::ResultTarget;
use crate::outcome::Outcome;
use crate::pages::{self, Reader};
use crate::redirect_uri::Loopback;

/// 303: the browser goes on by GET, whatever it came with, and tells nobody where it came from.
#[must_use]
pub fn see_other(location: &str, cookies: &[String]) -> Response<Bytes> {
    let Ok(location) = HeaderValue::from_str(location) else {
        return own_page(&Error::internal("an address cannot be a header"), Reader::Machine);
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

/// An error on our own page, or as the contract's JSON body for what is no browser.
#[must_use]
pub fn own_page(error: &Error, reader: Reader) -> Response<Bytes> {
    match reader {
        Reader::Person => pages::error(error),
        Reader::Machine => json(error.status(), &error.to_json()),
    }
}

/// A JSON body that nobody keeps.
#[must_use]
pub fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    pages::secure(response.headers_mut(), "application/json", None);
    response
}

/// Delivers an outcome: to the caller's address, or in words where there is none.
pub fn outcome(
    outcome: &Outcome,
    target: &ResultTarget,
    loopback: Loopback,
    reader: Reader,
) -> Result<Response<Bytes>> {
    let Some(uri) = target.redirect_uri(loopback)? else {
        return Ok(match (outcome, reader) {
            (Outcome::Failed(error), reader) => own_page(error, reader),
            (Outcome::Connected { .. }, Reader::Person) => pages::connected(),
            (Outcome::Connected { .. }, Reader::Machine) => json(StatusCode::OK, &outcome.to_json()),
        });
    };
    let parameters = outcome.to_parameters(target.custom_state.as_deref());
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Ok(see_other(&uri.with_result(&parameters), &[]))
}

/// A browser that only looks ahead is told to come back when its user means it.
#[must_use]
pub fn prefetch_refused() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
