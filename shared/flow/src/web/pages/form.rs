//! The form for missing parameters.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, reference, style, texts_of, title_of};
use crate::context::flow_id::FlowId;
use crate::web::form::{Control, Field};
use crate::web::security::Policy;
use protocol::definition::{AuthOption, Brand, Integration};
use protocol::language::{self, Fill, Language, Texts};

/// The content of the form.
pub struct FormPage<'a> {
    /// The brand of the workspace that gets access.
    pub brand: &'a Brand,
    /// The integration.
    pub integration: &'a Integration,
    /// The option that the fields belong to.
    pub option: &'a AuthOption,
    /// The option's description.
    pub description: &'a str,
    /// The address of a page that explains how to get the parameters.
    pub help_uri: &'a str,
    /// The fields.
    pub fields: Vec<Field>,
    /// The problem with the form as a whole, in the customer's language; empty if there is none.
    pub above: &'a str,
    /// What else is known of it, as the service or the application say it; empty if nothing is.
    pub error: &'a str,
}

#[derive(Template)]
#[template(path = "form.html")]
struct Page<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: Texts<'a>,
    heading: String,
    logo: &'a str,
    form: &'a FormPage<'a>,
    flow: &'a str,
    title: &'a str,
    others: Vec<&'a AuthOption>,
    problems: Vec<&'a Field>,
}

/// Draws the form. The start waits in the record of `flow`.
#[must_use]
pub fn form(form: &FormPage<'_>, flow: &FlowId) -> Response<Bytes> {
    let logo = form.brand.logo_uri.as_deref();
    let problems: Vec<&Field> = form.fields.iter().filter(|field| !field.problem.is_empty()).collect();
    let texts = texts_of(form.brand);
    let heading = texts.connect_title.about(&form.brand.name, &form.integration.name);
    let page = Page {
        style: style::branded(form.brand),
        reference: reference(),
        language: language::present(),
        heading: title_of(&texts, heading, !problems.is_empty() || !form.above.is_empty()),
        texts,
        logo: logo.unwrap_or_default(),
        form,
        flow: flow.as_str(),
        title: form.option.title.as_deref().unwrap_or_default(),
        others: form.integration.enabled_options().filter(|option| option.key != form.option.key).collect(),
        problems,
    };
    let policy = Policy::of_form(&page.style, logo.as_slice());
    // A form with problems is shown with status 200: browsers and screen readers then treat it as an ordinary page.
    html(StatusCode::OK, &page, &policy)
}
