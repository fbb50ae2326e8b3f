//! The security headers of pages and responses.

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

/// The content security policy of a page. Anything it does not name is forbidden.
pub(super) struct Policy<'a> {
    /// The only inline style sheet, allowed by its hash.
    pub(super) style: &'a str,
    /// The only inline script, allowed by its hash.
    pub(super) script: Option<&'a str>,
    /// The addresses of the images.
    pub(super) images: &'a [&'a str],
    /// The target of the page's form.
    pub(super) form: FormTarget,
    /// The origins that may show the page in a frame.
    pub(super) ancestors: &'a [String],
    /// True if the script may ask this service.
    pub(super) asks_us: bool,
}

impl<'a> Policy<'a> {
    /// That of a page whose form comes back to us, and leads on from there. It shows the workspace's logo, if there is one.
    pub(super) fn of_form(style: &'a str, logo: &'a [&'a str]) -> Self {
        Self {
            style,
            script: None,
            images: logo,
            form: FormTarget::OursThenAnywhere,
            ancestors: &[],
            asks_us: false,
        }
    }
}

/// The target of a page's form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FormTarget {
    /// The page has no form.
    None,
    /// Our own endpoint, which leads to no other site.
    Ours,
    /// Our own endpoint, which redirects to a provider or to the caller. Chromium applies `form-action` to redirects
    /// too, and a provider may redirect anywhere for its sign-in. So the directive is left out.
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
                // The URL parser has escaped spaces and control characters. A policy cannot escape `;` and `,`, which
                // would end the source, so the URL has to.
                write!(f, " {}", image.as_str().replace(';', "%3B").replace(',', "%2C"))?;
            }
        }
        if self.asks_us {
            write!(f, "; connect-src 'self'")?;
        }
        match self.form {
            FormTarget::None => write!(f, "; form-action 'none'")?,
            FormTarget::Ours => write!(f, "; form-action 'self'")?,
            FormTarget::OursThenAnywhere => {}
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

/// Adds the headers that every body of ours has.
pub fn secure(headers: &mut HeaderMap, content_type: &'static str, policy: &str) {
    match HeaderValue::from_str(policy) {
        Ok(policy) => headers.insert(CONTENT_SECURITY_POLICY, policy),
        Err(_) => headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The popup's page needs the window that opened it, to hand over the result.
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
}
