//! Keys that sign where they are kept, as a seam: they never come here.

pub use jsonwebtoken::Algorithm;

use crate::BoxFuture;
use crate::error::{Error, ErrorKey, Result};
use crate::id::WorkspaceKey;

/// What a kept key is to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// The key's name among those of the workspace.
    pub key: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The message: header and claims of a JWT (RFC 7515 §5.1).
    pub message: String,
}

/// The keys of all workspaces. A workspace reaches its own alone.
pub trait KeptKeys: Send + Sync {
    /// The signature as JWS has it (RFC 7518 §3), by a key of this workspace.
    fn sign<'a>(&'a self, workspace: &'a WorkspaceKey, to_sign: &'a ToSign)
    -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// No keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeptKeys;

impl KeptKeys for NoKeptKeys {
    fn sign<'a>(&'a self, _: &'a WorkspaceKey, to_sign: &'a ToSign) -> BoxFuture<'a, Result<Vec<u8>>> {
        let message = format!("There is no key `{}` in KMS that the workspace may sign with.", to_sign.key);
        let error = Error::new(ErrorKey::ConfigurationInvalid, message).field("key.kms");
        Box::pin(async { Err(error.detail("this deployment has no signing keys")) })
    }
}
