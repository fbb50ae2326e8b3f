//! The addresses that a flow's result may go to: the caller's `redirectUri`, and the workspace's entries that allow
//! it.
//!
//! The browser is sent to exactly the origin and path that were compared, in their normal form. Only the query and
//! the fragment are the caller's own, byte for byte.

pub(crate) mod http_url;
mod own_routes;
mod pattern;
mod web_origin;

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::error::{Error, ErrorKey, Result};

use http_url::{HttpUrl, Port};

pub use own_routes::{OWN_PATHS, OwnRoutes};
pub use pattern::RedirectUriPattern;
pub use web_origin::{WebOrigin, WebOriginPattern};

/// Allows or refuses addresses of this machine itself. Only the local run allows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loopback {
    /// `127.0.0.1`, `localhost` and `[::1]` are allowed, over http too, and an entry may leave their port open.
    Allowed,
    /// Addresses must be https, and not of this machine.
    #[default]
    Refused,
}

/// The result's parameters. Nobody but Linkspan may put them into the address that the browser is sent to.
pub const RESULT_PARAMETERS: [&str; 5] =
    ["connectionId", "connectionRequestId", "error", "errorData", "customState"];

/// The longest `redirectUri`, in bytes.
pub const MAX_BYTES: usize = 2048;

/// All characters but the unreserved ones of RFC 3986 §2.3, which are safe in any part of a URL.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A caller's `redirectUri` that is a plain absolute URL. [`RedirectUriPattern::matches`] decides whether the
/// workspace allows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectUri {
    origin: WebOrigin,
    path: String,
    query: Option<String>,
    fragment: Option<String>,
    /// The whole address, with the caller's own query.
    text: String,
}

impl RedirectUri {
    /// Reads a `redirectUri`: at most 2 KiB, absolute, https (or a loopback host where that is allowed), without
    /// userinfo, backslash, whitespace, control characters or dot segments.
    ///
    /// # Errors
    ///
    /// `redirect_uri_not_allowed`, naming the field `redirectUri`.
    pub fn parse(raw: &str, loopback: Loopback) -> Result<Self> {
        Self::read(raw, loopback).map_err(|fault| {
            let message = format!("The redirect URI is not allowed: it {fault}.");
            Error::new(ErrorKey::RedirectUriNotAllowed, message).field("redirectUri")
        })
    }

    fn read(raw: &str, loopback: Loopback) -> Result<Self, &'static str> {
        if raw.len() > MAX_BYTES {
            return Err("is longer than 2 KiB");
        }
        let url = HttpUrl::parse(raw)?;
        url.admit(loopback)?;
        let Port::Number(port) = url.port else { return Err(http_url::BAD_PORT) };
        // A `Location` header is ASCII. The browser would send an address outside ASCII as just these bytes.
        let ascii = |part: &str| utf8_percent_encode(part, CONTROLS).to_string();
        let origin = WebOrigin { scheme: url.scheme, host: url.host, port };
        let (query, fragment) = (url.query.map(ascii), url.fragment.map(ascii));
        let text = join(&origin, &url.path, query.as_deref(), fragment.as_deref());
        Ok(Self { origin, path: url.path, query, fragment, text })
    }

    /// The whole address, with the caller's own query: [`RedirectUri::parse`] reads it back as the same value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The web origin that the result goes to.
    #[must_use]
    pub fn origin(&self) -> &WebOrigin {
        &self.origin
    }

    /// The address to send the browser to with this result.
    ///
    /// [`RESULT_PARAMETERS`] in the caller's own query are dropped, however a reader may write them, so that an error
    /// cannot look like a success; the rest of the query stays byte for byte. The result follows it, percent-encoded,
    /// and the fragment comes last.
    #[must_use]
    pub fn with_result(&self, result: &[(&str, &str)]) -> String {
        let mut query = without_result(self.query.as_deref().unwrap_or_default());
        for (name, value) in result {
            let separator = if query.is_empty() { "" } else { "&" };
            query.extend([separator, &percent_encoded(name), "=", &percent_encoded(value)]);
        }
        let query = (self.query.is_some() || !query.is_empty()).then_some(query);
        join(&self.origin, &self.path, query.as_deref(), self.fragment.as_deref())
    }
}

fn join(origin: &WebOrigin, path: &str, query: Option<&str>, fragment: Option<&str>) -> String {
    let mut text = format!("{origin}{path}");
    for (delimiter, part) in [("?", query), ("#", fragment)] {
        if let Some(part) = part {
            text.extend([delimiter, part]);
        }
    }
    text
}

/// Leaves out query and fragment: callers keep state of their own in them, which does not belong in our logs.
impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedirectUri({}{})", self.origin, self.path)
    }
}

/// The caller's own query without [`RESULT_PARAMETERS`]. Some readers take `;` for `&`.
fn without_result(own: &str) -> String {
    let mut kept: Option<String> = None;
    let mut start = 0;
    for pair in own.split(['&', ';']) {
        if !is_result_parameter(pair) {
            match &mut kept {
                None => kept = Some(pair.to_owned()),
                // With the separator before it.
                Some(kept) => kept.push_str(&own[start - 1..start + pair.len()]),
            }
        }
        start += pair.len() + 1;
    }
    kept.unwrap_or_default()
}

/// Compares the name as any reader may see it. It is decoded. PHP drops spaces before it, and takes a NUL for its end;
/// PHP, Rails and Node's `qs` take `name[]`, `name[0]` and `name[a][b]` for parts of `name`, `qs` also `[name]` for the
/// name itself; some readers drop a `?` more than the first, and ASP.NET reads names in any case.
fn is_result_parameter(pair: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| {
        let name = name.trim_start_matches(|c: char| c == '?' || c == '[' || c.is_whitespace());
        let name = name.split(['[', ']', '\0']).next().unwrap_or_default().trim().to_uppercase();
        RESULT_PARAMETERS.iter().any(|own| own.to_uppercase() == name)
    })
}

/// Percent-encodes a text, so that it stays one text in any part of a URL.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

#[cfg(test)]
mod tests;
