//! The start page: asks the customer whether they meant to start this.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::shown::{shown, shown_up_to};
use super::{html, reference, style, texts_of};
use crate::context::connection_request::MAX_PROMPT;
use crate::context::flow_id::FlowId;
use crate::web::security::Policy;
use protocol::definition::Brand;
use protocol::language::{self, Fill, Language, Texts};
use protocol::token::Customer;

/// The start that the customer is asked to confirm.
pub struct Confirmation<'a> {
    /// The brand of the workspace that gets access.
    pub brand: &'a Brand,
    /// The service's name.
    pub integration: &'a str,
    /// The customer whom the token names.
    pub customer: &'a Customer,
    /// What whoever made the link wants to say, if a link was opened; it may be empty.
    pub link: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "confirm_start.html")]
struct ConfirmStart<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: Texts<'a>,
    logo: &'a str,
    brand: &'a str,
    confirmation: &'a Confirmation<'a>,
    /// The name in the token; empty if it has none.
    name: String,
    /// What whoever made the link wants to say; empty if that is nothing.
    prompt: String,
    /// What this is, why it matters who goes on, and what to do otherwise.
    words: [&'a str; 3],
    flow: &'a str,
}

/// Shows the start page. The start waits in the record of `flow`, and goes on only when the form is posted.
#[must_use]
pub fn confirm_start(confirmation: &Confirmation<'_>, flow: &FlowId) -> Response<Bytes> {
    let logo = confirmation.brand.logo_uri.as_deref();
    let texts = texts_of(confirmation.brand);
    let words = match confirmation.link {
        Some(_) => [texts.link_heading, texts.link_warning, texts.link_leave],
        None => [texts.confirm_heading, texts.confirm_warning, texts.confirm_leave],
    };
    let page = ConfirmStart {
        style: style::branded(confirmation.brand),
        reference: reference(),
        language: language::present(),
        texts,
        logo: logo.unwrap_or_default(),
        brand: &confirmation.brand.name,
        confirmation,
        name: shown(confirmation.customer.name.as_deref().unwrap_or_default()),
        prompt: shown_up_to(confirmation.link.unwrap_or_default(), MAX_PROMPT),
        words,
        flow: flow.as_str(),
    };
    let policy = Policy::of_form(&page.style, logo.as_slice());
    html(StatusCode::OK, &page, &policy)
}
