//! The start page: asks the customer whether they meant to start this.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{html, style};
use crate::context::flow_id::FlowId;
use crate::web::security::{FormTarget, Policy};
use protocol::definition::Brand;
use protocol::token::Customer;

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 100;

/// The start that the customer is asked to confirm.
pub struct Confirmation<'a> {
    /// The brand of the workspace that gets access.
    pub brand: &'a Brand,
    /// The service's name.
    pub integration: &'a str,
    /// The customer whom the token names.
    pub customer: &'a Customer,
}

#[derive(Template)]
#[template(path = "confirm_start.html")]
struct ConfirmStart<'a> {
    style: String,
    logo: &'a str,
    confirmation: &'a Confirmation<'a>,
    /// The name in the token; empty if it has none.
    name: String,
    flow: &'a str,
}

/// Shows the start page. The start waits in the record of `flow`, and goes on only when the form is posted.
#[must_use]
pub fn confirm_start(confirmation: &Confirmation<'_>, flow: &FlowId) -> Response<Bytes> {
    let logo = confirmation.brand.logo_uri.as_deref();
    let style = style::branded(confirmation.brand);
    let page = ConfirmStart {
        style,
        logo: logo.unwrap_or_default(),
        confirmation,
        name: shown(confirmation.customer.name.as_deref().unwrap_or_default()),
        flow: flow.as_str(),
    };
    let policy = Policy {
        style: &page.style,
        script: None,
        images: logo.as_slice(),
        form: FormTarget::OursThenAnywhere,
        ancestors: &[],
    };
    html(StatusCode::OK, &page, &policy)
}

/// The name as the page shows it: not longer than a name, and without characters that control how a text is shown. They
/// could push or turn the id beside it out of sight.
fn shown(name: &str) -> String {
    let is_plain = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown: String = name.chars().filter(is_plain).take(MAX_NAME).collect();
    if name.chars().filter(is_plain).count() > MAX_NAME {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_a_name() {
        assert_eq!(shown("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(shown("A\u{202e}d\u{2066}a\n\0 \u{200b}L"), "Ada L");
        assert_eq!(shown(&"é".repeat(6000)), format!("{}…", "é".repeat(MAX_NAME)));
    }
}
