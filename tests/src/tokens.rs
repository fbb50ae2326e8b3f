//! Tokens as workspaces sign them, and as attackers would.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::clock::BEGINNING;

/// The workspace of most tests.
pub const WORKSPACE: &str = "acme";
/// The secret that signs its tokens.
pub const WORKSPACE_SECRET: &str = "acme!+secret/acme!+secret/acme!+secret/acme";
/// The workspace that manages workspaces.
pub const ROOT: &str = "root";
/// The secret that signs its tokens.
pub const ROOT_SECRET: &str = "root!+secret/root!+secret/root!+secret/root";
/// The customer of most tests.
pub const CUSTOMER: &str = "user-1";

/// An hour after the beginning.
#[must_use]
pub fn in_an_hour() -> i64 {
    BEGINNING.seconds() + 3600
}

/// Longer than any test lasts, and within the year that the tests' workspaces allow. The root workspace allows a day.
fn distant(workspace: &str) -> i64 {
    let seconds = if workspace == ROOT { 86_400 } else { 300 * 86_400 };
    BEGINNING.seconds() + seconds
}

/// A customer's token.
#[must_use]
pub fn customer(workspace: &str, id: &str) -> String {
    signed(
        &json!({ "iss": workspace, "id": id, "name": "Ada Example", "exp": distant(workspace) }),
        &secret_of(workspace),
    )
}

/// A management token.
#[must_use]
pub fn admin(workspace: &str) -> String {
    signed(&json!({ "iss": workspace, "isAdmin": true, "exp": distant(workspace) }), &secret_of(workspace))
}

/// The secret of a workspace that [`crate::World`] defined.
#[must_use]
pub fn secret_of(workspace: &str) -> String {
    match workspace {
        ROOT => ROOT_SECRET.to_owned(),
        WORKSPACE => WORKSPACE_SECRET.to_owned(),
        other => WORKSPACE_SECRET.replace(WORKSPACE, other),
    }
}

/// Signs these claims with HS256.
#[must_use]
pub fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

/// A token with this header and an empty signature (RFC 7515 §6).
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

/// A key pair whose public half a workspace registers.
pub struct Pair {
    key: EncodingKey,
    /// The public key in PEM.
    pub public_pem: String,
}

impl Pair {
    /// A new P-256 pair.
    #[must_use]
    pub fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let body = STANDARD.encode(public.as_ref());
        let public_pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { key, public_pem }
    }

    /// Signs these claims with ES256.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &self.key).unwrap()
    }
}
