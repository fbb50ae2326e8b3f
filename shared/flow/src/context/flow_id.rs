//! A flow's public id, and how long a flow lasts.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Timestamp;

/// The time that a customer has from the start to the callback, in seconds.
pub const FLOW_LIFETIME_SECONDS: u32 = 15 * 60;

/// The extra time for reading the result of a callback that came in time, in seconds. The callback may work for 28 of
/// them, and then the browser has to follow the redirect.
pub const RESULT_LIFETIME_SECONDS: u32 = 60;

/// The time after its expiry for which a flow is remembered, in seconds: its record here, and its cookie in the browser.
/// Nothing can be done with it then, but its customer is sent back to the application that they came from.
pub const REMEMBERED_SECONDS: u32 = 60 * 60;

/// True while a flow with this expiry is remembered. Its item is kept for longer, as an attempt.
#[must_use]
pub(crate) fn is_remembered(expires_at: Timestamp, now: Timestamp) -> bool {
    now < expires_at + Duration::from_secs(REMEMBERED_SECONDS.into())
}

/// A flow's public id: the table's key, part of the cookie's name, and the end of the result's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FlowId(String);

impl FlowId {
    /// Returns the id that a hash makes: its first 128 bits.
    pub(super) fn of_hash(hash: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(&hash[..16]))
    }

    /// Reads an id from a path. Returns nothing if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 22
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// Returns the id as text: 22 letters, digits, `-` and `_`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
