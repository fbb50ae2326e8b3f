//! A wrapping key from the configuration, in place of KMS.

use std::sync::Arc;

use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{DataKey, EncryptionContext, KeyFuture, WrappingKey, decrypt, encrypt};
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::{Random, draw, hex};

/// A 256-bit key that the operator holds.
pub struct StaticKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
    random: Arc<dyn Random>,
}

impl StaticKey {
    /// Makes a wrapping key. Its id is made of the first bytes of its hash.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; 32]>, random: Arc<dyn Random>) -> Self {
        let id = format!("static-{}", hex(&digest(&SHA256, &*key).as_ref()[..4]));
        Self { id, key, random }
    }

    /// Reads the key from base64, as `openssl rand -base64 32` prints it.
    pub fn from_base64(text: &str, random: Arc<dyn Random>) -> Result<Self> {
        let invalid =
            || Error::new(ErrorKey::ConfigurationInvalid, "The wrapping key is not 32 bytes in base64.");
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| invalid())?);
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| invalid())?;
        Ok(Self::new(Zeroizing::new(key), random))
    }

    fn associated_data(context: &EncryptionContext) -> Vec<u8> {
        format!("linkspan data key 1\0{}\0{}", context.table, context.workspace).into_bytes()
    }

    fn make(&self, context: &EncryptionContext) -> Result<DataKey> {
        let plain = Zeroizing::new(draw::<32>(&*self.random));
        let nonce = draw::<NONCE_LEN>(&*self.random);
        let mut wrapped = nonce.to_vec();
        wrapped.extend(encrypt(&self.key, nonce, &Self::associated_data(context), &*plain)?);
        Ok(DataKey { key_id: self.id.clone(), plain, wrapped })
    }

    fn open(&self, key_id: &str, wrapped: &[u8], context: &EncryptionContext) -> Result<Zeroizing<[u8; 32]>> {
        if key_id != self.id {
            return Err(Error::internal(format_args!(
                "a record was sealed under the unknown wrapping key {key_id}"
            )));
        }
        wrapped
            .split_first_chunk::<NONCE_LEN>()
            .and_then(|(nonce, sealed)| decrypt(&self.key, *nonce, &Self::associated_data(context), sealed))
            .and_then(|plain| <[u8; 32]>::try_from(plain.as_slice()).ok())
            .map(Zeroizing::new)
            .ok_or_else(|| Error::internal("a data key does not open in this context"))
    }
}

impl WrappingKey for StaticKey {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        let made = self.make(context);
        Box::pin(async { made })
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        let opened = self.open(key_id, wrapped, context);
        Box::pin(async { opened })
    }
}

/// The wrapping key of a function that seals and opens nothing.
pub struct NoKey;

impl WrappingKey for NoKey {
    fn generate(&self, _: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        Box::pin(async { Err(Error::internal("this function has no wrapping key")) })
    }

    fn unwrap(&self, _: &str, _: &[u8], _: &EncryptionContext) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        Box::pin(async { Err(Error::internal("this function has no wrapping key")) })
    }
}
