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
use protocol::language::{self, Language, Texts};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: &'static Texts<'static>,
    tone: &'static str,
    title: &'a str,
    text: &'a str,
    hint: &'a str,
    /// Whom to ask; empty if there is no reason to.
    ask: &'a str,
}

impl<'a> Message<'a> {
    fn new(tone: &'static str, title: &'a str, [text, hint, ask]: [&'a str; 3]) -> Self {
        let language = language::present();
        let texts = language.texts();
        Self { style: style::plain(), reference: reference(), language, texts, tone, title, text, hint, ask }
    }

    fn respond(&self, status: StatusCode) -> Response<Bytes> {
        let policy = Policy {
            style: &self.style,
            script: None,
            images: &[],
            form: FormTarget::None,
            ancestors: &[],
            asks_us: false,
        };
        html(status, self, &policy)
    }
}

/// Shows an error in a customer's words, with the reference for those who help.
#[must_use]
pub fn error(error: &Error) -> Response<Bytes> {
    let texts = language::present().texts();
    let Words { happened, todo, ask } = words(error.key(), texts);
    let page = Message::new("problem", texts.failed, [happened, todo, ask]);
    page.respond(error.status())
}

/// Shows that the connection is made, when there is no address to return to.
#[must_use]
pub fn connected() -> Response<Bytes> {
    let texts = language::present().texts();
    let page = Message::new("success", texts.connected, [texts.connected_text, texts.close_window, ""]);
    page.respond(StatusCode::OK)
}

/// Shows an error to a customer who has opened a link: they came from no application that they could go back to.
#[must_use]
pub fn link_failed(error: &Error) -> Response<Bytes> {
    let texts = language::present().texts();
    let Words { happened, todo, ask } = words(error.key(), texts);
    let todo = if error.key().ends_a_link() { todo } else { texts.link_again };
    let page = Message::new("problem", texts.failed, [happened, todo, ask]);
    page.respond(error.status())
}

/// Shows that the connection is made to a customer who has opened a link.
#[must_use]
pub fn connected_by_link() -> Response<Bytes> {
    let texts = language::present().texts();
    let page = Message::new("success", texts.connected, [texts.connected_text, texts.link_done, ""]);
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
    let texts = language::present().texts();
    let page = Message::new("working", texts.almost_there, [texts.slow, texts.goes_on, ""]);
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
    let texts = language::present().texts();
    let page = Message::new("working", texts.not_finished, [texts.sign_in_open, texts.finish_sign_in, ""]);
    page.respond(StatusCode::OK)
}
