//! The seams that are KMS on AWS, under the roles.

use std::sync::Arc;

use flow::seal::{DataKey, EncryptionContext, KeyFuture, WrappingKey};
use protocol::BoxFuture;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::kept_keys::{KeptKeys, ToSign};
use zeroize::Zeroizing;

use super::policy::Access;
use super::request::{SIGNING_KEY, in_context};
use super::{Ledger, roles};

/// A wrapping key, whichever it is, under the roles of the key in KMS.
pub(crate) struct GuardedKey {
    pub(crate) key: Arc<dyn WrappingKey>,
    pub(crate) ledger: Arc<Ledger>,
}

impl GuardedKey {
    fn asks(&self, action: &str, context: &EncryptionContext) -> Result<()> {
        let access = Access::new(action, &roles().sealing_key);
        let pairs = [("table", context.table), ("workspace", context.workspace.as_str())];
        self.ledger.asks_seam(&in_context(access, &pairs)).map_err(refused)
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKey::KeyUnavailable, "The key service did not answer. Please try again.").detail(message)
}

impl WrappingKey for GuardedKey {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        match self.asks("kms:GenerateDataKey", context) {
            Ok(()) => self.key.generate(context),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        match self.asks("kms:Decrypt", context) {
            Ok(()) => self.key.unwrap(key_id, wrapped, context),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }

    fn rehearse(&self) -> BoxFuture<'_, ()> {
        self.key.rehearse()
    }
}

/// Keys that sign, whichever they are, under the roles of those in KMS.
pub(crate) struct GuardedKeys {
    pub(crate) keys: Arc<dyn KeptKeys>,
    pub(crate) ledger: Arc<Ledger>,
}

impl KeptKeys for GuardedKeys {
    fn sign<'a>(
        &'a self,
        workspace: &'a WorkspaceKey,
        to_sign: &'a ToSign,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        let alias = format!("alias/linkspan/{workspace}/{}", to_sign.key);
        let access = Access::new("kms:Sign", SIGNING_KEY).with("kms:RequestAlias", &[&alias]);
        match self.ledger.asks_seam(&access) {
            Ok(()) => self.keys.sign(workspace, to_sign),
            Err(message) => Box::pin(async { Err(refused(message)) }),
        }
    }
}
