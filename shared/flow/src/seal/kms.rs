//! A wrapping key in AWS KMS. It never leaves KMS, which makes the data keys and opens them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_sdk_kms::{Client, Config};
use zeroize::Zeroizing;

use super::{DataKey, EncryptionContext, KeyFuture, WrappingKey};
use crate::aws::{Rehearsal, described};
use protocol::BoxFuture;
use protocol::error::{Error, ErrorKey, Result};

/// The time limit for KMS, with the SDK's retries.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A symmetric key in KMS.
pub struct KmsKey {
    id: String,
    config: Config,
    client: OnceLock<Client>,
}

impl KmsKey {
    /// Makes a wrapping key from an id, ARN or alias, in the KMS that `config` reaches. The client is built at its
    /// first use, since many requests need no key.
    #[must_use]
    pub fn new(id: impl Into<String>, config: &Config) -> Self {
        let timeout = TimeoutConfig::builder().operation_timeout(TIMEOUT).build();
        let config = config.to_builder().timeout_config(timeout).build();
        Self { id: id.into(), config, client: OnceLock::new() }
    }

    fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::from_conf(self.config.clone()))
    }
}

impl WrappingKey for KmsKey {
    fn rehearse(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Some(http) = self.config.http_client() else { return };
            let instead =
                Config::builder().http_client(Rehearsal::over(http)).retry_config(RetryConfig::disabled());
            let decrypt = self.client().decrypt().key_id(&self.id).ciphertext_blob(Blob::new([0]));
            // The answer is not KMS's to what is to be decrypted.
            _ = decrypt.customize().config_override(instead).send().await;
        })
    }

    fn generate(&self, context: &EncryptionContext) -> KeyFuture<'_, DataKey> {
        let request = self
            .client()
            .generate_data_key()
            .key_id(&self.id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(pairs(context)));
        Box::pin(async {
            let made = request.send().await.map_err(|error| unavailable("GenerateDataKey", &error))?;
            let plain = plain(made.plaintext)?;
            // KMS returns the key's ARN, even if the setting is an alias. So the record stays readable after the alias
            // has moved.
            let key_id = made.key_id.filter(|id| u8::try_from(id.len()).is_ok()).ok_or_else(incomplete)?;
            let wrapped = made.ciphertext_blob.map(Blob::into_inner).ok_or_else(incomplete)?;
            u16::try_from(wrapped.len()).map_err(|_| incomplete())?;
            Ok(DataKey { key_id, plain, wrapped })
        })
    }

    /// Unwraps with the key that the record names, or, of a multi-Region key, with its replica here. The function's role says
    /// which keys it may use.
    fn unwrap(
        &self,
        key_id: &str,
        wrapped: &[u8],
        context: &EncryptionContext,
    ) -> KeyFuture<'_, Zeroizing<[u8; 32]>> {
        let request = self
            .client()
            .decrypt()
            .key_id(in_region(key_id, self.region()))
            .ciphertext_blob(Blob::new(wrapped))
            .set_encryption_context(Some(pairs(context)));
        Box::pin(async {
            let opened = request.send().await.map_err(|error| not_opened(&error))?;
            plain(opened.plaintext)
        })
    }
}

/// The ARN of a multi-Region key's replica in this region. KMS opens nothing by a key of another region; of other keys there
/// is no replica.
fn in_region<'a>(key_id: &'a str, region: Option<&str>) -> Cow<'a, str> {
    let parts: Vec<&str> = key_id.splitn(6, ':').collect();
    match (parts.as_slice(), region) {
        (["arn", partition, "kms", _, account, key], Some(region)) if key.starts_with("key/mrk-") => {
            format!("arn:{partition}:kms:{region}:{account}:{key}").into()
        }
        _ => key_id.into(),
    }
}

fn pairs(context: &EncryptionContext) -> HashMap<String, String> {
    HashMap::from([
        ("table".to_owned(), context.table.to_owned()),
        ("workspace".to_owned(), String::from(&context.workspace)),
    ])
}

/// Takes the key out of the answer, and wipes the answer's buffer. The buffers inside the SDK cannot be wiped from
/// here.
fn plain(answer: Option<Blob>) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(answer.map(Blob::into_inner).unwrap_or_default());
    let mut key = Zeroizing::new([0; 32]);
    if bytes.len() != key.len() {
        return Err(incomplete());
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

/// Turns a failure to unwrap into an error. A wrong key or context is final; any other failure may pass.
fn not_opened<R>(error: &SdkError<DecryptError, R>) -> Error {
    let wrong = error
        .as_service_error()
        .is_some_and(|error| error.is_invalid_ciphertext_exception() || error.is_incorrect_key_exception());
    if wrong {
        let described = described("Decrypt", error);
        return Error::internal(format_args!("a data key does not open in this context: {described}"));
    }
    unavailable("Decrypt", error)
}

fn unavailable<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata,
{
    Error::new(ErrorKey::KeyUnavailable, "The key service did not answer. Please try again.")
        .detail(format_args!("KMS failed: {}", described(operation, error)))
}

fn incomplete() -> Error {
    Error::internal("KMS answered with no data key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_multi_region_key_is_asked_for_in_the_region_of_the_function() {
        let sealed = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
        let replica = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
        assert_eq!(in_region(sealed, Some("eu-central-1")), replica);
        assert_eq!(in_region(sealed, Some("eu-west-1")), sealed);
        assert_eq!(in_region(sealed, None), sealed);
        for other in [
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:alias/mrk-1",
            "static-00ff00ff",
        ] {
            assert_eq!(in_region(other, Some("eu-central-1")), other);
        }
    }
}
