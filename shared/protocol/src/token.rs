//! The token that names the caller of a request: a JWT (RFC 7519) signed by the workspace.
//!
//! The claims are read twice. The first time, without trust ([`unverified_workspace_key`]), serves only to look the
//! workspace up. The second follows once [`VerificationKeys::verify`] has checked the signature with that workspace's
//! keys.

mod claims;
mod compact;
mod key;
mod rules;
mod scope;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error::{Cause, Error, ErrorKey, Result};
use crate::id::{CustomerId, WorkspaceKey};
use crate::record::About;
use crate::secret::Secret;

use claims::Claims;
pub use claims::is_customer_id;
use compact::Compact;
use key::Key;
pub use rules::{DEFAULT_LIFETIME, TokenRules};
pub use scope::{Scope, Scopes};

/// The kind of failure, in the log, of a token that its workspace has not signed.
pub const NOT_SIGNED: &str = "not_signed_by_workspace";

/// The caller that a verified token speaks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Caller {
    /// A customer of the workspace.
    Customer(Customer),
    /// The workspace itself: `isAdmin` with no customer.
    Admin {
        /// The workspace's key.
        workspace: WorkspaceKey,
        /// What the token is limited to.
        scopes: Scopes,
    },
}

impl Caller {
    /// The key of the workspace that signed the token.
    #[must_use]
    pub fn workspace(&self) -> &WorkspaceKey {
        match self {
            Self::Customer(customer) => &customer.workspace,
            Self::Admin { workspace, .. } => workspace,
        }
    }

    /// True if the caller may see what is this customer's of this workspace: customers see their own, administrators all of
    /// their workspace.
    #[must_use]
    pub fn may_see(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> bool {
        self.workspace() == workspace
            && match self {
                Self::Customer(caller) => caller.id == *customer,
                Self::Admin { .. } => true,
            }
    }

    /// What the token is limited to.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        match self {
            Self::Customer(customer) => &customer.scopes,
            Self::Admin { scopes, .. } => scopes,
        }
    }
}

/// A customer, as the workspace describes them.
#[derive(Clone, PartialEq)]
pub struct Customer {
    /// The key of the workspace whose customer this is.
    pub workspace: WorkspaceKey,
    /// The workspace's own id of the customer: 1 to 255 characters, none of them a control character.
    pub id: CustomerId,
    /// The customer's name.
    pub name: Option<String>,
    /// Further fields that the workspace gives about the customer.
    pub fields: Map<String, Value>,
    /// What the token is limited to.
    pub scopes: Scopes,
}

/// Leaves out name and fields: they are personal data, which logs must not collect.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer")
            .field("workspace", &self.workspace)
            .field("id", &self.id)
            .field("name", &self.name.as_ref().map(|_| "[redacted]"))
            .field("fields", &"[redacted]")
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// The workspace key that a token names, read without trust. It serves to look the workspace up, and for nothing
/// else.
///
/// # Errors
///
/// `not_authenticated` when the token is no JWT, or names no workspace, or two.
pub fn unverified_workspace_key(token: &str) -> Result<WorkspaceKey> {
    let claims = Claims(Compact::parse(token)?.claims()?);
    claims.workspace().map(WorkspaceKey::new)
}

/// The keys that verify a workspace's tokens, and the workspace's rules for them.
#[derive(Debug, Clone)]
pub struct VerificationKeys {
    keys: Vec<Key>,
    rules: TokenRules,
}

impl VerificationKeys {
    /// Takes a workspace's shared secret (its UTF-8 bytes are the HMAC key) and its public keys in PEM.
    ///
    /// # Errors
    ///
    /// `request_malformed` that names `secret` when it is empty, or `publicKeys[N]` when that one is no public key of a
    /// supported kind: RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519.
    pub fn new(secret: Option<&Secret>, public_keys: &[String]) -> Result<Self> {
        let mut keys = Vec::with_capacity(public_keys.len() + 1);
        if let Some(secret) = secret {
            if secret.is_empty() {
                return Err(malformed("The secret is empty.").field("secret"));
            }
            keys.push(Key::shared(secret));
        }
        for (index, pem) in public_keys.iter().enumerate() {
            let key = Key::public(pem, index);
            keys.push(key.map_err(|fault| malformed(fault).field(format!("publicKeys[{index}]")))?);
        }
        Ok(Self { keys, rules: TokenRules::default() })
    }

    /// Adds the secret that was replaced, which verifies tokens until a moment.
    #[must_use]
    pub fn with_previous(mut self, secret: &Secret, until: Timestamp) -> Self {
        self.keys.push(Key::previous(secret, until));
        self
    }

    /// Sets the workspace's rules for its tokens.
    #[must_use]
    pub fn with_rules(self, rules: TokenRules) -> Self {
        Self { rules, ..self }
    }

    /// Verifies that `token` was signed by `workspace` and is valid at `now`. Returns the caller that it speaks for.
    ///
    /// # Errors
    ///
    /// `not_authenticated`, with a message that gives the reason. Claims are checked only once the signature holds,
    /// so that nobody learns from the answer what a forged token would need.
    pub fn verify(&self, token: &str, workspace: &WorkspaceKey, now: Timestamp) -> Result<Caller> {
        let token = Compact::parse(token)?;
        let algorithm = token.algorithm()?;
        // RFC 8725 §3.1: each key has its own algorithms, and the header can only choose among those.
        let usable = |key: &&Key| key.allows(algorithm) && key.is_valid_at(now);
        let mut candidates = self.keys.iter().filter(usable).peekable();
        if candidates.peek().is_none() {
            let message =
                format!("The token is signed with {algorithm:?}: the workspace has no key for that.");
            return Err(not_signed_by(workspace, message));
        }
        let Some(key) = candidates.find(|key| key.verifies(algorithm, token.signing_input, token.signature))
        else {
            let message = "The token's signature does not match any key of the workspace.";
            return Err(not_signed_by(workspace, message));
        };
        let claims = Claims(token.claims()?);
        claims.check_time(now, &self.rules)?;
        claims.check_audience(&self.rules)?;
        if claims.workspace()? != workspace.as_str() {
            return Err(refused("The token belongs to another workspace."));
        }
        note_signer(&token, &claims, key);
        let caller = claims.into_caller(workspace)?;
        if let Some(names) = caller.scopes().names() {
            About::Scope.note(names.join(" "));
        }
        Ok(caller)
    }
}

/// Notes who speaks, for the line of the request: the person or the program that the workspace names, and the key that it
/// signed with.
fn note_signer(token: &Compact<'_>, claims: &Claims, key: &Key) {
    About::SignedBy.note(&*key.setting);
    if let Some(id) = token.key_id().filter(|id| is_customer_id(id)) {
        About::KeyId.note(id);
    }
    if let Some(subject) = claims.subject().filter(|subject| is_customer_id(subject)) {
        About::Subject.note(subject);
    }
}

fn malformed(message: &'static str) -> Error {
    Error::new(ErrorKey::RequestMalformed, message)
}

/// The refusal of a token that names a workspace which has not signed it. Whoever calls has looked the workspace up: nobody
/// can write a name of their own into the log.
fn not_signed_by(workspace: &WorkspaceKey, message: impl Into<Cow<'static, str>>) -> Error {
    About::ClaimedWorkspace.note(workspace);
    refused(message).because(Cause { kind: Some(NOT_SIGNED), ..Cause::default() })
}

fn refused(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKey::NotAuthenticated, message).field("token")
}

#[cfg(test)]
mod tests;
