//! Whose registration with the provider a connection uses: the integration's own, or, for a `proxy` option, that of an
//! integration which the root workspace shares.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::definition::{AuthMethod, AuthOption, Integration};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::input::{self, Violation};
use crate::secret::SecretMap;

/// A borrowed registration, as flows and connections remember it. They use this one for as long as they live, whatever
/// becomes of the definition that borrowed it: else who defines it could send the owner's credentials anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Borrowed {
    /// The id of the root workspace's integration.
    pub integration: String,
    /// The key of its option.
    pub option: String,
}

/// The integration and the option that do the work.
#[derive(Debug, Clone)]
pub struct App {
    /// The integration that owns the registration.
    pub integration: Arc<Integration>,
    option: usize,
    /// Whether it is another workspace's: then its credentials are not shown to the one that uses it.
    borrowed: bool,
}

impl App {
    /// The option, which is never `proxy`.
    #[must_use]
    pub fn option(&self) -> &AuthOption {
        &self.integration.auth_options[self.option]
    }

    /// What a flow or a connection must remember of a borrowed registration.
    #[must_use]
    pub fn borrowed(&self) -> Option<Borrowed> {
        let Self { integration, borrowed, .. } = self;
        borrowed.then(|| Borrowed { integration: integration.id.clone(), option: self.option().key.clone() })
    }

    /// What does not fit of what was entered for `option`: its schema, and that of the option that does its work, whose
    /// owner relies on it.
    pub fn violations(&self, option: &AuthOption, entered: &SecretMap) -> Result<Vec<Violation>> {
        let shared = self.option();
        let schemas = [&option.input_schema, &shared.input_schema];
        let distinct = if std::ptr::eq(option, shared) { &schemas[..1] } else { &schemas[..] };
        let mut violations = Vec::new();
        for schema in distinct.iter().copied().flatten() {
            violations.extend(input::violations(schema, entered.expose())?);
        }
        Ok(violations)
    }

    /// What does the work for a flow or a connection that was made with this option, enabled or not.
    pub async fn recorded(
        deps: &Deps,
        integration: &Arc<Integration>,
        option: &str,
        borrowed: Option<&Borrowed>,
    ) -> Result<Self> {
        let Some(borrowed) = borrowed else {
            let own = Self::at(integration, option, false)?;
            return if matches!(own.option().method, AuthMethod::Proxy(_)) {
                Err(changed())
            } else {
                Ok(own)
            };
        };
        let root = deps.settings.root_key.as_deref().ok_or_else(not_shared)?;
        let shared = deps.definitions.integration(root, &borrowed.integration).await?;
        if !shared.is_shared_with(&integration.workspace) {
            return Err(not_shared());
        }
        let app = Self::at(&shared, &borrowed.option, true)?;
        if matches!(app.option().method, AuthMethod::Proxy(_)) { Err(changed()) } else { Ok(app) }
    }

    /// What does the work for a connection.
    pub async fn of_connection(deps: &Deps, connection: &Connection) -> Result<Self> {
        let Connection { workspace, integration, record, .. } = connection;
        let integration = deps.definitions.integration(workspace, integration).await?;
        Self::recorded(deps, &integration, &record.auth_option_key, record.borrowed.as_ref()).await
    }

    /// Finds what does the work for an option of `integration`.
    pub async fn of(deps: &Deps, integration: &Arc<Integration>, option: &AuthOption) -> Result<Self> {
        let AuthMethod::Proxy(proxy) = &option.method else {
            return Self::at(integration, &option.key, false);
        };
        let root = deps.settings.root_key.as_deref().ok_or_else(not_shared)?;
        let shared =
            deps.definitions.integration(root, &proxy.proxy_key).await.map_err(|error| {
                match error.key() {
                    ErrorKey::NotFound => not_shared(),
                    _ => error,
                }
            })?;
        if !shared.is_shared_with(&integration.workspace) {
            return Err(not_shared());
        }
        let default = shared.auth_option(None)?;
        if matches!(default.method, AuthMethod::Proxy(_)) {
            return Err(not_shared());
        }
        let key = default.key.clone();
        Self::at(&shared, &key, true)
    }

    fn at(integration: &Arc<Integration>, key: &str, borrowed: bool) -> Result<Self> {
        let position = integration.auth_options.iter().position(|option| option.key == key);
        let option = position.ok_or_else(changed)?;
        Ok(Self { integration: Arc::clone(integration), option, borrowed })
    }
}

/// The option is no longer there, or no longer what it was.
fn changed() -> Error {
    let message = "The integration's option that this was made with is no longer there.";
    Error::new(ErrorKey::ConfigurationInvalid, message).field("authOptionKey")
}

/// The same answer whether the integration does not exist or is not shared.
fn not_shared() -> Error {
    let message = "The integration that proxyKey names is not shared with this workspace.";
    Error::new(ErrorKey::ConfigurationInvalid, message).field("proxyKey")
}
