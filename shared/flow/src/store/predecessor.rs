//! The end of the lease before the current one.

/// The end of the lease before the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessor {
    /// Its holder released it, or new credentials were written since; or there was none.
    Released,
    /// Its holder did not release it, and may have died with new credentials that were never saved.
    Interrupted,
}
