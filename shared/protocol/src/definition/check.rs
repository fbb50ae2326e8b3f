//! Checks that several parts of a definition share.

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

/// An address that a browser is sent to.
pub(super) fn web_address(uri: &str) -> Option<url::Url> {
    url::Url::parse(uri).ok().filter(|url| {
        let secure = url.scheme() == "https";
        let local = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        (secure || local) && url.username().is_empty() && url.password().is_none()
    })
}

/// The problem of an address that `web_address` does not accept.
pub(super) const NO_WEB_ADDRESS: &str = "must be an absolute https address";
