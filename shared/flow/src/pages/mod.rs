//! The pages that a customer sees. Server-rendered, without script, under a strict content security policy.

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, REFRESH,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;
use std::sync::LazyLock;

use crate::definition::{Integration, Workspace};
use crate::error::{Error, ErrorKey};
use crate::respond;
use crate::start::StartRequest;
use crate::token::Customer;

const STYLE: &str = include_str!("../../templates/style.css");

/// The one inline style sheet is allowed by its hash, and nothing else is.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, STYLE.as_bytes()))));

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A browser: it asks for HTML.
    Person,
    /// A program: it gets JSON.
    Machine,
}

impl Reader {
    /// Judges by the `Accept` header.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let html = headers
            .get_all(ACCEPT)
            .into_iter()
            .filter_map(|accept| accept.to_str().ok())
            .any(|accept| accept.to_ascii_lowercase().contains("text/html"));
        if html { Self::Person } else { Self::Machine }
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    style: &'static str,
    tone: &'static str,
    title: &'a str,
    text: &'a str,
    hint: &'a str,
    reference: &'a str,
}

#[derive(Template)]
#[template(path = "confirm_start.html")]
struct ConfirmStart<'a> {
    style: &'static str,
    action: &'a str,
    payload: String,
    workspace: &'a str,
    integration: &'a str,
    customer: &'a str,
}

/// An error in words, with its key for whoever is asked for help.
#[must_use]
pub fn error(error: &Error) -> Response<Bytes> {
    let hint = match error.key() {
        ErrorKey::BrowserMismatch | ErrorKey::StateUnknown | ErrorKey::StateExpired => {
            "Go back to the application that you came from and connect again."
        }
        _ => "Nothing was connected. Go back to the application that you came from and try again.",
    };
    let page = Message {
        style: STYLE,
        tone: "problem",
        title: "This did not work",
        text: error.message(),
        hint,
        reference: error.key().facts().key,
    };
    html(error.status(), &page, FormTarget::None)
}

/// The connection is made, and there is no address to go back to.
#[must_use]
pub fn connected() -> Response<Bytes> {
    let page = Message {
        style: STYLE,
        tone: "success",
        title: "Connected",
        text: "Your account is connected.",
        hint: "You can close this window and go back to the application that you came from.",
        reference: "",
    };
    html(StatusCode::OK, &page, FormTarget::None)
}

/// Another request is still at work on the flow; the page asks again by itself.
#[must_use]
pub fn still_working(reader: Reader) -> Response<Bytes> {
    if reader == Reader::Machine {
        return respond::json(StatusCode::ACCEPTED, &json!({ "status": "working" }));
    }
    let page = Message {
        style: STYLE,
        tone: "working",
        title: "Almost there",
        text: "The service is taking longer than usual.",
        hint: "This page goes on by itself in a moment.",
        reference: "",
    };
    let mut response = html(StatusCode::OK, &page, FormTarget::None);
    response.headers_mut().insert(REFRESH, HeaderValue::from_static("3"));
    response
}

/// The customer came here before they were done at the service.
#[must_use]
pub fn not_finished(reader: Reader) -> Response<Bytes> {
    if reader == Reader::Machine {
        return respond::json(StatusCode::ACCEPTED, &json!({ "status": "not_authorized" }));
    }
    let page = Message {
        style: STYLE,
        tone: "working",
        title: "Not finished yet",
        text: "The sign-in at the service is not complete.",
        hint: "Finish it in the tab where you started, or go back to the application and connect again.",
        reference: "",
    };
    html(StatusCode::OK, &page, FormTarget::None)
}

/// Asks the customer whether they meant to start this. The page sets no cookie, and goes on only by a POST of its own.
#[must_use]
pub fn confirm_start(
    start: &StartRequest,
    customer: &Customer,
    workspace: &Workspace,
    integration: &Integration,
    action: &str,
) -> Response<Bytes> {
    let page = ConfirmStart {
        style: STYLE,
        action,
        payload: start.to_payload().to_string(),
        workspace: &workspace.name,
        integration: &integration.name,
        customer: customer.name.as_deref().unwrap_or(&customer.id),
    };
    html(StatusCode::OK, &page, FormTarget::OursThenAnywhere)
}

/// Where a page's form may lead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FormTarget {
    /// The page has no form.
    None,
    /// Our own endpoint, which redirects to a provider. Chromium applies `form-action` to the redirects too, and a
    /// provider redirects to wherever it signs people in: so the directive must be left out.
    OursThenAnywhere,
}

fn html(status: StatusCode, page: &impl Template, form: FormTarget) -> Response<Bytes> {
    let (status, body) = match page.render() {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let mut policy =
        format!("default-src 'none'; style-src {}; base-uri 'none'; frame-ancestors 'none'", *STYLE_HASH);
    if form == FormTarget::None {
        policy.push_str("; form-action 'none'");
    }
    secure(response.headers_mut(), "text/html; charset=utf-8", Some(&policy));
    response
}

/// The headers that every body of ours carries.
pub fn secure(headers: &mut HeaderMap, content_type: &'static str, policy: Option<&str>) {
    let policy = policy.unwrap_or("default-src 'none'; frame-ancestors 'none'");
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
}
