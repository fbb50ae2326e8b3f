//! The provider's answers: pages, JSON and redirects, each with the headers that it needs.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Product;

/// Allows no script, and nothing from elsewhere. There is no `form-action`: Chromium applies it to every redirect
/// that follows the form, and those lead to the client and on to wherever the client's own flow ends.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "demo_provider/error.html")]
struct ErrorPage<'a> {
    product: Product,
    title: &'a str,
    message: &'a str,
}

/// Refuses on a page. The sender may be nobody's client, so the browser stays here and its user sees the reason.
pub(super) fn refused(message: &str) -> Response {
    error("This request was refused", message)
}

/// The answer to a form whose authorization request is answered, expired, or another browser's.
pub(super) fn no_longer_open() -> Response {
    error(
        "This request is no longer open",
        "It was answered already, it is older than ten minutes, or it was made in another browser. \
         Go back to the application and connect again.",
    )
}

fn error(title: &str, message: &str) -> Response {
    page(StatusCode::BAD_REQUEST, &ErrorPage { product: Product::Crm, title, message })
}

/// A page without script.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    page_with_policy(status, template, POLICY)
}

/// A page whose one inline script has this base64 SHA-256.
pub(super) fn page_with_script(template: &impl Template, script_sha256: &str) -> Response {
    let policy = format!("{POLICY}; script-src 'sha256-{script_sha256}'");
    page_with_policy(StatusCode::OK, template, &policy)
}

fn page_with_policy(status: StatusCode, template: &impl Template, policy: &str) -> Response {
    let (Ok(html), Ok(policy)) = (template.render(), HeaderValue::from_str(policy)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // The address may hold `state`, which is for the client alone.
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, html).into_response()
}

/// A JSON answer that no cache keeps (RFC 6749 §5.1).
pub(super) fn json(body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ];
            (headers, bytes).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Sends the browser on. The status is 303, so that a form posted here is not posted there too (RFC 9700 §4.12).
pub(super) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let headers =
                [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            (StatusCode::SEE_OTHER, headers, Body::empty()).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
