//! Temporary credentials and token credentials (RFC 5849 §2.1 and §2.3).

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use protocol::clock::Timestamp;

use super::fault::Fault;
use crate::demo_provider::Fingerprint;
use crate::demo_provider::users::User;

/// The lifetime of temporary credentials, until they are exchanged.
const LIFETIME: Duration = Duration::from_mins(10);

/// The live credentials. Their shared secrets are kept as they are, because signatures cannot be checked without
/// them.
#[derive(Default)]
pub(super) struct Credentials {
    temporary: HashMap<Fingerprint, Temporary>,
    tokens: HashMap<Fingerprint, TokenRecord>,
}

/// Temporary credentials, from the request for them to their exchange.
#[derive(Clone)]
pub(super) struct Temporary {
    pub(super) consumer_key: String,
    pub(super) secret: String,
    pub(super) callback: String,
    /// The fault that the request asks for, or that the user chose.
    pub(super) fault: Option<Fault>,
    pub(super) expires_at: Timestamp,
    /// Set once, when the user allows.
    granted: Option<Granted>,
}

#[derive(Clone)]
struct Granted {
    user: &'static User,
    verifier: Fingerprint,
}

/// Token credentials.
pub(super) struct TokenRecord {
    pub(super) consumer_key: String,
    pub(super) secret: String,
    pub(super) user: &'static User,
}

/// New temporary credentials.
pub(super) struct NewTemporary<'a> {
    pub(super) token: &'a str,
    pub(super) secret: &'a str,
    pub(super) consumer_key: &'a str,
    pub(super) callback: &'a str,
    pub(super) fault: Option<Fault>,
}

impl Credentials {
    pub(super) fn insert_temporary(&mut self, new: &NewTemporary<'_>, now: Timestamp) {
        self.temporary.retain(|_, temporary| temporary.expires_at > now);
        let temporary = Temporary {
            consumer_key: new.consumer_key.to_owned(),
            secret: new.secret.to_owned(),
            callback: new.callback.to_owned(),
            fault: new.fault,
            expires_at: now + LIFETIME,
            granted: None,
        };
        self.temporary.insert(Fingerprint::of(new.token), temporary);
    }

    pub(super) fn temporary(&self, token: &str, now: Timestamp) -> Option<&Temporary> {
        self.temporary.get(&Fingerprint::of(token)).filter(|temporary| temporary.expires_at > now)
    }

    /// Temporary credentials that await their user's answer.
    pub(super) fn unanswered(&self, token: &str, now: Timestamp) -> Option<&Temporary> {
        self.temporary(token, now).filter(|temporary| temporary.granted.is_none())
    }

    /// Records that the user allows. The client's token request must present the verifier (§2.2).
    pub(super) fn grant(&mut self, token: &str, user: &'static User, verifier: &str, fault: Option<Fault>) {
        if let Some(temporary) = self.temporary.get_mut(&Fingerprint::of(token)) {
            temporary.granted = Some(Granted { user, verifier: Fingerprint::of(verifier) });
            temporary.fault = fault;
        }
    }

    /// Removes temporary credentials: the user denied, or they are used up.
    pub(super) fn remove_temporary(&mut self, token: &str) {
        self.temporary.remove(&Fingerprint::of(token));
    }

    /// Takes temporary credentials, which are good for one exchange (§2.3). Returns the user who allowed it. A wrong
    /// verifier uses them up too: otherwise it could be guessed.
    pub(super) fn redeem(&mut self, token: &str, verifier: &str) -> Option<(&'static User, Option<Fault>)> {
        let temporary = self.temporary.remove(&Fingerprint::of(token))?;
        let granted = temporary.granted?;
        let given = Fingerprint::of(verifier);
        verify_slices_are_equal(&granted.verifier.0, &given.0).ok()?;
        Some((granted.user, temporary.fault))
    }

    pub(super) fn insert_token(&mut self, token: &str, record: TokenRecord) {
        self.tokens.insert(Fingerprint::of(token), record);
    }

    pub(super) fn token(&self, token: &str) -> Option<&TokenRecord> {
        self.tokens.get(&Fingerprint::of(token))
    }
}
