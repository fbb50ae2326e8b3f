//! The form for missing parameters.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, reference, style, texts_of, title_of};
use crate::context::flow_id::FlowId;
use crate::web::form::{self, Control, Field};
use crate::web::security::Policy;
use protocol::definition::input::Violation;
use protocol::definition::{AuthOption, Brand, Integration};
use protocol::error::{Error, ErrorKey};
use protocol::language::{self, Fill, Language, Texts};
use protocol::redirect_uri::Loopback;
use protocol::secret::SecretMap;

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
    pub above: String,
    /// What else is known of it, as the service or the application say it; empty if nothing is.
    pub error: &'a str,
}

/// What was entered into a form, and what is wrong with it.
pub struct Filled<'a> {
    /// The parameters that it shows.
    pub parameters: &'a SecretMap,
    /// The problems with them.
    pub violations: &'a [Violation],
    /// The problem with the form as a whole.
    pub error: Option<&'a Error>,
}

impl<'a> FormPage<'a> {
    /// The form of an option, which its registration's option completes.
    #[must_use]
    pub fn of(
        brand: &'a Brand,
        integration: &'a Integration,
        (option, registered): (&'a AuthOption, &'a AuthOption),
        filled: &Filled<'a>,
        loopback: Loopback,
    ) -> Self {
        let Filled { parameters, violations, error } = filled;
        let texts = texts_of(brand);
        let schema = option.input_schema.as_ref().or(registered.input_schema.as_ref());
        let fields = schema
            .map(|schema| form::fields(schema, parameters.expose(), violations, loopback, &texts))
            .unwrap_or_default();
        // A problem without a field of its own is shown above all fields. Otherwise the customer would see the same
        // form again without knowing why.
        let no_fields =
            violations.iter().find(|each| fields.iter().all(|field| field.pointer != each.pointer));
        let above = match (error, no_fields) {
            (Some(error), _) if error.key() == ErrorKey::ProviderUnreachable => texts.service_down.to_owned(),
            (Some(_), _) => texts.form_refused.to_owned(),
            (None, Some(violation)) => violation.complaint.said(&texts),
            (None, None) => String::new(),
        };
        let either = |one: &'a Option<String>, other: &'a Option<String>| {
            one.as_deref().or(other.as_deref()).unwrap_or_default()
        };
        Self {
            brand,
            integration,
            option,
            description: either(&option.description, &registered.description),
            help_uri: either(&option.help_uri, &registered.help_uri),
            fields,
            above,
            error: error.map(Error::message).unwrap_or_default(),
        }
    }

    /// The option's title; empty if it has none.
    pub(super) fn title(&self) -> &str {
        self.option.title.as_deref().unwrap_or_default()
    }

    /// The fields with something to correct.
    pub(super) fn problems(&self) -> Vec<&Field> {
        self.fields.iter().filter(|field| !field.problem.is_empty()).collect()
    }

    /// The other options that the customer may choose.
    pub(super) fn others(&self) -> Vec<&AuthOption> {
        self.integration.enabled_options().filter(|option| option.key != self.option.key).collect()
    }
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
    others: Vec<&'a AuthOption>,
    problems: Vec<&'a Field>,
}

/// Draws the form. The start waits in the record of `flow`.
#[must_use]
pub fn form(form: &FormPage<'_>, flow: &FlowId) -> Response<Bytes> {
    let logo = form.brand.logo_uri.as_deref();
    let problems = form.problems();
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
        others: form.others(),
        problems,
    };
    let policy = Policy::of_form(&page.style, logo.as_slice());
    // A form with problems is shown with status 200: browsers and screen readers then treat it as an ordinary page.
    html(StatusCode::OK, &page, &policy)
}
