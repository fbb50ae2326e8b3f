//! The customer's pages. They are rendered by the server under a strict content security policy. Only the page that
//! hands over a popup's result has a script, and the screens.

mod choice;
mod confirm;
mod form;
mod message;
mod popup_result;
pub mod screen;
mod shown;
mod style;
mod words;

pub use choice::choice;
pub use confirm::{Confirmation, confirm_start};
pub use form::{Filled, FormPage, form};
pub use message::{
    connected, connected_by_link, error, link_failed, not_chosen, not_finished, still_working,
};
pub use popup_result::popup_result;

use askama::Template;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LANGUAGE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::web::security::{Policy, secure};
use protocol::definition::Brand;
use protocol::error::Error;
use protocol::language::{self, Fill, Texts};
use protocol::record;

/// The reader of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A person with a browser, which asks for HTML.
    Person,
    /// A program, which gets JSON.
    Machine,
}

impl Reader {
    /// Judges the reader by the `Accept` header.
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

/// The texts of a page of this workspace, in the language of the present work.
fn texts_of(brand: &Brand) -> Texts<'_> {
    brand.texts.in_place(language::present())
}

/// The title of a page, which says first that something is to be corrected.
fn title_of(texts: &Texts<'_>, title: String, is_problem: bool) -> String {
    if is_problem { texts.title_problem.fill(&[("title", &title)]) } else { title }
}

/// The reference that every page shows.
fn reference() -> String {
    record::reference().map(|reference| reference.to_string()).unwrap_or_default()
}

fn html(status: StatusCode, page: &impl Template, policy: &Policy<'_>) -> Response<Bytes> {
    let (status, body) = match page.render() {
        Ok(body) => (status, body),
        Err(error) => {
            Error::internal(error).report("a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    secure(response.headers_mut(), "text/html; charset=utf-8", &policy.to_string());
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language::present().tag()));
    response
}
