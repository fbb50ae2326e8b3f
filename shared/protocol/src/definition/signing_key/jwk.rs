//! Private keys as JSON Web Keys (RFC 7517; RFC 7518 §6.2, §6.3; RFC 8037 §2).

use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::secret::SecretMap;

/// A private key in JSON.
pub(super) struct Jwk(SecretMap);

impl Jwk {
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(|members| Self(SecretMap::new(members)))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.expose().get(name).and_then(Value::as_str)
    }

    fn bytes(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        URL_SAFE_NO_PAD.decode(self.text(name)?).ok().map(Zeroizing::new)
    }

    /// Its own name, the `kid`.
    pub(super) fn id(&self) -> Option<&str> {
        self.text("kid")
    }

    /// The key in PKCS #1 (RFC 8017 §A.1.2), if it is one for RSA.
    pub(super) fn rsa(&self) -> Option<Zeroizing<Vec<u8>>> {
        if self.text("kty") != Some("RSA") {
            return None;
        }
        // The version, 0, comes first.
        let mut numbers = Zeroizing::new(vec![2, 1, 0]);
        for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
            push_number(&mut numbers, &self.bytes(name)?);
        }
        let mut sequence = Zeroizing::new(vec![0x30]);
        push_length(&mut sequence, numbers.len());
        sequence.extend_from_slice(&numbers);
        Some(sequence)
    }

    /// The key in PKCS #8, if it is one on this curve. `coordinate` is the length of its numbers in bytes.
    pub(super) fn ec(
        &self,
        (curve, coordinate): (&str, usize),
        algorithm: &'static EcdsaSigningAlgorithm,
    ) -> Option<Zeroizing<Vec<u8>>> {
        if self.text("kty") != Some("EC") || self.text("crv") != Some(curve) {
            return None;
        }
        let [private, x, y] =
            ["d", "x", "y"].map(|name| self.bytes(name).filter(|it| it.len() == coordinate));
        // An uncompressed point (SEC 1 §2.3.3).
        let public = [&[4], x?.as_slice(), y?.as_slice()].concat();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private?, &public).ok()?;
        Some(Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec()))
    }

    /// The key in PKCS #8, if it is one of Ed25519.
    pub(super) fn ed(&self) -> Option<Zeroizing<Vec<u8>>> {
        if self.text("kty") != Some("OKP") || self.text("crv") != Some("Ed25519") {
            return None;
        }
        let seed = self.bytes("d").filter(|seed| seed.len() == 32)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec()))
    }
}

/// Appends a positive number in DER (X.690 §8.3).
fn push_number(der: &mut Vec<u8>, number: &[u8]) {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    // A first bit would be a sign, and no byte at all no number.
    let pad = number.first().is_none_or(|first| *first >= 0x80);
    der.push(2);
    push_length(der, number.len() + usize::from(pad));
    if pad {
        der.push(0);
    }
    der.extend_from_slice(number);
}

/// Appends a length in DER (X.690 §8.1.3).
fn push_length(der: &mut Vec<u8>, length: usize) {
    let bytes = length.to_be_bytes();
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            der.push(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
            der.extend_from_slice(bytes);
        }
    }
}
