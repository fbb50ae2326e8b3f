//! Keys that sign in AWS KMS, and never leave it. A workspace reaches those whose alias says that they are its own:
//! `alias/linkspan/{workspace}/{name}`. So whoever may make aliases in the account decides which workspace has which key, and
//! the function's role says which keys there are at all.

use std::sync::OnceLock;
use std::time::Duration;

use aws_lc_rs::digest::{self, digest};
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_sdk_kms::{Client, Config};

use crate::aws::described;
use protocol::BoxFuture;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::kept_keys::{Algorithm, KeptKeys, ToSign};

/// The time limit for KMS, with the SDK's retries.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The keys in KMS that sign.
pub struct KmsSigning {
    config: Config,
    client: OnceLock<Client>,
}

/// How KMS signs by an algorithm: over this hash, and, for an elliptic curve, with numbers of so many bytes.
struct Way {
    spec: SigningAlgorithmSpec,
    hash: &'static digest::Algorithm,
    curve: Option<usize>,
}

impl Way {
    fn of(algorithm: Algorithm) -> Option<Self> {
        use SigningAlgorithmSpec as Spec;
        let (spec, hash, curve) = match algorithm {
            Algorithm::RS256 => (Spec::RsassaPkcs1V15Sha256, &digest::SHA256, None),
            Algorithm::RS384 => (Spec::RsassaPkcs1V15Sha384, &digest::SHA384, None),
            Algorithm::RS512 => (Spec::RsassaPkcs1V15Sha512, &digest::SHA512, None),
            Algorithm::PS256 => (Spec::RsassaPssSha256, &digest::SHA256, None),
            Algorithm::PS384 => (Spec::RsassaPssSha384, &digest::SHA384, None),
            Algorithm::PS512 => (Spec::RsassaPssSha512, &digest::SHA512, None),
            Algorithm::ES256 => (Spec::EcdsaSha256, &digest::SHA256, Some(32)),
            Algorithm::ES384 => (Spec::EcdsaSha384, &digest::SHA384, Some(48)),
            _ => return None,
        };
        Some(Self { spec, hash, curve })
    }
}

impl KmsSigning {
    /// The keys in the KMS that `config` reaches. The client is built at its first use.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let timeout = TimeoutConfig::builder().operation_timeout(TIMEOUT).build();
        Self { config: config.to_builder().timeout_config(timeout).build(), client: OnceLock::new() }
    }

    async fn signature(&self, workspace: &WorkspaceKey, to_sign: &ToSign) -> Result<Vec<u8>> {
        let alias = alias(workspace, &to_sign.key).ok_or_else(|| unusable(&to_sign.key))?;
        let way = Way::of(to_sign.algorithm).ok_or_else(|| unusable(&to_sign.key))?;
        // The hash, since KMS takes no more than 4096 bytes of a message.
        let hash = digest(way.hash, to_sign.message.as_bytes());
        let client = self.client.get_or_init(|| Client::from_conf(self.config.clone()));
        let signed = client
            .sign()
            .key_id(alias)
            .message(Blob::new(hash.as_ref()))
            .message_type(MessageType::Digest)
            .signing_algorithm(way.spec)
            .send()
            .await
            .map_err(|error| failed(&to_sign.key, &error))?;
        let signature = signed.signature.map(Blob::into_inner).unwrap_or_default();
        match way.curve {
            Some(length) => fixed(&signature, length),
            None => Some(signature),
        }
        .filter(|signature| !signature.is_empty())
        .ok_or_else(|| Error::internal("KMS answered with no signature of this algorithm"))
    }
}

impl KeptKeys for KmsSigning {
    fn sign<'a>(
        &'a self,
        workspace: &'a WorkspaceKey,
        to_sign: &'a ToSign,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(self.signature(workspace, to_sign))
    }
}

/// The alias of a workspace's key. Neither part has a slash in it, so no workspace names another's. An alias has no dot,
/// so a workspace whose key has one has no keys.
fn alias(workspace: &WorkspaceKey, key: &str) -> Option<String> {
    let is_plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let workspace = workspace.as_str();
    (is_plain(workspace) && is_plain(key)).then(|| format!("alias/linkspan/{workspace}/{key}"))
}

