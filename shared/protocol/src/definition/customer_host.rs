//! Services that customers run themselves, so that the host is theirs to name.

use super::template::Address;

/// Whether the host is the customer's to name: `customerHost` and `customerHostGetsSecret` of an option.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CustomerHost {
    /// It is the definition's.
    #[default]
    No,
    /// It is the customer's, and the client secret does not go there.
    WithoutSecret,
    /// It is the customer's, and gets the client secret.
    WithSecret,
}

impl CustomerHost {
    pub(super) fn of(is_customers: bool, gets_secret: bool) -> Self {
        match (is_customers, gets_secret) {
            (false, _) => Self::No,
            (true, false) => Self::WithoutSecret,
            (true, true) => Self::WithSecret,
        }
    }

    /// True if the client secret may go to `address`.
    #[must_use]
    pub fn sends_secret_to(self, address: &Address) -> bool {
        self != Self::WithoutSecret || address.host().slots.is_empty()
    }
}
