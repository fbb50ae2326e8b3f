//! A page that shows only a message.

use askama::Template;
use bytes::Bytes;
use http::header::{REFRESH, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::words::{Words, words};
use super::{Reader, html, reference, style};
use crate::web::response;
use crate::web::security::{FormTarget, Policy};
use protocol::error::Error;

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    style: String,
    reference: String,
    tone: &'static str,
    title: &'a str,
    text: &'a str,
    hint: &'a str,
    /// Whom to ask; empty if there is no reason to.
    ask: &'a str,
}

impl Message<'_> {
    fn respond(&self, status: StatusCode) -> Response<Bytes> {
        let policy =
            Policy { style: &self.style, script: None, images: &[], form: FormTarget::None, ancestors: &[] };
        html(status, self, &policy)
    }
}

/// Shows an error in a customer's words, with the reference for those who help.
#[must_use]
pub fn error(error: &Error) -> Response<Bytes> {
    let Words { happened, todo, ask } = words(error.key());
    let page = Message {
        style: style::plain(),
        reference: reference(),
        tone: "problem",
        title: "This did not work",
        text: happened,
        hint: todo,
        ask,
    };
    page.respond(error.status())
}

/// Shows that the connection is made, when there is no address to return to.
#[must_use]
pub fn connected() -> Response<Bytes> {
    let page = Message {
        style: style::plain(),
        reference: reference(),
        tone: "success",
        title: "Connected",
        text: "Your account is connected.",
        hint: "You can close this window and go back to the application that you came from.",
        ask: "",
    };
    page.respond(StatusCode::OK)
}

/// The pause before the result is asked for again, in seconds.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("2");

/// Shows that another request is still working on the flow. The page reloads by itself.
#[must_use]
pub fn still_working(reader: Reader) -> Response<Bytes> {
    if reader == Reader::Machine {
        let mut response = response::json(StatusCode::ACCEPTED, r#"{"status":"working"}"#);
        response.headers_mut().insert(RETRY_AFTER, ASK_AGAIN);
        return response;
    }
    let page = Message {
        style: style::plain(),
        reference: reference(),
        tone: "working",
        title: "Almost there",
        text: "The service is taking longer than usual.",
        hint: "This page goes on by itself in a moment.",
        ask: "",
    };
    let mut response = page.respond(StatusCode::OK);
    response.headers_mut().insert(REFRESH, ASK_AGAIN);
    response
}

/// Says to a program that the customer still has to choose, on a page.
#[must_use]
pub fn not_chosen() -> Response<Bytes> {
    response::json(StatusCode::ACCEPTED, r#"{"status":"not_chosen"}"#)
}

/// Shows that the sign-in is not finished, to a customer who came here too early.
#[must_use]
pub fn not_finished(reader: Reader) -> Response<Bytes> {
    if reader == Reader::Machine {
        return response::json(StatusCode::ACCEPTED, r#"{"status":"not_authorized"}"#);
    }
    let page = Message {
        style: style::plain(),
        reference: reference(),
        tone: "working",
        title: "Not finished yet",
        text: "The sign-in at the service is not complete.",
        hint: "Finish it in the tab where you started, or go back to the application and connect again.",
        ask: "",
    };
    page.respond(StatusCode::OK)
}
