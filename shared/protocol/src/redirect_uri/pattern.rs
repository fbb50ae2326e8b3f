//! The entries of a workspace's `redirectUris`.

use crate::error::{Error, ErrorKey, Result};

use super::http_url::{Fault, HttpUrl, without_escapes};
use super::{Loopback, RedirectUri, WebOriginPattern};

/// An entry of `redirectUris`: scheme, host, port and path must be the same; query and fragment are free.
///
/// - A path that ends in `/*` stands for everything under it: `/app/*` for `/app/` and `/app/x/y`, not for `/app`.
/// - In the local run the port of a loopback host may be `*`. If no path follows, any path matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUriPattern {
    origin: WebOriginPattern,
    path: PathPattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathPattern {
    Exact(String),
    /// The directory, which ends in `/`.
    Under(String),
}

impl RedirectUriPattern {
    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// `request_malformed`, naming the field `redirectUris`.
    pub fn parse(raw: &str, loopback: Loopback) -> Result<Self> {
        Self::read(raw, loopback).map_err(|fault| {
            let message = format!("The redirect URI cannot be used: it {fault}.");
            Error::new(ErrorKey::RequestMalformed, message).field("redirectUris")
        })
    }

    fn read(raw: &str, loopback: Loopback) -> Result<Self, Fault> {
        let url = HttpUrl::parse(raw)?;
        url.admit(loopback)?;
        if url.query.is_some() || url.fragment.is_some() {
            return Err("has a query or a fragment, which are free anyway");
        }
        let origin = WebOriginPattern::of(&url);
        let path = match url.path.strip_suffix('*') {
            Some(parent) if parent.ends_with('/') => PathPattern::Under(parent.to_owned()),
            None if url.is_bare && origin.leaves_port_open() => PathPattern::Under(url.path),
            _ => PathPattern::Exact(url.path),
        };
        let (PathPattern::Exact(literal) | PathPattern::Under(literal)) = &path;
        if literal.contains('*') {
            return Err("has a `*` elsewhere than as `/*` at the end");
        }
        Ok(Self { origin, path })
    }

    /// True if the workspace's entry allows this redirect target.
    #[must_use]
    pub fn matches(&self, uri: &RedirectUri) -> bool {
        self.origin.matches(&uri.origin)
            && match &self.path {
                PathPattern::Exact(path) => uri.path == *path,
                PathPattern::Under(parent) => uri.path.strip_prefix(parent).is_some_and(|rest| !climbs(rest)),
            }
    }

    /// The origin of the entry, for a workspace that lists no `origins`.
    #[must_use]
    pub fn origin(&self) -> &WebOriginPattern {
        &self.origin
    }
}

/// True if some server could read this path as leaving the directory that it is in.
///
/// Servers decode before they route, and behind a proxy even twice. Some drop the text after a `;` (`..;` in Tomcat),
/// and old ones read the overlong `%c0%ae` as a dot.
fn climbs(rest: &str) -> bool {
    rest.split('/').any(|segment| {
        let decoded = without_escapes(segment.as_bytes());
        let name = decoded.split(|byte| *byte == b';').next();
        matches!(name, Some(b"." | b".."))
            || decoded.iter().any(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control())
            || str::from_utf8(&decoded).is_err()
    })
}
