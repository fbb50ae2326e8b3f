//! Sealed values: under which keys they are, and how earlier versions wrote them.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_sdk_dynamodb::types::AttributeValue;
use flow::seal::{DataKey, EncryptionContext, KeyFuture, StaticKey, WrappingKey};
use protocol::id::WorkspaceKey;
use protocol::random::SystemRandom;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::dump::Item;
use crate::world::WRAPPING_KEY;

/// The connection's item as version 1 wrote it: what is sealed was not yet bound to a registration.
pub async fn as_version_1(item: &Item) -> Item {
    let text = |name: &str| item[name].as_s().unwrap().as_str();
    let record: Value = serde_json::from_str(text("record")).unwrap();
    let option = record["authOptionKey"].as_str().unwrap();
    let registration = match &record["borrowed"] {
        Value::Null => ["own", text("integration"), option],
        lent => ["lent", lent["integration"].as_str().unwrap(), lent["option"].as_str().unwrap()],
    };
    let place = ["connections", text("workspace"), text("customer"), text("pk"), "secrets"];

    let sealed = item["sealed"].as_b().unwrap().as_ref();
    assert_eq!(sealed[0], 2, "the version");
    let (key_id, wrapped, rest) = parts(sealed);
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().unwrap();
    let wrapping = StaticKey::new(Zeroizing::new(WRAPPING_KEY), Arc::new(SystemRandom));
    let context = EncryptionContext { table: "connections", workspace: WorkspaceKey::new(text("workspace")) };
    let key = wrapping.unwrap(key_id, wrapped, &context).await.unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).unwrap());
    let nonce = || Nonce::assume_unique_for_key(*nonce);

    let mut buffer = ciphertext.to_vec();
    let whole = [place.as_slice(), &registration].concat();
    let plain = key.open_in_place(nonce(), Aad::from(encoded("linkspan seal 2", &whole)), &mut buffer);
    let mut older = plain.unwrap().to_vec();
    key.seal_in_place_append_tag(nonce(), Aad::from(encoded("linkspan seal 1", &place)), &mut older).unwrap();

    let head = &sealed[1..sealed.len() - ciphertext.len()];
    let value = [&[1], head, &older].concat();
    let mut item = item.clone();
    item.insert("sealed".to_owned(), AttributeValue::B(value.into()));
    item
}

/// The id of the key that an item's secrets are sealed under, and the wrapped data key.
#[must_use]
pub fn sealed_under(item: &Item) -> (String, Vec<u8>) {
    let (key_id, wrapped, _) = parts(item["sealed"].as_b().unwrap().as_ref());
    (key_id.to_owned(), wrapped.to_vec())
}

/// The parts of a sealed value behind its version: the key's id, the wrapped data key, and the rest.
fn parts(sealed: &[u8]) -> (&str, &[u8], &[u8]) {
    let (key_id, rest) = sealed[2..].split_at(usize::from(sealed[1]));
    let (length, rest) = rest.split_first_chunk::<2>().unwrap();
    let (wrapped, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
    (str::from_utf8(key_id).unwrap(), wrapped, rest)
}

/// A key that seals, and older ones that open what they sealed.
pub struct Keys {
    present: StaticKey,
    older: Vec<StaticKey>,
}

impl Keys {
    /// Makes keys from their bytes.
    #[must_use]
    pub fn new(present: [u8; 32], older: &[[u8; 32]]) -> Self {
        let key = |bytes: [u8; 32]| StaticKey::new(Zeroizing::new(bytes), Arc::new(SystemRandom));
        Self { present: key(present), older: older.iter().copied().map(key).collect() }
    }
}

impl WrappingKey for Keys {
    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        self.present.generate(context)
    }

    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        let keys = std::iter::once(&self.present).chain(&self.older);
        let tries: Vec<_> = keys.map(|key| key.unwrap(key_id, wrapped, context)).collect();
        Box::pin(async {
            let mut refused = None;
            for tried in tries {
                match tried.await {
                    Ok(opened) => return Ok(opened),
                    Err(error) => refused = Some(error),
                }
            }
            Err(refused.unwrap())
        })
    }
}

fn encoded(label: &str, parts: &[&str]) -> Vec<u8> {
    let mut encoded = label.as_bytes().to_vec();
    for part in parts {
        encoded.extend_from_slice(&(part.len() as u64).to_be_bytes());
        encoded.extend_from_slice(part.as_bytes());
    }
    encoded
}
