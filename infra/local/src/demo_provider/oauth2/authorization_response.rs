//! The authorization response (RFC 6749 §4.1.2), by query or by form (OAuth 2.0 Form Post Response Mode).

use askama::Template;
use aws_lc_rs::digest;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::authorization_error::AuthorizationError;
use crate::demo_provider::{Product, pages};

/// The way that the response takes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    Query,
    FormPost,
}

impl ResponseMode {
    /// The mode that a `response_mode` parameter names; without one it is the query.
    pub(super) fn parse(parameter: Option<&str>) -> Option<Self> {
        match parameter {
            None | Some("query") => Some(Self::Query),
            Some("form_post") => Some(Self::FormPost),
            Some(_) => None,
        }
    }
}

/// The address that the response goes to. It is made only once the client and its redirect URI are known to be right.
#[derive(Debug, Clone)]
pub(super) struct ReplyTo {
    pub(super) redirect_uri: String,
    pub(super) response_mode: ResponseMode,
    pub(super) state: Option<String>,
}

/// The only script that the page may run.
const SUBMIT: &str = "document.forms[0].submit()";

#[derive(Template)]
#[template(path = "demo_provider/form_post.html")]
struct FormPostPage<'a> {
    product: Product,
    redirect_uri: &'a str,
    parameters: &'a [(&'a str, &'a str)],
    script: &'static str,
}

impl ReplyTo {
    /// Answers with a code.
    pub(super) fn code(&self, code: &str, issuer: &str) -> Response {
        self.send(&[("code", code)], issuer)
    }

    /// Answers with an error (RFC 6749 §4.1.2.1).
    pub(super) fn error(&self, error: AuthorizationError, issuer: &str) -> Response {
        let AuthorizationError { code, description } = error;
        self.send(&[("error", code.as_str()), ("error_description", description)], issuer)
    }

    fn send(&self, result: &[(&str, &str)], issuer: &str) -> Response {
        let mut parameters = result.to_vec();
        parameters.extend(self.state.as_deref().map(|state| ("state", state)));
        // Every response names its issuer, errors too (RFC 9207 §2).
        parameters.push(("iss", issuer));
        match self.response_mode {
            ResponseMode::Query => pages::see_other(&self.with_query(&parameters)),
            ResponseMode::FormPost => {
                let redirect_uri = &self.redirect_uri;
                let product = Product::Crm;
                let page = FormPostPage { product, redirect_uri, parameters: &parameters, script: SUBMIT };
                let sha256 = digest::digest(&digest::SHA256, SUBMIT.as_bytes());
                pages::page_with_script(&page, &STANDARD.encode(sha256))
            }
        }
    }

    fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        // The redirect URI's own query is retained (RFC 6749 §3.1.2).
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", self.redirect_uri)
    }
}
