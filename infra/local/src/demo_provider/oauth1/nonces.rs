//! Timestamps and nonces (RFC 5849 §3.3): no request is taken twice.

use std::collections::HashMap;
use std::time::Duration;

use protocol::clock::Timestamp;

use super::error::SignatureError;

/// The most that the client's clock may be off, either way. A nonce need not be remembered longer than twice that.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The nonces that were used, by client, token and timestamp.
#[derive(Default)]
pub(super) struct Nonces(HashMap<Used, Timestamp>);

/// "The nonce value MUST be unique across all requests with the same timestamp, client credentials, and token
/// combinations."
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Used {
    pub(super) consumer_key: String,
    pub(super) token: String,
    /// In seconds.
    pub(super) timestamp: i64,
    pub(super) nonce: String,
}

impl Nonces {
    /// Takes a nonce of a request whose signature is good.
    pub(super) fn take(&mut self, used: Used, now: Timestamp) -> Result<(), SignatureError> {
        self.0.retain(|_, taken| now.since(*taken) < TOLERANCE * 2);
        let difference = Duration::from_secs(now.seconds().abs_diff(used.timestamp));
        if difference > TOLERANCE {
            return Err(SignatureError::Timestamp);
        }
        match self.0.insert(used, now) {
            None => Ok(()),
            Some(_) => Err(SignatureError::NonceUsed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(timestamp: i64, nonce: &str) -> Used {
        let text = str::to_owned;
        Used { consumer_key: text("c"), token: text("t"), timestamp, nonce: text(nonce) }
    }

    #[test]
    fn a_nonce_is_taken_once_and_only_near_its_time() {
        let mut nonces = Nonces::default();
        let at = |seconds: i64| Timestamp(seconds * 1000);
        assert_eq!(nonces.take(used(1000, "n"), at(1000)), Ok(()));
        assert_eq!(nonces.take(used(1000, "n"), at(1300)), Err(SignatureError::NonceUsed));
        assert_eq!(nonces.take(used(1000, "m"), at(1300)), Ok(()));
        assert_eq!(nonces.take(used(1001, "n"), at(1300)), Ok(()));
        assert_eq!(nonces.take(used(1000, "l"), at(1301)), Err(SignatureError::Timestamp));
        assert_eq!(nonces.take(used(1602, "l"), at(1301)), Err(SignatureError::Timestamp));
        assert_eq!(nonces.take(used(1601, "l"), at(1301)), Ok(()));
    }
}
