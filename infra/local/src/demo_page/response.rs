//! The page's answers.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Allows the page's own script and style, and nothing from elsewhere. There is no `form-action`: Chromium applies it
/// to every redirect that follows the form, and those lead to whichever provider the customer connects and from there
/// back here.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers with a page.
pub(super) fn page(template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // The page holds the customer's token.
        (header::CACHE_CONTROL, "no-store"),
        // With `no-referrer` the form's Origin would be `null`, and the service would ask before it starts.
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (headers, html).into_response()
}
