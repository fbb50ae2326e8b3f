//! The settings of a `proxy` option.

use serde::{Deserialize, Serialize};

use super::checker::Checker;

/// A `proxy` option's `config`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// The key of an integration that the root workspace shares. Its default option does the work.
    pub proxy_key: String,
}

impl Proxy {
    /// Checks the key's form only: the definition does not show whether the integration is shared with the workspace.
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        checker.name("proxyKey", &self.proxy_key);
    }
}
