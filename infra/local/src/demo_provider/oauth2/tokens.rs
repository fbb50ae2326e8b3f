//! Access tokens and refresh tokens (RFC 6749 §1.4 and §1.5).

use std::collections::HashMap;
use std::time::Duration;

use protocol::clock::Timestamp;

use super::scope::Scope;
use crate::demo_provider::Fingerprint;
use crate::demo_provider::users::User;

/// The lifetime of an access token.
pub(in crate::demo_provider) const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// A user's permission for a client, given once. Every token belongs to one.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) id: u64,
    pub(super) client_id: String,
    pub(super) user: &'static User,
    pub(super) scopes: Vec<&'static Scope>,
}

/// The live tokens, and the refresh tokens that were rotated out.
#[derive(Default)]
pub(super) struct Tokens {
    access: HashMap<Fingerprint, AccessToken>,
    refresh: HashMap<Fingerprint, RefreshToken>,
}

struct AccessToken {
    grant: Grant,
    expires_at: Timestamp,
}

struct RefreshToken {
    grant: Grant,
    rotated_out: bool,
}

/// The reason why a refresh token gives nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotRotated {
    /// Unknown, used, revoked, or another client's.
    Dead,
    /// The client asks for more than was granted.
    ScopeExceeded,
}

/// The reason why a token could not be revoked: it is another client's (RFC 7009 §2.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotYours;

impl Tokens {
    pub(super) fn insert_access(&mut self, token: &str, grant: &Grant, now: Timestamp) {
        self.access.retain(|_, token| token.expires_at > now);
        let expires_at = now + ACCESS_TOKEN_LIFETIME;
        self.access.insert(Fingerprint::of(token), AccessToken { grant: grant.clone(), expires_at });
    }

    pub(super) fn insert_refresh(&mut self, token: &str, grant: &Grant) {
        let record = RefreshToken { grant: grant.clone(), rotated_out: false };
        self.refresh.insert(Fingerprint::of(token), record);
    }

    /// Exchanges a refresh token, which is good for one use, for its grant. `scopes` are those that the client asks
    /// for, if it names any.
    ///
    /// If a token that was rotated out comes again, it or its successor was stolen: the whole grant is revoked (RFC
    /// 9700 §4.14.2).
    pub(super) fn rotate(
        &mut self,
        token: &str,
        client_id: &str,
        scopes: Option<&[&'static Scope]>,
    ) -> Result<Grant, NotRotated> {
        let record = self
            .refresh
            .get_mut(&Fingerprint::of(token))
            .filter(|record| record.grant.client_id == client_id)
            .ok_or(NotRotated::Dead)?;
        if record.rotated_out {
            let grant_id = record.grant.id;
            self.revoke_grant(grant_id);
            return Err(NotRotated::Dead);
        }
        // "MUST NOT include any scope not originally granted" (RFC 6749 §6).
        if !scopes.unwrap_or_default().iter().all(|scope| record.grant.scopes.contains(scope)) {
            return Err(NotRotated::ScopeExceeded);
        }
        record.rotated_out = true;
        Ok(record.grant.clone())
    }

    pub(super) fn user_of_access_token(&self, token: &str, now: Timestamp) -> Option<&'static User> {
        let record = self.access.get(&Fingerprint::of(token))?;
        (record.expires_at > now).then_some(record.grant.user)
    }

    /// Revokes a token (RFC 7009 §2.1): an access token alone, a refresh token with everything that its grant gave.
    /// An unknown token counts as revoked (§2.2).
    pub(super) fn revoke(&mut self, token: &str, client_id: &str) -> Result<(), NotYours> {
        let fingerprint = Fingerprint::of(token);
        let access = self.access.get(&fingerprint).map(|record| &record.grant);
        let refresh = self.refresh.get(&fingerprint).map(|record| &record.grant);
        match (access, refresh) {
            (Some(grant), _) | (_, Some(grant)) if grant.client_id != client_id => Err(NotYours),
            (Some(_), _) => {
                self.access.remove(&fingerprint);
                Ok(())
            }
            (None, Some(grant)) => {
                let grant_id = grant.id;
                self.revoke_grant(grant_id);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    pub(super) fn revoke_grant(&mut self, id: u64) {
        self.access.retain(|_, record| record.grant.id != id);
        self.refresh.retain(|_, record| record.grant.id != id);
    }
}
