//! Authorization codes (RFC 6749 §4.1.2).

use std::collections::HashMap;
use std::time::Duration;

use protocol::clock::Timestamp;

use super::authorization_request::AuthorizationRequest;
use super::fault::Fault;
use super::pkce::CodeChallenge;
use super::tokens::Grant;
use crate::demo_provider::Fingerprint;
use crate::demo_provider::users::User;

const LIFETIME: Duration = Duration::from_mins(1);

/// The time that a code is remembered. Its second use is noticed for as long as its access token may live.
const MEMORY: Duration = Duration::from_hours(1);

/// The codes, spent ones included.
#[derive(Default)]
pub(super) struct Codes(HashMap<Fingerprint, Code>);

struct Code {
    grant: Grant,
    redirect_uri: String,
    challenge: CodeChallenge,
    fault: Option<Fault>,
    issued_at: Timestamp,
    spent: bool,
}

/// A new code, after a user's consent.
pub(super) struct Issued<'a> {
    pub(super) code: &'a str,
    pub(super) request: &'a AuthorizationRequest,
    pub(super) user: &'static User,
    pub(super) fault: Option<Fault>,
    pub(super) grant_id: u64,
}

/// The values that a client presents with a code.
pub(super) struct Presented<'a> {
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) code_verifier: &'a str,
}

/// The reason why a code is refused. All of these are `invalid_grant`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Never issued, long forgotten, or issued to another client.
    Unknown,
    /// Presented before: everything made from it, under this grant id, must be revoked (RFC 6749 §4.1.2).
    Spent(u64),
    Expired,
    RedirectUriDiffers,
    VerifierDiffers,
}

impl Codes {
    pub(super) fn insert(&mut self, issued: &Issued<'_>, now: Timestamp) {
        self.0.retain(|_, code| now.since(code.issued_at) < MEMORY);
        let Issued { code, request, user, fault, grant_id } = *issued;
        let grant = Grant {
            id: grant_id,
            client_id: request.client_id.clone(),
            user,
            scopes: request.scopes.clone(),
        };
        let code_record = Code {
            grant,
            redirect_uri: request.reply_to.redirect_uri.clone(),
            challenge: request.code_challenge,
            fault,
            issued_at: now,
            spent: false,
        };
        self.0.insert(Fingerprint::of(code), code_record);
    }

    /// Takes the code for its grant. A code that its own client presents is spent, even if it is refused: otherwise a
    /// verifier could be guessed.
    pub(super) fn redeem(
        &mut self,
        presented: &Presented<'_>,
        now: Timestamp,
    ) -> Result<(Grant, Option<Fault>), Refused> {
        let code = self
            .0
            .get_mut(&Fingerprint::of(presented.code))
            .filter(|code| code.grant.client_id == presented.client_id)
            .ok_or(Refused::Unknown)?;
        if code.spent {
            return Err(Refused::Spent(code.grant.id));
        }
        code.spent = true;
        if now.since(code.issued_at) >= LIFETIME {
            return Err(Refused::Expired);
        }
        // The URI is required because the authorization request had one, and it must be the same (RFC 6749 §4.1.3).
        if presented.redirect_uri != Some(&code.redirect_uri) {
            return Err(Refused::RedirectUriDiffers);
        }
        if !code.challenge.is_met_by(presented.code_verifier) {
            return Err(Refused::VerifierDiffers);
        }
        Ok((code.grant.clone(), code.fault))
    }
}
