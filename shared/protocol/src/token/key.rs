//! One verification key and the algorithms that may be used with it.

use std::borrow::Cow;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, crypto};

use crate::clock::Timestamp;
use crate::secret::Secret;

const HMAC: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];
const P256: &[Algorithm] = &[Algorithm::ES256];
const P384: &[Algorithm] = &[Algorithm::ES384];
const ED: &[Algorithm] = &[Algorithm::EdDSA];

/// RFC 7518 §3.3: 2048 bits or more. More than 8192 would only make verification slow.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

#[derive(Debug, Clone)]
pub(super) struct Key {
    algorithms: &'static [Algorithm],
    decoding: DecodingKey,
    /// The workspace's setting that holds it.
    pub(super) setting: Cow<'static, str>,
    /// The moment at which it verifies nothing any more, if it was replaced.
    until: Option<Timestamp>,
}

impl Key {
    pub(super) fn shared(secret: &Secret) -> Self {
        let decoding = DecodingKey::from_secret(secret.expose().as_bytes());
        Self { algorithms: HMAC, decoding, setting: "secret".into(), until: None }
    }

    /// The secret that was replaced, up to a moment.
    pub(super) fn previous(secret: &Secret, until: Timestamp) -> Self {
        Self { setting: "previous secret".into(), until: Some(until), ..Self::shared(secret) }
    }

    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Reads the public key with this number; the fault is a sentence.
    pub(super) fn public(pem: &str, index: usize) -> Result<Self, &'static str> {
        let pem = pem.trim();
        // The PEM reader also takes private keys, certificates and the first of several keys. None of these is meant.
        if pem.contains("PRIVATE KEY-----") {
            return Err("This is a private key: keep it, and register its public key.");
        }
        let labelled = ["-----BEGIN PUBLIC KEY-----", "-----BEGIN RSA PUBLIC KEY-----"];
        if pem.matches("-----BEGIN ").count() != 1 || !labelled.iter().any(|label| pem.starts_with(label)) {
            return Err("This is not one public key in PEM (`-----BEGIN PUBLIC KEY-----`).");
        }
        let pem = pem.as_bytes();
        [DecodingKey::from_rsa_pem(pem), DecodingKey::from_ec_pem(pem), DecodingKey::from_ed_pem(pem)]
            .into_iter()
            .flatten()
            .find_map(|key| {
                let setting = format!("publicKeys[{index}]").into();
                Some(Self { algorithms: algorithms(&key)?, decoding: key, setting, until: None })
            })
            .ok_or("This is no RSA key of 2048 to 8192 bits, and no P-256, P-384 or Ed25519 key.")
    }

    pub(super) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Checks a signature only: `jsonwebtoken`'s own `decode` would read the system's clock.
    pub(super) fn verifies(&self, algorithm: Algorithm, signing_input: &str, signature: &str) -> bool {
        self.allows(algorithm)
            && crypto::verify(signature, signing_input.as_bytes(), &self.decoding, algorithm).unwrap_or(false)
    }
}

/// The algorithms for a public key. The key alone decides them (RFC 8725 §3.1). `None` if the key is not usable.
fn algorithms(key: &DecodingKey) -> Option<&'static [Algorithm]> {
    let bytes = key.try_get_as_bytes().ok()?;
    match key.family() {
        AlgorithmFamily::Hmac => None,
        AlgorithmFamily::Rsa => {
            let key = aws_lc_rs::rsa::PublicKey::from_der(bytes).ok()?;
            RSA_MODULUS_BYTES.contains(&key.modulus_len()).then_some(RSA)
        }
        // The point must lie on the curve: its length alone would pass secp256k1 for P-256.
        AlgorithmFamily::Ec => {
            if ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).is_ok() {
                Some(P256)
            } else {
                ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, bytes).is_ok().then_some(P384)
            }
        }
        AlgorithmFamily::Ed => ParsedPublicKey::new(&ED25519, bytes).is_ok().then_some(ED),
    }
}
