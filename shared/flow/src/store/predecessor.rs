//! What is known of the lease before this one.

/// How the lease before this one went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessor {
    /// Its holder ended it, or new credentials came since; or there was none.
    Released,
    /// Its holder never did: it may have got new credentials, and died with them.
    Interrupted,
}
