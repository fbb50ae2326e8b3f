//! The headers that keep a page what it is.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};
use url::Url;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What a page may do. Everything that is not named is forbidden.
pub(super) struct Policy<'a> {
    /// The one inline style sheet, allowed by its hash.
    pub(super) style: &'a str,
    /// The one inline script, allowed by its hash.
    pub(super) script: Option<&'a str>,
    /// The addresses of the images.
    pub(super) images: &'a [&'a str],
    /// Whether there is a form, and where it leads.
    pub(super) form: FormTarget,
    /// The origins that may show the page in a frame.
    pub(super) ancestors: &'a [String],
}

/// Where a page's form may lead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FormTarget {
    /// The page has no form.
    None,
    /// Our own endpoint, which redirects to a provider or the caller. Chromium applies `form-action` to the redirects
    /// too, and a provider redirects to wherever it signs people in: so the directive must be left out.
    OursThenAnywhere,
}

impl fmt::Display for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "default-src 'none'; base-uri 'none'; style-src {}", hash(self.style))?;
        if let Some(script) = self.script {
            write!(f, "; script-src {}", hash(script))?;
        }
        if !self.images.is_empty() {
            write!(f, "; img-src")?;
            for image in self.images.iter().filter_map(|image| Url::parse(image).ok()) {
                // The parser leaves neither space nor control character; a policy has no escape for what else ends one.
                write!(f, " {}", image.as_str().replace(';', "%3B").replace(',', "%2C"))?;
            }
        }
        if self.form == FormTarget::None {
            write!(f, "; form-action 'none'")?;
        }
        if self.ancestors.is_empty() {
            write!(f, "; frame-ancestors 'none'")
        } else {
            write!(f, "; frame-ancestors {}", self.ancestors.join(" "))
        }
    }
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// The headers that every body of ours carries.
pub fn secure(headers: &mut HeaderMap, content_type: &'static str, policy: &str) {
    match HeaderValue::from_str(policy) {
        Ok(policy) => headers.insert(CONTENT_SECURITY_POLICY, policy),
        Err(_) => headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A popup's page must keep the window that opened it, to hand the result over.
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
}
