//! A strict reading of absolute http and https URLs (RFC 3986 §3).
//!
//! Browsers forgive a lot (WHATWG URL): tabs, backslashes, missing or extra slashes, `2130706433` for an IPv4
//! address. Other software reads such text differently, and each difference is an open redirect or a request to the
//! wrong host. So nothing is forgiven here: an accepted text means the same to every reader.

use std::fmt;

use url::Url;

use super::Loopback;
use crate::path::{Doubt, doubt};

/// The reason why a text is not accepted, as the end of a sentence that begins with "it".
pub(crate) type Fault = &'static str;

pub(super) const BAD_PORT: Fault = "has a port that is no number from 1 to 65535";

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Port {
    Number(u16),
    /// `*`, which is allowed in an entry, never in an address.
    Any,
}

#[derive(Debug)]
pub(crate) struct HttpUrl<'a> {
    pub(crate) scheme: Scheme,
    /// In lower case, and otherwise as it was written.
    pub(crate) host: String,
    pub(crate) port: Port,
    /// True if the text ends after the authority.
    pub(crate) is_bare: bool,
    /// Percent-encoded as browsers do it; `/` when there is none.
    pub(crate) path: String,
    pub(crate) query: Option<&'a str>,
    pub(crate) fragment: Option<&'a str>,
}

impl<'a> HttpUrl<'a> {
    pub(crate) fn parse(raw: &'a str) -> Result<Self, Fault> {
        if raw.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace()) {
            return Err("has a backslash, whitespace or a control character in it");
        }
        let (scheme, rest) = match raw.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            _ => return Err("is no absolute URL that begins with `https://`"),
        };
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = split_authority(authority, scheme)?;
        let is_bare = rest.is_empty();
        let (rest, fragment) = cut(rest, '#');
        let (path, query) = cut(rest, '?');
        if doubt(path) == Some(Doubt::Step) {
            return Err(Doubt::Step.problem());
        }
        let normal = Url::parse(&format!("{scheme}://{host}{path}")).map_err(|_| BAD_HOST)?;
        if normal.host_str() != Some(&host) {
            return Err(BAD_HOST);
        }
        Ok(Self { scheme, host, port, is_bare, path: normal.path().to_owned(), query, fragment })
    }

    /// Refuses plain http and this machine's own addresses, except the loopback hosts where those are allowed.
    pub(crate) fn admit(&self, loopback: Loopback) -> Result<(), Fault> {
        let is_loopback = is_loopback(&self.host);
        if is_loopback && loopback == Loopback::Allowed {
            return Ok(());
        }
        if is_loopback || names_this_machine(&self.host) {
            return Err("leads to the very machine that follows it");
        }
        if self.scheme != Scheme::Https {
            return Err("is not https");
        }
        if self.port == Port::Any {
            return Err("leaves the port open, which only loopback hosts may");
        }
        Ok(())
    }
}

const BAD_HOST: Fault = "has a host that is not in its plain form (a name in ASCII, or an address)";

fn split_authority(authority: &str, scheme: Scheme) -> Result<(String, Port), Fault> {
    if authority.contains('@') {
        return Err("has a user name or password in it");
    }
    // RFC 3986 §3.2.2: an IPv6 address stands in brackets, because it has colons of its own.
    let host_end =
        if authority.starts_with('[') { authority.find(']').map(|end| end + 1) } else { authority.find(':') };
    let (host, port) = authority.split_at(host_end.unwrap_or(authority.len()));
    let is_plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[:]".contains(&b));
    let has_empty_label = !host.starts_with('[') && host.split('.').any(str::is_empty);
    if !is_plain || has_empty_label {
        return Err(BAD_HOST);
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => Port::Number(scheme.default_port()),
        Some("*") => Port::Any,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Port::Number(digits.parse().ok().filter(|port| *port != 0).ok_or(BAD_PORT)?)
        }
        _ => return Err(BAD_PORT),
    };
    Ok((host.to_ascii_lowercase(), port))
}

fn cut(text: &str, delimiter: char) -> (&str, Option<&str>) {
    text.split_once(delimiter).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// True if the host is one of those that [`Loopback::Allowed`] allows.
pub(super) fn is_loopback(host: &str) -> bool {
    LOOPBACK_HOSTS.contains(&host)
}

fn names_this_machine(host: &str) -> bool {
    match url::Host::parse(host) {
        Ok(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(url::Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Ok(url::Host::Ipv6(address)) => {
            let v4 = address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback() || v4.is_unspecified());
            address.is_loopback() || address.is_unspecified() || v4
        }
        Err(_) => true,
    }
}