/// The two numbers of an ECDSA signature in DER (RFC 3279 §2.2.3), as JWS has them: each in `length` bytes (RFC 7518 §3.4).
fn fixed(der: &[u8], length: usize) -> Option<Vec<u8>> {
    let (sequence, []) = element(der, 0x30)? else { return None };
    let (r, rest) = element(sequence, 0x02)?;
    let (s, []) = element(rest, 0x02)? else { return None };
    let mut signature = Vec::with_capacity(2 * length);
    for number in [r, s] {
        let digits = number.iter().position(|byte| *byte != 0).map_or(&[][..], |first| &number[first..]);
        signature.resize(signature.len() + length.checked_sub(digits.len())?, 0);
        signature.extend_from_slice(digits);
    }
    Some(signature)
}

/// The content of an element with this tag, and what follows it. None is longer than 255 bytes.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der {
        [first, 0x81, length, rest @ ..] if *first == tag => (*length, rest),
        [first, length, rest @ ..] if *first == tag && *length < 0x80 => (*length, rest),
        _ => return None,
    };
    rest.split_at_checked(usize::from(length))
}

/// A key that is not there, or not for this, stays so until somebody changes it; any other failure may pass.
fn failed<E: ProvideErrorMetadata, R>(key: &str, error: &SdkError<E, R>) -> Error {
    let described = described("Sign", error);
    let is_final = matches!(
        error.code(),
        Some(
            "NotFoundException"
                | "AccessDeniedException"
                | "DisabledException"
                | "InvalidKeyUsageException"
                | "KMSInvalidStateException"
                | "UnsupportedOperationException"
                | "ValidationException"
        )
    );
    if is_final {
        return unusable(key).detail(described);
    }
    Error::new(ErrorKey::KeyUnavailable, "The key service did not answer. Please try again.")
        .detail(format_args!("KMS failed: {described}"))
}

fn unusable(key: &str) -> Error {
    let message = format!("There is no key `{key}` in KMS that the workspace may sign with in this way.");
    Error::new(ErrorKey::ConfigurationInvalid, message).field("key.kms")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    };

    use super::*;

    #[test]
    fn no_workspace_names_a_key_of_another() {
        let of = |workspace: &str, key: &str| alias(&WorkspaceKey::new(workspace), key);
        assert_eq!(of("acme", "app-1").as_deref(), Some("alias/linkspan/acme/app-1"));
        for (workspace, key) in
            [("acme", "../other/app"), ("acme", "a/b"), ("a.b", "app"), ("acme", ""), ("a/b", "c")]
        {
            assert_eq!(of(workspace, key), None, "{workspace} {key}");
        }
    }

    /// What DER leaves out at the front of a number, and adds to keep it positive, differs from signature to signature.
    #[test]
    fn signatures_in_der_are_those_of_jws() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec());
        for n in 0..600_u32 {
            let message = n.to_be_bytes();
            let der = pair.sign(&SystemRandom::new(), &message).unwrap();
            let signature = fixed(der.as_ref(), 32).unwrap();
            public.verify(&message, &signature).unwrap();
        }
    }

    #[test]
    fn what_is_no_signature_in_der_is_none() {
        assert_eq!(fixed(&[0x30, 6, 2, 1, 7, 2, 1, 9], 2), Some(vec![0, 7, 0, 9]));
        assert_eq!(fixed(&[0x30, 7, 2, 2, 0, 0xff, 2, 1, 9], 1), Some(vec![0xff, 9]));
        assert_eq!(fixed(&[0x30, 0x81, 6, 2, 1, 7, 2, 1, 9], 1), Some(vec![7, 9]));
        for wrong in [
            &[][..],
            &[0x30, 6, 2, 1, 7, 2, 1],
            &[0x30, 6, 2, 1, 7, 2, 1, 9, 0],
            &[0x30, 7, 2, 1, 7, 2, 1, 9, 0],
            &[0x31, 6, 2, 1, 7, 2, 1, 9],
            &[0x30, 7, 2, 2, 1, 7, 2, 1, 9],
        ] {
            assert_eq!(fixed(wrong, 1), None, "{wrong:?}");
        }
    }
}
