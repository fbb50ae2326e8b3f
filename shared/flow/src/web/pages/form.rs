//! The form for missing parameters.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, style};
use crate::web::form::{Control, Field};
use crate::web::security::{FormTarget, Policy};
use protocol::definition::{AuthOption, Brand, Integration};

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
    /// The problem with the form as a whole; empty if there is none.
    pub error: &'a str,
    /// The ticket: the start to continue, sealed for this browser.
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
    // A form with problems is shown with status 200: browsers and screen readers then treat it as an ordinary page.
    html(StatusCode::OK, &page, &policy)
}
