//! Signs tokens with keys that are made on the spot, by `aws_lc_rs` alone: the code under test does not sign.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

pub(super) struct Signer {
    pub(super) algorithm: &'static str,
    /// Equal for signers that share a key.
    pub(super) key_id: &'static str,
    pub(super) public_key: Option<String>,
    sign: Sign,
}

impl Signer {
    /// One signer for each algorithm of the contract.
    pub(super) fn all(secret: &str) -> Vec<Self> {
        let mut signers =
            vec![Self::hmac("HS256", secret), Self::hmac("HS384", secret), Self::hmac("HS512", secret)];
        signers.extend(Self::rsa());
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        signers.push(Self::ecdsa("ES256", p256));
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        signers.push(Self::ecdsa("ES384", p384));
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let public_key = Some(pem(ed25519.public_key()));
        let sign: Sign = Box::new(move |message| ed25519.sign(message).as_ref().to_vec());
        signers.push(Self { algorithm: "EdDSA", key_id: "EdDSA", public_key, sign });
        signers
    }

    pub(super) fn hmac(algorithm: &'static str, secret: &str) -> Self {
        let hash = match algorithm {
            "HS256" => hmac::HMAC_SHA256,
            "HS384" => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(hash, secret.as_bytes());
        let sign: Sign = Box::new(move |message| hmac::sign(&key, message).as_ref().to_vec());
        Self { algorithm, key_id: "HMAC", public_key: None, sign }
    }

    fn rsa() -> impl Iterator<Item = Self> {
        let key = std::sync::Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        let encodings: [(&str, &'static dyn RsaEncoding); 6] = [
            ("RS256", &RSA_PKCS1_SHA256),
            ("RS384", &RSA_PKCS1_SHA384),
            ("RS512", &RSA_PKCS1_SHA512),
            ("PS256", &RSA_PSS_SHA256),
            ("PS384", &RSA_PSS_SHA384),
            ("PS512", &RSA_PSS_SHA512),
        ];
        encodings.into_iter().map(move |(algorithm, encoding)| {
            let public_key = Some(pem(key.public_key()));
            let key = std::sync::Arc::clone(&key);
            let sign: Sign = Box::new(move |message| {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            });
            Self { algorithm, key_id: "RSA", public_key, sign }
        })
    }

    fn ecdsa(algorithm: &'static str, key: EcdsaKeyPair) -> Self {
        let public_key = Some(pem(key.public_key()));
        let random = rand::SystemRandom::new();
        let sign: Sign = Box::new(move |message| key.sign(&random, message).unwrap().as_ref().to_vec());
        Self { algorithm, key_id: algorithm, public_key, sign }
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_parts(&json!({ "alg": self.algorithm, "typ": "JWT" }).to_string(), &claims.to_string())
    }

    fn sign_parts(&self, header: &str, claims: &str) -> String {
        let signing_input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode((self.sign)(signing_input.as_bytes()));
        format!("{signing_input}.{signature}")
    }
}

/// A token with this header and an empty signature.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let token = Signer::hmac("HS256", "").sign_parts(&header.to_string(), &claims.to_string());
    token[..=token.rfind('.').unwrap()].to_owned()
}

/// A token with this header and a good HS256 signature.
pub(super) fn relabelled(secret: &str, header: &Value, claims: &Value) -> String {
    Signer::hmac("HS256", secret).sign_parts(&header.to_string(), &claims.to_string())
}

/// A token with these claims, valid or not, and a good HS256 signature.
pub(super) fn sign_raw(secret: &str, claims: &str) -> String {
    Signer::hmac("HS256", secret).sign_parts(r#"{"alg":"HS256"}"#, claims)
}

/// A well-formed public key that is too short (RFC 7518 §3.3).
pub(super) fn rsa_1024() -> String {
    let mut der =
        b"\x30\x81\x9f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x81\x8d\x00".to_vec();
    der.extend(b"\x30\x81\x89\x02\x81\x81\x00");
    der.extend([0xc5; 128]);
    der.extend(b"\x02\x03\x01\x00\x01");
    armour(&der)
}

fn pem<K>(key: &K) -> String
where
    K: AsDer<PublicKeyX509Der<'static>>,
{
    armour(key.as_der().unwrap().as_ref())
}

fn armour(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
