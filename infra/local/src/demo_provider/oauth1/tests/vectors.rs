//! The RFC's own examples, and keys made for these tests.

use crate::demo_provider::oauth1::base_string::SignedParts;
use crate::demo_provider::oauth1::signature::{Secrets, SignatureMethod};

struct Example {
    method: &'static str,
    scheme: &'static str,
    host: &'static str,
    path: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    token_secret: &'static str,
    signature: &'static str,
}

impl Example {
    fn base_string(&self) -> String {
        let parameters =
            self.parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let Self { method, scheme, host, path, .. } = self;
        SignedParts { method, scheme, host, path, parameters: parameters.collect() }.base_string()
    }
}

/// The three requests of RFC 5849 §1.2; the realm is not signed.
#[test]
fn the_signatures_of_section_1_2_are_good() {
    for example in [
        Example {
            method: "POST",
            scheme: "https",
            host: "photos.example.net",
            path: "/initiate",
            parameters: &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131200"),
                ("oauth_nonce", "wIjqoS"),
                ("oauth_callback", "http://printer.example.com/ready"),
            ],
            token_secret: "",
            signature: "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
        },
        Example {
            method: "POST",
            scheme: "https",
            host: "photos.example.net",
            path: "/token",
            parameters: &[
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_token", "hh5s93j4hdidpola"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "walatlh"),
                ("oauth_verifier", "hfdp7dh39dks9884"),
            ],
            token_secret: "hdhd0244k9j7ao03",
            signature: "gKgrFCywp7rO0OXSjdot/IHF7IU=",
        },
        Example {
            method: "GET",
            scheme: "http",
            host: "photos.example.net",
            path: "/photos",
            parameters: &[
                ("file", "vacation.jpg"),
                ("size", "original"),
                ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
                ("oauth_token", "nnch734d00sl2jdk"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131202"),
                ("oauth_nonce", "chapoH"),
            ],
            token_secret: "pfkkdhi9sl3r4s00",
            signature: "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
        },
    ] {
        let secrets = Secrets { client: "kd94hf93k423kf44", token: example.token_secret, public_key: None };
        let base_string = example.base_string();
        assert!(
            secrets.verify(SignatureMethod::HmacSha1, &base_string, example.signature),
            "{}",
            example.path
        );
        let other = Secrets { client: "kd94hf93k423kf45", ..secrets };
        assert!(!other.verify(SignatureMethod::HmacSha1, &base_string, example.signature));
        let changed = base_string.replace("wIjqoS", "x").replace("walatlh", "x").replace("chapoH", "x");
        assert!(!secrets.verify(SignatureMethod::HmacSha1, &changed, example.signature));
        assert!(!secrets.verify(SignatureMethod::HmacSha256, &base_string, example.signature));
    }
}

/// RFC 5849 §3.4.4: the two secrets, each encoded.
#[test]
fn plaintext_is_the_secrets() {
    let secrets = Secrets { client: "a&b", token: "c d", public_key: None };
    assert!(secrets.verify(SignatureMethod::Plaintext, "", "a%26b&c%20d"));
    for wrong in ["a&b&c d", "a%26b&", "a%26b", ""] {
        assert!(!secrets.verify(SignatureMethod::Plaintext, "", wrong), "{wrong}");
    }
}

/// `HMAC-SHA256` is no method of the RFC, but its base string and key are. Computed with `openssl dgst -sha256
/// -hmac`.
#[test]
fn sha256_signs_like_sha1() {
    let secrets = Secrets { client: "kd94hf93k423kf44", token: "", public_key: None };
    assert!(secrets.verify(
        SignatureMethod::HmacSha256,
        "GET&base&string",
        "8QnNxOQ7Dbq1NIw9hztvPOEKFfRchGPjFgIha9j+OuY="
    ));
}

/// Signed with `openssl dgst -sha1 -sign`; the key pair was made for this test.
#[test]
fn rsa_is_verified_with_the_registered_key() {
    let key: &[u8] = include_bytes!("rsa_public_key.der");
    let signature = include_str!("rsa_signature.txt").trim();
    let secrets = Secrets { client: "", token: "", public_key: Some(key) };
    assert!(secrets.verify(SignatureMethod::RsaSha1, "GET&base&string", signature));
    assert!(!secrets.verify(SignatureMethod::RsaSha1, "GET&base&other", signature));
    // Without a registered key, no signature is good.
    let none = Secrets { public_key: None, ..secrets };
    assert!(!none.verify(SignatureMethod::RsaSha1, "GET&base&string", signature));
}
