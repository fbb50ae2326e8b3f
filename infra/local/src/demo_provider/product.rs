//! The products that the provider sells. Each speaks another protocol.

use std::fmt;

/// A product. The user signs in under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    /// Speaks OAuth 2.
    Crm,
    /// Speaks OAuth 1.0.
    Mail,
    /// Takes keys and passwords.
    Accounting,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crm => "Demo CRM",
            Self::Mail => "Demo Mail",
            Self::Accounting => "Demo Accounting",
        })
    }
}
