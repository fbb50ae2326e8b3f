//! Secrets at rest: AES-256-GCM under data keys that a wrapping key wraps.
//!
//! A sealed value is bound to its [`Place`] as associated data: in another field, record, customer or workspace, or for
//! another registration, it does not open. It carries its wrapped data key and the wrapping key's id. So a new wrapping key can take over for
//! new values, while old ones stay readable.

mod data_key;
mod kms;
mod record;
mod static_key;

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

pub use data_key::{DataKey, EncryptionContext, WrappingKey};
pub use kms::KmsKey;
pub use static_key::{NoKey, StaticKey};

use data_key::DataKeys;
use protocol::BoxFuture;
use protocol::clock::Clock;
use protocol::definition::RegistrationId;
use protocol::error::{Error, Result};
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::random::{Random, draw};
use record::{Record, Version};

/// The place that a sealed value belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table that holds the record: `connections` or `integrations`.
    pub table: &'static str,
    /// The workspace's key.
    pub workspace: &'a WorkspaceKey,
    /// The customer's id; none if the record belongs to the workspace itself.
    pub customer: Option<&'a CustomerId>,
    /// The record's id.
    pub id: &'a str,
    /// The field of the record.
    pub field: &'static str,
    /// The registration that the value belongs to; none if it belongs to no registration.
    pub registration: Option<&'a RegistrationId>,
}

impl Place<'_> {
    /// Encodes each part behind its length, so that no two places have the same encoding. A connection's secrets in
    /// version 1 are not bound to a registration: for these, its record says which it is (`lifecycle/access.rs`).
    fn associated_data(&self, version: Version) -> Vec<u8> {
        let (label, registration) = match version {
            Version::One => (b"linkspan seal 1", None),
            Version::Two => (b"linkspan seal 2", self.registration),
        };
        let mut encoded = label.to_vec();
        let customer = self.customer.map_or("", CustomerId::as_str);
        let place = [self.table, self.workspace.as_str(), customer, self.id, self.field];
        for part in place.into_iter().chain(registration.into_iter().flat_map(RegistrationId::texts)) {
            encoded.extend_from_slice(&(part.len() as u64).to_be_bytes());
            encoded.extend_from_slice(part.as_bytes());
        }
        encoded
    }

    /// Returns the encryption context of the data key for this place.
    #[must_use]
    pub fn encryption_context(&self) -> EncryptionContext {
        EncryptionContext { table: self.table, workspace: self.workspace.clone() }
    }
}

/// Seals and opens the secrets in the tables.
pub struct Sealer {
    keys: DataKeys,
    random: Arc<dyn Random>,
}

impl Sealer {
    /// Makes a sealer whose data keys are wrapped by `wrapping`.
    #[must_use]
    pub fn new(wrapping: Arc<dyn WrappingKey>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { keys: DataKeys::new(wrapping, clock), random }
    }

    /// Gets the wrapping key ready to be asked.
    pub async fn rehearse(&self) {
        self.keys.rehearse().await;
    }

    /// Seals `plaintext` for `place`.
    pub async fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Result<Vec<u8>> {
        self.prepare(place.encryption_context()).await?.seal(place, plaintext)
    }

    /// Fetches a data key in advance. A provider's answer that comes only once can then be sealed even if KMS fails.
    pub async fn prepare(&self, context: EncryptionContext) -> Result<Prepared> {
        let key = self.keys.for_sealing(context.clone()).await?;
        Ok(Prepared { key, context, random: Arc::clone(&self.random) })
    }

    /// Opens a value that was sealed for exactly this `place`.
    pub async fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let record = Record::decode(sealed).ok_or_else(|| unreadable(place))?;
        let key = self.keys.for_opening(record.key_id, record.wrapped, place.encryption_context()).await?;
        decrypt(&key, record.nonce, &place.associated_data(record.version), record.ciphertext)
            .ok_or_else(|| unreadable(place))
    }

    /// Seals a value anew if it is under another than the present wrapping key, or in an older version. Returns nothing
    /// if it may stay as it is: then nothing was opened.
    pub async fn reseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let record = Record::decode(sealed).ok_or_else(|| unreadable(place))?;
        let present = self.prepare(place.encryption_context()).await?;
        let version = Version::present(place.registration.is_some());
        if (record.key_id, record.version) == (present.key.key_id.as_str(), version) {
            return Ok(None);
        }
        present.seal(place, &self.open(place, sealed).await?).map(Some)
    }
}

/// A data key, fetched in advance for one table of one workspace.
pub struct Prepared {
    key: Arc<DataKey>,
    context: EncryptionContext,
    random: Arc<dyn Random>,
}

impl Prepared {
    /// Seals `plaintext` for `place`, which must be in the prepared table and workspace.
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Result<Vec<u8>> {
        if place.encryption_context() != self.context {
            return Err(Error::internal(format_args!("a data key does not seal for {}", place.table)));
        }
        let nonce = draw::<NONCE_LEN>(&*self.random);
        let version = Version::present(place.registration.is_some());
        let ciphertext = encrypt(&self.key.plain, nonce, &place.associated_data(version), plaintext)?;
        let Self { key, .. } = self;
        let record =
            Record { version, key_id: &key.key_id, wrapped: &key.wrapped, nonce, ciphertext: &ciphertext };
        Ok(record.encode())
    }
}

fn unreadable(place: Place<'_>) -> Error {
    Error::internal(format_args!("a sealed value of {} does not open as {}", place.table, place.field))
}

/// Encrypts with AES-256-GCM. The tag is the last 16 bytes.
pub(crate) fn encrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>> {
    let mut sealed = plaintext.to_vec();
    aead_key(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed)
        .map_err(|_| Error::internal("sealing failed"))?;
    Ok(sealed)
}

/// Decrypts. Returns nothing if the key, the nonce, the associated data or any bit of the ciphertext differs.
pub(crate) fn decrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE_LEN],
    aad: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let length = aead_key(key)
        .ok()?
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut buffer)
        .ok()?
        .len();
    buffer.truncate(length);
    Some(buffer)
}

fn aead_key(key: &[u8; 32]) -> Result<LessSafeKey> {
    let key =
        UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::internal("a data key has the wrong length"))?;
    Ok(LessSafeKey::new(key))
}

/// The future of a wrapping key's answer.
pub type KeyFuture<'a, T> = BoxFuture<'a, Result<T>>;

#[cfg(test)]
mod tests;
