//! The root workspace's secret, which signs the tokens that manage all workspaces, and where it is kept.

mod secrets_manager;

use protocol::BoxFuture;
use protocol::error::Result;
use protocol::secret::Secret;

pub use secrets_manager::SecretsManager;

/// The secrets that root tokens may be signed with.
#[derive(Debug, Clone)]
pub struct RootSecrets {
    /// The present one.
    pub current: Secret,
    /// The one that it replaced, as long as that counts.
    pub previous: Option<Secret>,
}

/// Where the root workspace's secret is kept.
pub trait RootSecret: Send + Sync {
    /// Reads the secrets that count now.
    fn read(&self) -> BoxFuture<'_, Result<RootSecrets>>;
}

/// A secret that never changes: that of the local run, and of tests.
impl RootSecret for Secret {
    fn read(&self) -> BoxFuture<'_, Result<RootSecrets>> {
        Box::pin(async { Ok(RootSecrets { current: self.clone(), previous: None }) })
    }
}
