//! Registered clients (RFC 6749 §2).

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::demo_provider::Fingerprint;

/// The id of the client that the demo integration uses.
pub(crate) const CLIENT_ID: &str = "linkspan-demo";

/// Its secret. In a Basic header it arrives unchanged only if both sides form-encode it (RFC 6749 §2.3.1).
pub const CLIENT_SECRET: &str = "not-a-secret:100%+demo";

/// The id of the client whose registration is shared.
pub(crate) const SHARED_ID: &str = "linkspan-shared";

/// Its secret.
pub(crate) const SHARED_SECRET: &str = "not-a-secret-either";

/// The id of the client that gets tokens for itself.
pub(crate) const MACHINE_ID: &str = "demo-machine";

/// Its secret, which a visitor who tries this grant enters in a form.
pub(crate) const MACHINE_SECRET: &str = "demo-machine-secret";

/// The grants that a client is registered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grants {
    /// The grants for users: authorization code and refresh token.
    OfUsers,
    /// The grant for the client itself: client credentials.
    OfItself,
}

/// A confidential client.
pub(crate) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) grants: Grants,
    secret: Fingerprint,
    redirect_uris: Vec<String>,
}

impl Client {
    /// Registers a client with the exact redirect URIs that it may use (RFC 6749 §3.1.2.2).
    pub(crate) fn new(id: &str, secret: &str, name: &str, redirect_uris: Vec<String>) -> Self {
        let secret = Fingerprint::of(secret);
        Self { id: id.to_owned(), name: name.to_owned(), grants: Grants::OfUsers, secret, redirect_uris }
    }

    /// The client whose registration is shared.
    pub(crate) fn shared(redirect_uris: Vec<String>) -> Self {
        Self::new(SHARED_ID, SHARED_SECRET, "Linkspan, shared registration", redirect_uris)
    }

    /// The client that gets tokens for itself. Without a redirect URI it can ask no user.
    pub(crate) fn machine() -> Self {
        let client = Self::new(MACHINE_ID, MACHINE_SECRET, "Demo machine", Vec::new());
        Self { grants: Grants::OfItself, ..client }
    }

    /// The client that the demo integration uses.
    pub(crate) fn demo(redirect_uris: Vec<String>) -> Self {
        Self::new(CLIENT_ID, CLIENT_SECRET, "Linkspan", redirect_uris)
    }

    pub(super) fn find<'a>(clients: &'a [Self], id: &str) -> Option<&'a Self> {
        clients.iter().find(|client| client.id == id)
    }

    pub(super) fn has_secret(&self, secret: &str) -> bool {
        verify_slices_are_equal(&self.secret.0, &Fingerprint::of(secret).0).is_ok()
    }

    /// True if the URI is a registered one, by simple string comparison (RFC 9700 §4.1.3).
    pub(super) fn may_use(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == redirect_uri)
    }
}
