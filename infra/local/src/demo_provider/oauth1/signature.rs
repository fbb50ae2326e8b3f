//! Signatures (RFC 5849 §3.4).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::base_string::percent_encode;

/// `oauth_signature_method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureMethod {
    HmacSha1,
    HmacSha256,
    RsaSha1,
    Plaintext,
}

impl SignatureMethod {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "HMAC-SHA1" => Some(Self::HmacSha1),
            "HMAC-SHA256" => Some(Self::HmacSha256),
            "RSA-SHA1" => Some(Self::RsaSha1),
            "PLAINTEXT" => Some(Self::Plaintext),
            _ => None,
        }
    }
}

/// The secrets and the key that a signature is verified with.
pub(super) struct Secrets<'a> {
    pub(super) client: &'a str,
    /// Empty when there is no token yet.
    pub(super) token: &'a str,
    pub(super) public_key: Option<&'a [u8]>,
}

impl Secrets<'_> {
    /// True if `signature` is this client's, for this base string.
    pub(super) fn verify(&self, method: SignatureMethod, base_string: &str, signature: &str) -> bool {
        if method == SignatureMethod::Plaintext {
            return verify_slices_are_equal(self.joined().as_bytes(), signature.as_bytes()).is_ok();
        }
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        match method {
            SignatureMethod::HmacSha1 => {
                self.verify_hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, base_string, &signature)
            }
            SignatureMethod::HmacSha256 => self.verify_hmac(hmac::HMAC_SHA256, base_string, &signature),
            SignatureMethod::RsaSha1 => self.public_key.is_some_and(|key| {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, key);
                key.verify(base_string.as_bytes(), &signature).is_ok()
            }),
            SignatureMethod::Plaintext => false,
        }
    }

    fn verify_hmac(&self, algorithm: hmac::Algorithm, base_string: &str, signature: &[u8]) -> bool {
        let key = hmac::Key::new(algorithm, self.joined().as_bytes());
        hmac::verify(&key, base_string.as_bytes(), signature).is_ok()
    }

    /// The key of §3.4.2, which is also the whole signature of §3.4.4.
    fn joined(&self) -> String {
        format!("{}&{}", percent_encode(self.client), percent_encode(self.token))
    }
}
