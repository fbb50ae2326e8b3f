//! Keys of a team or a customer, and the JWTs that they have signed. They are verified by `aws_lc_rs` alone.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A private key, and what verifies its signatures.
pub struct SigningKey {
    /// The private key in PEM.
    pub pem: String,
    public: Vec<u8>,
    algorithm: &'static dyn VerificationAlgorithm,
}

impl SigningKey {
    /// A new RSA key, for RS256.
    #[must_use]
    pub fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { pem: pem(der.as_ref()), public, algorithm: &RSA_PKCS1_2048_8192_SHA256 }
    }

    /// A new P-256 key, for ES256.
    #[must_use]
    pub fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let pem = pem(pair.to_pkcs8v1().unwrap().as_ref());
        Self { pem, public, algorithm: &ECDSA_P256_SHA256_FIXED }
    }

    /// The SHA-256 hash of an RSA key's public half, in base64.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let public = RsaPublicKey::from_der(&self.public).unwrap();
        let half = AsDer::<PublicKeyX509Der<'_>>::as_der(&public).unwrap();
        STANDARD.encode(digest::digest(&digest::SHA256, half.as_ref()))
    }

    /// A P-256 key as a JWK of this name.
    #[must_use]
    pub fn jwk(&self, name: &str) -> String {
        let der = protocol::pem::blocks(&self.pem).unwrap().remove(0).der;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        let private = AsBigEndian::<EcPrivateKeyBin>::as_be_bytes(&pair.private_key()).unwrap();
        let [d, x, y] = [private.as_ref(), &self.public[1..33], &self.public[33..]]
            .map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({ "kty": "EC", "crv": "P-256", "kid": name, "d": d, "x": x, "y": y }).to_string()
    }

    /// The header and the claims of a JWT that this key has signed.
    #[must_use]
    pub fn verified(&self, jwt: &str) -> (Value, Value) {
        self.checked(jwt).unwrap()
    }

    /// The header and the claims of a JWT, if this key has signed it.
    #[must_use]
    pub fn checked(&self, jwt: &str) -> Option<(Value, Value)> {
        let (message, signature) = jwt.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.has_signed(message.as_bytes(), &signature).then(|| read(message))
    }

    /// Whether this key has signed the message.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.algorithm, &self.public).verify(message, signature).is_ok()
    }
}

/// The header and the claims of a JWT that this secret has signed by HS256.
#[must_use]
pub fn verified_by_secret(secret: &[u8], jwt: &str) -> (Value, Value) {
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes(), &signature).unwrap();
    read(message)
}

fn read(message: &str) -> (Value, Value) {
    let (header, claims) = message.split_once('.').unwrap();
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(header), part(claims))
}

fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}
