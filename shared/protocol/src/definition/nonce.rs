//! Whether a flow's ID token is bound to its authorization request by a `nonce` (OpenID Connect Core 1.0 §3.1.2.1).

use super::OAuth2;
use super::checker::Checker;
use super::template::{Address, Template};

/// The parameter's name, and the claim's.
pub const NONCE: &str = "nonce";

/// What is asked of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceRule {
    /// No nonce is sent.
    Off,
    /// A nonce is sent. An ID token with another is refused, and one with none is taken: what was defined before nonces
    /// were sent goes on, whatever its provider does with them.
    IfReturned,
    /// A nonce is sent, and an ID token must bring it back.
    Required,
}

impl OAuth2 {
    /// What is asked of the ID token.
    #[must_use]
    pub fn nonce_rule(&self) -> NonceRule {
        match self.nonce {
            Some(true) => NonceRule::Required,
            None if self.asks_for_id_token() && !self.has_other_nonce() => NonceRule::IfReturned,
            Some(false) | None => NonceRule::Off,
        }
    }

    fn asks_for_id_token(&self) -> bool {
        let separators = |c: char| c == ' ' || self.scope_separator.contains(c);
        self.scopes.iter().map(Template::as_str).any(|scope| scope.split(separators).any(|it| it == "openid"))
    }

    /// True if the definition sends a nonce of its own making, or leaves ours out.
    fn has_other_nonce(&self) -> bool {
        let in_query = self.authorize_uri.as_ref().map(Address::query_names).unwrap_or_default();
        self.extra.contains_key(NONCE) || in_query.iter().any(|name| name == NONCE) || self.leaves_nonce_out()
    }

    fn leaves_nonce_out(&self) -> bool {
        let names = self.authorization_request.as_ref().map(|changes| &changes.names);
        names.is_some_and(|names| names.get(NONCE) == Some(&None))
    }

    pub(super) fn check_nonce(&self, checker: &mut Checker<'_>) {
        if self.nonce != Some(true) {
            return;
        }
        if self.has_other_nonce() {
            checker
                .refuse(NONCE, "is sent by Linkspan; `extra`, the address and `names` must not have it too");
        }
        if self.grant == super::ConsentGrant::ClientCredentials {
            checker.refuse(NONCE, "has no ID token to come back in: this grant has no code");
        }
    }
}
