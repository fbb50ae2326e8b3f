//! Web origins (RFC 6454 §4): the sites that may open the popup and hear its result.

use std::fmt;

use crate::error::{Error, ErrorKey, Result};

use super::Loopback;
use super::http_url::{Fault, HttpUrl, Port, Scheme};

/// Scheme, host and port of a web site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
}

impl WebOrigin {
    /// Reads an `Origin` header. `null`, which any sandboxed or referrer-less page sends, is no origin.
    ///
    /// # Errors
    ///
    /// `origin_not_allowed`.
    pub fn parse(header: &str) -> Result<Self> {
        Self::read(header, |url| url.is_bare)
    }

    /// The origin of a URL, such as a `Referer` header.
    ///
    /// # Errors
    ///
    /// `origin_not_allowed`.
    pub fn of_url(url: &str) -> Result<Self> {
        Self::read(url, |_| true)
    }

    fn read(raw: &str, is_fine: fn(&HttpUrl<'_>) -> bool) -> Result<Self> {
        let origin = HttpUrl::parse(raw).ok().filter(is_fine).and_then(|url| match url.port {
            Port::Number(port) => Some(Self { scheme: url.scheme, host: url.host, port }),
            Port::Any => None,
        });
        origin.ok_or_else(|| Error::new(ErrorKey::OriginNotAllowed, "The request comes from no web site."))
    }
}

/// Writes the origin as the `Origin` header has it (RFC 6454 §6.2).
impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// An entry of a workspace's `origins`: one web origin, or a loopback host with any port (`http://127.0.0.1:*`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOriginPattern {
    scheme: Scheme,
    host: String,
    port: Port,
}

impl WebOriginPattern {
    /// Reads an entry. A `/` after the host is forgiven.
    ///
    /// # Errors
    ///
    /// `request_malformed`, naming the field `origins`.
    pub fn parse(raw: &str, loopback: Loopback) -> Result<Self> {
        let pattern = HttpUrl::parse(raw).and_then(|url| {
            url.admit(loopback)?;
            if url.path != "/" || url.query.is_some() || url.fragment.is_some() {
                return Err("has more than scheme, host and port");
            }
            Ok(Self::of(&url))
        });
        pattern.map_err(|fault: Fault| {
            Error::new(ErrorKey::RequestMalformed, format!("The origin cannot be used: it {fault}."))
                .field("origins")
        })
    }

    /// True if this entry lists `origin`.
    #[must_use]
    pub fn matches(&self, origin: &WebOrigin) -> bool {
        let port_matches = match self.port {
            Port::Number(port) => port == origin.port,
            Port::Any => true,
        };
        self.scheme == origin.scheme && self.host == origin.host && port_matches
    }

    pub(super) fn of(url: &HttpUrl<'_>) -> Self {
        Self { scheme: url.scheme, host: url.host.clone(), port: url.port }
    }

    pub(super) fn leaves_port_open(&self) -> bool {
        self.port == Port::Any
    }
}

/// Writes an entry, which is also a source of a Content Security Policy (CSP 3 §2.3.1, `host-source`).
impl fmt::Display for WebOriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        match self.port {
            Port::Any => f.write_str(":*"),
            Port::Number(port) if port != self.scheme.default_port() => write!(f, ":{port}"),
            Port::Number(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (header, shown) in [
            ("https://app.example", Some("https://app.example")),
            ("https://APP.example:443", Some("https://app.example")),
            ("http://app.example:80", Some("http://app.example")),
            ("https://app.example:8443", Some("https://app.example:8443")),
            ("http://[::1]:3000", Some("http://[::1]:3000")),
            ("null", None),
            ("", None),
            ("https://app.example/", None),
            ("https://app.example?", None),
            ("https://app.example:*", None),
            ("https://app.example https://evil.example", None),
            ("https://user@app.example", None),
            ("chrome-extension://abcdef", None),
            ("file://", None),
            ("app.example", None),
        ] {
            let origin = WebOrigin::parse(header);
            assert_eq!(origin.ok().map(|origin| origin.to_string()).as_deref(), shown, "{header}");
        }
        let referer = WebOrigin::of_url("https://app.example/a?b#c").unwrap();
        assert_eq!(referer, WebOrigin::parse("https://app.example").unwrap());
        assert_eq!(WebOrigin::of_url("about:blank").unwrap_err().key(), ErrorKey::OriginNotAllowed);
        assert!(WebOrigin::of_url("https://app.example@evil.example/").is_err());
    }

    #[test]
    fn an_entry_matches_its_own_origin_only() {
        let entry = WebOriginPattern::parse("https://App.example/", Loopback::Refused).unwrap();
        assert_eq!(entry.to_string(), "https://app.example");
        for (header, expected) in [
            ("https://app.example", true),
            ("https://app.example:443", true),
            ("http://app.example", false),
            ("https://app.example:8443", false),
            ("https://app.example.evil.example", false),
            ("https://evil.app.example", false),
            ("https://evilapp.example", false),
        ] {
            assert_eq!(entry.matches(&WebOrigin::parse(header).unwrap()), expected, "{header}");
        }
    }

    #[test]
    fn an_open_port_is_for_loopback_hosts_in_the_local_run() {
        let entry = WebOriginPattern::parse("http://localhost:*", Loopback::Allowed).unwrap();
        assert_eq!(entry.to_string(), "http://localhost:*");
        assert!(entry.matches(&WebOrigin::parse("http://localhost").unwrap()));
        assert!(entry.matches(&WebOrigin::parse("http://localhost:5173").unwrap()));
        assert!(!entry.matches(&WebOrigin::parse("http://127.0.0.1:5173").unwrap()));
        assert!(!entry.matches(&WebOrigin::parse("https://localhost:5173").unwrap()));
        assert!(WebOriginPattern::parse("http://localhost:*", Loopback::Refused).is_err());
    }

    #[test]
    fn an_entry_that_is_no_origin_is_an_error() {
        for raw in [
            "",
            "*",
            "null",
            "https://*",
            "https://*.app.example",
            "https://app.example/a",
            "https://app.example/*",
            "https://app.example?a",
            "https://app.example#a",
            "https://user@app.example",
            "http://app.example",
            "https://app.example:*",
            "app.example",
        ] {
            let error = WebOriginPattern::parse(raw, Loopback::Refused).unwrap_err();
            assert_eq!(
                (error.key(), error.data()["field"].as_str()),
                (ErrorKey::RequestMalformed, Some("origins")),
                "{raw}"
            );
        }
    }
}
