//! Keys that sign, as people hand them over: in PEM with its line breaks lost or written out, in base64, in hex, as a JWK, or
//! as a plain text.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, crypto};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::jwk::Jwk;
use crate::pem::{Block, blocks, from_base64};

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// PEM: PKCS #8, PKCS #1 or SEC 1.
    Pem,
    /// The bytes of the text itself, for HMAC.
    Text,
    /// Base64 of the bytes, which are DER for any algorithm but HMAC.
    Base64,
    /// The same in hexadecimal digits.
    Hex,
    /// A JSON Web Key (RFC 7517), for any algorithm but HMAC.
    Jwk,
}

/// A key that has signed once, and so can sign.
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    /// Reads a key. Returns nothing if the algorithm cannot sign with it.
    #[must_use]
    pub fn read(algorithm: Algorithm, encoding: KeyEncoding, text: &str) -> Option<Self> {
        match encoding {
            KeyEncoding::Pem => return Self::of_pem(algorithm, text),
            KeyEncoding::Jwk => return Self::of_jwk(algorithm, &Jwk::read(text)?),
            KeyEncoding::Text | KeyEncoding::Base64 | KeyEncoding::Hex => {}
        }
        let bytes = shared_key(encoding, text)?;
        if algorithm.family() == AlgorithmFamily::Hmac {
            return Self::proven(algorithm, EncodingKey::from_secret(&bytes));
        }
        let labels = ["PRIVATE KEY", "RSA PRIVATE KEY"];
        labels.iter().find_map(|label| Self::of_der(algorithm, label, &bytes))
    }

    /// Signs, and returns the signature in base64url.
    #[must_use]
    pub fn sign(&self, message: &str) -> Option<String> {
        crypto::sign(message.as_bytes(), &self.key, self.algorithm).ok()
    }

    fn of_pem(algorithm: Algorithm, text: &str) -> Option<Self> {
        let block = private_block(text)?;
        Self::of_der(algorithm, &block.label, &block.der)
    }

    fn of_jwk(algorithm: Algorithm, jwk: &Jwk) -> Option<Self> {
        let (label, der) = match algorithm.family() {
            AlgorithmFamily::Hmac => return None,
            AlgorithmFamily::Rsa => ("RSA PRIVATE KEY", jwk.rsa()?),
            AlgorithmFamily::Ed => ("PRIVATE KEY", jwk.ed()?),
            AlgorithmFamily::Ec => {
                let size = if algorithm == Algorithm::ES256 { ("P-256", 32) } else { ("P-384", 48) };
                ("PRIVATE KEY", jwk.ec(size, curve_of(algorithm))?)
            }
        };
        Self::of_der(algorithm, label, &der)
    }

    fn of_der(algorithm: Algorithm, label: &str, der: &[u8]) -> Option<Self> {
        let key = match algorithm.family() {
            AlgorithmFamily::Hmac => return None,
            AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(pem(label, der).as_bytes()).ok()?,
            AlgorithmFamily::Ed => EncodingKey::from_ed_pem(pem(label, der).as_bytes()).ok()?,
            AlgorithmFamily::Ec => {
                let pair = EcdsaKeyPair::from_private_key_der(curve_of(algorithm), der).ok()?;
                EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref())
            }
        };
        Self::proven(algorithm, key)
    }

    /// The parts of a key are read only when it signs.
    fn proven(algorithm: Algorithm, key: EncodingKey) -> Option<Self> {
        let key = Self { algorithm, key };
        key.sign("").is_some().then_some(key)
    }
}

/// The first private key in a text.
fn private_block(text: &str) -> Option<Block> {
    let is_known = |label: &str| matches!(label, "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY");
    blocks(text)?.into_iter().find(|block| is_known(&block.label))
}

/// The public half of a private key in PEM, as certificates write it (RFC 5280 §4.1, `SubjectPublicKeyInfo`).
pub(super) fn public_half(text: &str) -> Option<Vec<u8>> {
    let der = &private_block(text)?.der;
    let rsa = || RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok();
    let ec = |curve| EcdsaKeyPair::from_private_key_der(curve, der).ok();
    let [p256, p384] = [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING];
    let half: PublicKeyX509Der<'_> = if let Some(pair) = rsa() {
        pair.public_key().as_der().ok()?
    } else if let Some(pair) = ec(p256).or_else(|| ec(p384)) {
        pair.public_key().as_der().ok()?
    } else {
        Ed25519KeyPair::from_pkcs8(der).ok()?.public_key().as_der().ok()?
    };
    Some(half.as_ref().to_vec())
}

fn curve_of(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        _ => &ECDSA_P384_SHA384_FIXED_SIGNING,
    }
}

/// The name that a key has in itself: the `kid` of a JWK.
pub(super) fn key_id_of(encoding: KeyEncoding, text: &str) -> Option<String> {
    let jwk = (encoding == KeyEncoding::Jwk).then(|| Jwk::read(text)).flatten()?;
    jwk.id().map(str::to_owned)
}

/// The bytes of a key that two share. Returns nothing if there are none.
#[must_use]
pub fn shared_key(encoding: KeyEncoding, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = match encoding {
        KeyEncoding::Text => Zeroizing::new(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => from_base64(text)?,
        KeyEncoding::Hex => from_hex(text)?,
        KeyEncoding::Pem | KeyEncoding::Jwk => return None,
    };
    (!bytes.is_empty()).then_some(bytes)
}

fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 80));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for (index, c) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str("\n-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim().as_bytes();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

mod jwk;

#[cfg(test)]
mod tests;
