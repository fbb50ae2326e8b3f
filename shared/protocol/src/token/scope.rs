//! What a token is limited to: its `scope` (RFC 8693 §4.2), one text of scopes with spaces between them.

use std::collections::BTreeSet;

use super::refused;
use crate::error::{Error, ErrorKey, Result};

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// A part of what a token's bearer may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope { $($(#[$doc])* $variant,)+ }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in tokens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

scopes! {
    /// Starts connections, and completes them for a confirmed user.
    Connect = "connect";
    /// Reads connections, without what is sealed of them, and attempts to connect.
    ConnectionsRead = "connections:read";
    /// Reads and replaces what is sealed of connections, beside the scope for the connection itself.
    ConnectionsSecrets = "connections:secrets";
    /// Makes the test calls of connections.
    ConnectionsTest = "connections:test";
    /// Makes, changes, refreshes, disconnects, archives and restores connections.
    ConnectionsWrite = "connections:write";
    /// Erases all that is held of a customer.
    CustomersErase = "customers:erase";
    /// Exports what is held of a customer.
    CustomersRead = "customers:read";
    /// Changes what is said of the customer.
    CustomersWrite = "customers:write";
    /// Reads integrations and connectors.
    IntegrationsRead = "integrations:read";
    /// Defines, changes and deletes integrations.
    IntegrationsWrite = "integrations:write";
    /// Sends requests to providers' APIs with connections' credentials.
    Proxy = "proxy";
    /// Makes, reads and cancels connection requests.
    RequestsCreate = "requests:create";
    /// Reads webhook endpoints, without their secrets, and what became of deliveries.
    WebhooksRead = "webhooks:read";
    /// Makes, changes and deletes webhook endpoints, and sends deliveries again.
    WebhooksWrite = "webhooks:write";
    /// Reads and lists workspaces.
    WorkspacesRead = "workspaces:read";
    /// Defines and deletes workspaces.
    WorkspacesWrite = "workspaces:write";
}

impl Scope {
    /// The scope of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.name() == name)
    }
}

/// What a token is limited to. It never allows what its bearer may not do without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Option<BTreeSet<Scope>>);

impl Scopes {
    /// The token says nothing of scopes, and is limited to none.
    pub const UNLIMITED: Self = Self(None);

    /// Reads a token's claim. A limit that cannot be read is never taken for none.
    ///
    /// # Errors
    ///
    /// `not_authenticated`.
    pub fn of_claim(claim: &str) -> Result<Self> {
        let names = || claim.split(' ').filter(|name| !name.is_empty());
        if let Some(unknown) = names().find(|name| Scope::named(name).is_none()) {
            let unknown =
                if is_readable(unknown) { format!("`{unknown}`, which is") } else { "what is".into() };
            let known = Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ");
            return Err(refused(format!("The token's `scope` has {unknown} none of: {known}.")));
        }
        let scopes: BTreeSet<Scope> = names().filter_map(Scope::named).collect();
        if scopes.is_empty() {
            return Err(refused("The token's `scope` is empty: a token without limits has no `scope`."));
        }
        Ok(Self(Some(scopes)))
    }

    /// True if the token allows this.
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.as_ref().is_none_or(|scopes| scopes.contains(&scope))
    }

    /// Refuses what the token does not allow.
    ///
    /// # Errors
    ///
    /// `insufficient_scope`, which names the scope.
    pub fn check(&self, needed: Scope) -> Result<()> {
        if self.allow(needed) {
            return Ok(());
        }
        let name = needed.name();
        let message = format!("The token is limited to scopes, and {name} is not among them.");
        Err(Error::new(ErrorKey::InsufficientScope, message).with("scope", name))
    }

    /// The scopes' names, if the token is limited to some.
    #[must_use]
    pub fn names(&self) -> Option<Vec<&'static str>> {
        self.0.as_ref().map(|scopes| scopes.iter().map(|scope| scope.name()).collect())
    }
}

/// True for the characters of a scope (RFC 6749 §3.3), and not many of them.
fn is_readable(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_allows_what_it_names_and_no_more() {
        let scopes = Scopes::of_claim("proxy connections:read  proxy").unwrap();
        assert_eq!(scopes.names().unwrap(), ["connections:read", "proxy"]);
        for scope in Scope::ALL {
            let is_named = matches!(scope, Scope::ConnectionsRead | Scope::Proxy);
            assert_eq!(scopes.allow(*scope), is_named, "{scope:?}");
            assert_eq!(scopes.check(*scope).is_ok(), is_named, "{scope:?}");
            assert!(Scopes::UNLIMITED.allow(*scope), "{scope:?}");
        }
        assert_eq!(Scopes::UNLIMITED.names(), None);
    }

    #[test]
    fn an_unknown_scope_is_repeated_where_it_reads_like_one() {
        let refused = |claim: &str| Scopes::of_claim(claim).unwrap_err().message().to_owned();
        assert!(
            refused("proxy connections:raed")
                .starts_with("The token's `scope` has `connections:raed`, which")
        );
        for unreadable in ["<script>\n".to_owned(), "x".repeat(65), "\"".to_owned(), "sc\u{f6}pe".to_owned()]
        {
            assert!(!refused(&unreadable).contains(&unreadable), "{unreadable}");
        }
    }
}
