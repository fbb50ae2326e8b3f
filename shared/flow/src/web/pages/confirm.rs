//! The start page: asks the customer whether they meant to start this.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, style};
use crate::web::security::{FormTarget, Policy};
use protocol::definition::Brand;

/// The start that the customer is asked to confirm.
pub struct Confirmation<'a> {
    /// The brand of the workspace that gets access.
    pub brand: &'a Brand,
    /// The service's name.
    pub integration: &'a str,
    /// The customer's name.
    pub customer: &'a str,
    /// The form's address: the path of this start.
    pub action: &'a str,
    /// The parameters of this start, to be posted again.
    pub payload: String,
}

#[derive(Template)]
#[template(path = "confirm_start.html")]
struct ConfirmStart<'a> {
    style: String,
    logo: &'a str,
    confirmation: &'a Confirmation<'a>,
}

/// Shows the start page. It sets no cookie, and continues only by posting its form.
#[must_use]
pub fn confirm_start(confirmation: &Confirmation<'_>) -> Response<Bytes> {
    let logo = confirmation.brand.logo_uri.as_deref();
    let style = style::branded(confirmation.brand);
    let page = ConfirmStart { style, logo: logo.unwrap_or_default(), confirmation };
    let policy = Policy {
        style: &page.style,
        script: None,
        images: logo.as_slice(),
        form: FormTarget::OursThenAnywhere,
        ancestors: &[],
    };
    html(StatusCode::OK, &page, &policy)
}
