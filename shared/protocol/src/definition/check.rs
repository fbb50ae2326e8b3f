//! Checks that several parts of a definition share.

use crate::redirect_uri::http_url::{Fault, HttpUrl, Port};
use crate::redirect_uri::{Loopback, OwnRoutes};

/// A key that a team chooses: `^[a-z0-9][a-z0-9._-]{0,63}$`, in either case.
pub(super) fn check_key(key: &str) -> Result<(), &'static str> {
    let well_formed = (1..=64).contains(&key.len())
        && key.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if well_formed {
        Ok(())
    } else {
        Err("must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit")
    }
}

/// The reason why an address cannot be opened by a browser, as the end of a sentence that begins with the setting.
#[must_use]
pub fn web_address_problem(uri: &str, loopback: Loopback, own: &OwnRoutes) -> Option<String> {
    match web_address(uri, loopback) {
        Err(fault) => Some(format!("must be an absolute https address: it {fault}")),
        Ok(()) => own.have(uri).then(|| OWN_ROUTE.to_owned()),
    }
}

/// Reads an address that a browser opens.
pub(super) fn web_address(uri: &str, loopback: Loopback) -> Result<(), Fault> {
    let url = HttpUrl::parse(uri)?;
    match url.port {
        Port::Number(_) => url.admit(loopback),
        Port::Any => Err("leaves the port open"),
    }
}

/// The problem of an address that leads to the service itself.
pub(super) const OWN_ROUTE: &str = "leads to a route of Linkspan's own";
