//! A key that signs in the place of KMS, and notes who has asked it.

use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::BoxFuture;
use protocol::definition::{KeyEncoding, SigningKey as Key};
use protocol::error::Result;
use protocol::id::WorkspaceKey;
use protocol::kept_keys::{KeptKeys, ToSign};

use crate::jwt::SigningKey;

/// One key, whatever it is called.
pub struct KeptKey {
    /// The key, and what verifies its signatures.
    pub key: SigningKey,
    asked: Mutex<Vec<String>>,
}

impl KeptKey {
    /// This key.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self { key, asked: Mutex::default() }
    }

    /// Who has asked for which key since the last time: `workspace/key`.
    #[must_use]
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl KeptKeys for KeptKey {
    fn sign<'a>(
        &'a self,
        workspace: &'a WorkspaceKey,
        to_sign: &'a ToSign,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        self.asked.lock().unwrap().push(format!("{workspace}/{}", to_sign.key));
        let key = Key::read(to_sign.algorithm, KeyEncoding::Pem, &self.key.pem).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(key.sign(&to_sign.message).unwrap()).unwrap();
        Box::pin(async { Ok(signature) })
    }
}
