//! Checks that several parts of a definition share.

use crate::error::{Error, ErrorKey, Result};

/// A key that a team chooses: `^[a-z0-9][a-z0-9._-]{0,63}$`, in either case.
pub fn check_key(key: &str, field: &str) -> Result<()> {
    let well_formed = (1..=64).contains(&key.len())
        && key.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if well_formed {
        Ok(())
    } else {
        let message = format!(
            "{field} must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
        );
        Err(Error::new(ErrorKey::RequestMalformed, message).field(field))
    }
}

/// An address that a browser is sent to.
pub(super) fn check_web_address(uri: &str, field: &str) -> Result<()> {
    let parsed = url::Url::parse(uri).ok().filter(|url| {
        let secure = url.scheme() == "https";
        let local = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        (secure || local) && url.username().is_empty() && url.password().is_none()
    });
    parsed.map(drop).ok_or_else(|| Error::malformed(field, "must be an absolute https address"))
}
