//! The signature (RFC 5849 §3.4.2 to §3.4.4).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::base_string::escape;
use super::client::{Client, Token};
use crate::definition::{SignatureMethod, private_key};
use crate::error::{Error, Result};

/// Signs a base string.
pub(super) fn signature(base_string: &str, client: &Client<'_>, token: Option<&Token<'_>>) -> Result<String> {
    match client.signature_method {
        SignatureMethod::HmacSha1 => {
            Ok(hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, base_string, &shared_secrets(client, token)?))
        }
        SignatureMethod::HmacSha256 => {
            Ok(hmac(hmac::HMAC_SHA256, base_string, &shared_secrets(client, token)?))
        }
        SignatureMethod::RsaSha1 => rsa_sha1(base_string, client),
        SignatureMethod::Plaintext => Ok(shared_secrets(client, token)?.to_string()),
    }
}

/// `client secret & token secret`, each encoded; the ampersand stands even when one is empty (§3.4.2).
fn shared_secrets(client: &Client<'_>, token: Option<&Token<'_>>) -> Result<Zeroizing<String>> {
    let client_secret = client.consumer_secret.ok_or_else(|| Error::unusable("consumerSecret"))?.expose();
    let token_secret = token.map_or("", |token| token.secret.expose());
    Ok(Zeroizing::new(format!("{}&{}", escape(client_secret), escape(token_secret))))
}

fn hmac(algorithm: hmac::Algorithm, base_string: &str, secrets: &str) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, secrets.as_bytes()), base_string.as_bytes()))
}

fn rsa_sha1(base_string: &str, client: &Client<'_>) -> Result<String> {
    let pem = client.private_key.ok_or_else(|| Error::unusable("privateKey"))?;
    let signature = SigningKey::<Sha1>::new(private_key(pem)?)
        .try_sign(base_string.as_bytes())
        .map_err(|_| Error::unusable("privateKey"))?;
    Ok(STANDARD.encode(signature.to_bytes()))
}
