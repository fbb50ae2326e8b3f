//! Whose registration with the provider a connection uses: the integration's own, or, for a `proxy` option, that of an
//! integration which the root workspace shares.

use std::sync::Arc;

use crate::definition::{AuthMethod, AuthOption, Integration};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};

/// The integration and the option that do the work.
#[derive(Debug, Clone)]
pub struct App {
    /// The integration that owns the registration.
    pub integration: Arc<Integration>,
    option: usize,
    /// Whether it is another workspace's: then its credentials are not shown to the one that uses it.
    pub borrowed: bool,
}

impl App {
    /// The option, which is never `proxy`.
    #[must_use]
    pub fn option(&self) -> &AuthOption {
        &self.integration.auth_options[self.option]
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
        let option = position.ok_or_else(|| Error::internal("an option is not one of its integration's"))?;
        Ok(Self { integration: Arc::clone(integration), option, borrowed })
    }
}

/// The same answer whether the integration does not exist or is not shared.
fn not_shared() -> Error {
    let message = "The integration that proxyKey names is not shared with this workspace.";
    Error::new(ErrorKey::ConfigurationInvalid, message).field("proxyKey")
}
