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
    flow: &'a str,
}

#[derive(Template)]
#[template(path = "connect_link.html")]
struct ConnectLink<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: Texts<'a>,
    logo: &'a str,
    brand: &'a str,
    confirmation: &'a Confirmation<'a>,
    name: String,
    prompt: String,
    flow: &'a str,
}

/// Shows the start page. The start waits in the record of `flow`, and goes on only when the form is posted.
#[must_use]
pub fn confirm_start(confirmation: &Confirmation<'_>, flow: &FlowId) -> Response<Bytes> {
    let logo = confirmation.brand.logo_uri.as_deref();
    let style = style::branded(confirmation.brand);
    let name = shown(confirmation.customer.name.as_deref().unwrap_or_default());
    if let Some(prompt) = confirmation.link {
        let page = ConnectLink {
            style,
            reference: reference(),
            language: language::present(),
            texts: texts_of(confirmation.brand),
            brand: &confirmation.brand.name,
            logo: logo.unwrap_or_default(),
            confirmation,
            name,
            prompt: shown_up_to(prompt, MAX_PROMPT),
            flow: flow.as_str(),
        };
        let policy = Policy::of_form(&page.style, logo.as_slice());
        return html(StatusCode::OK, &page, &policy);
    }
    let page = ConfirmStart {
        style,
        reference: reference(),
        language: language::present(),
        texts: texts_of(confirmation.brand),
        brand: &confirmation.brand.name,
        logo: logo.unwrap_or_default(),
        confirmation,
        name,
        flow: flow.as_str(),
    };
    let policy = Policy::of_form(&page.style, logo.as_slice());
    html(StatusCode::OK, &page, &policy)
}
