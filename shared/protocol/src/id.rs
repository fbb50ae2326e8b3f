//! The ids that are stored, found or sealed side by side. Each has a type of its own.
//!
//! A mix-up of two ids could show one customer another's connections, so it does not compile. None turns into a
//! `&str` by itself: code that wants the text asks for it.
//!
//! ```
//! use protocol::id::{CustomerId, IntegrationId};
//!
//! fn connections(customer: &CustomerId, integration: &IntegrationId) {}
//!
//! connections(&CustomerId::new("ada"), &IntegrationId::new("crm"));
//! ```
//!
//! ```compile_fail,E0308
//! use protocol::id::{CustomerId, IntegrationId};
//!
//! fn connections(customer: &CustomerId, integration: &IntegrationId) {}
//!
//! connections(&CustomerId::new("ada"), &CustomerId::new("crm"));
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines an id: a text that is stored and sent as it is.
macro_rules! id {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as this id. Code that receives the text from outside checks it first.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&$name> for String {
            fn from(id: &$name) -> Self {
                id.0.clone()
            }
        }
    };
}

id! {
    /// A hash of a connection request's id: what the tables know the request by.
    ConnectionRequestKey
}

id! {
    /// The key of a workspace, which its tokens name.
    WorkspaceKey
}

id! {
    /// The workspace's own id of one of its customers.
    CustomerId
}

id! {
    /// The id of an integration: 32 hexadecimal digits, derived from its workspace and its key.
    IntegrationId
}

id! {
    /// The id of a connection, as callers know it.
    ConnectionId
}

id! {
    /// A key that a caller gives a connection. It is the customer's own: another customer may have the same.
    ConnectionKey
}
