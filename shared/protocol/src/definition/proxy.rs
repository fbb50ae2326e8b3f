//! The settings of a `proxy` option.

use serde::{Deserialize, Serialize};

use super::checker::Checker;

/// A `proxy` option's `config`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// The key of an integration that the root workspace shares: its default option does the work.
    pub proxy_key: String,
}

impl Proxy {
    /// Whether it is shared with the workspace, the definition does not say.
    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        checker.name("proxyKey", &self.proxy_key);
    }
}
