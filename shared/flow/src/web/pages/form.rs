//! The form for what is missing.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, style};
use crate::web::form::{Control, Field};
use crate::web::security::{FormTarget, Policy};
use protocol::definition::{AuthOption, Brand, Integration};

/// What the form asks, and of whom.
pub struct FormPage<'a> {
    /// The workspace that gets the access.
    pub brand: &'a Brand,
    /// The service.
    pub integration: &'a Integration,
    /// The option that the fields belong to.
    pub option: &'a AuthOption,
    /// What the option says of itself.
    pub description: &'a str,
    /// Where the customer reads how to get what is asked for.
    pub help_uri: &'a str,
    /// The fields.
    pub fields: Vec<Field>,
    /// What went wrong with the whole, if something did.
    pub error: &'a str,
    /// The start that goes on, sealed for this browser.
    pub ticket: &'a str,
}

#[derive(Template)]
#[template(path = "form.html")]
struct Page<'a> {
    style: String,
    logo: &'a str,
    form: &'a FormPage<'a>,
    title: &'a str,
    others: Vec<&'a AuthOption>,
    problems: Vec<&'a Field>,
}

/// Draws the form.
#[must_use]
pub fn form(form: &FormPage<'_>) -> Response<Bytes> {
    let logo = form.brand.logo_uri.as_deref();
    let page = Page {
        style: style::branded(form.brand),
        logo: logo.unwrap_or_default(),
        form,
        title: form.option.title.as_deref().unwrap_or_default(),
        others: form.integration.enabled_options().filter(|option| option.key != form.option.key).collect(),
        problems: form.fields.iter().filter(|field| !field.problem.is_empty()).collect(),
    };
    let policy = Policy {
        style: &page.style,
        script: None,
        images: logo.as_slice(),
        form: FormTarget::OursThenAnywhere,
        ancestors: &[],
    };
    // A form with problems is no success, but no error either: browsers and screen readers treat it as a page.
    html(StatusCode::OK, &page, &policy)
}
