//! The signature (RFC 5849 §3.4.2 to §3.4.4).

use std::convert::Infallible;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::base_string::escape;
use super::client::{Client, Token};
use crate::definition::{SignatureMethod, private_key};
use crate::error::{Error, Result};
use crate::random::{Random, draw};

/// Signs a base string.
pub(super) fn signature(
    base_string: &str,
    client: &Client<'_>,
    token: Option<&Token<'_>>,
    random: &dyn Random,
) -> Result<String> {
    match client.signature_method {
        SignatureMethod::HmacSha1 => {
            Ok(hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, base_string, &shared_secrets(client, token)?))
        }
        SignatureMethod::HmacSha256 => {
            Ok(hmac(hmac::HMAC_SHA256, base_string, &shared_secrets(client, token)?))
        }
        SignatureMethod::RsaSha1 => rsa_sha1(base_string, client, random),
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

/// The signature is the same whatever is drawn: the draws blind the computation, so that its time tells nothing of the key
/// (RUSTSEC-2023-0071).
fn rsa_sha1(base_string: &str, client: &Client<'_>, random: &dyn Random) -> Result<String> {
    let pem = client.private_key.ok_or_else(|| Error::unusable("privateKey"))?;
    let signature = SigningKey::<Sha1>::new(private_key(pem)?)
        .try_sign_with_rng(&mut Blinding(random), base_string.as_bytes())
        .map_err(|_| Error::unusable("privateKey"))?;
    Ok(STANDARD.encode(signature.to_bytes()))
}

/// Our randomness, as the `rsa` crate takes it.
struct Blinding<'a>(&'a dyn Random);

impl TryRng for Blinding<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(u32::from_ne_bytes(draw(self.0)))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(u64::from_ne_bytes(draw(self.0)))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Blinding<'_> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};

    use super::*;
    use crate::secret::Secret;

    /// Bytes that differ from one source to another, and how many were drawn.
    struct Source {
        next: AtomicU8,
        drawn: AtomicUsize,
    }

    impl Source {
        fn beginning_at(first: u8) -> Self {
            Self { next: AtomicU8::new(first), drawn: AtomicUsize::new(0) }
        }
    }

    impl Random for Source {
        fn fill(&self, bytes: &mut [u8]) {
            self.drawn.fetch_add(bytes.len(), Ordering::Relaxed);
            for byte in bytes {
                *byte = self.next.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn an_rsa_key_s_work_is_blinded_and_its_signature_is_the_same() {
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&KeyPair::generate(KeySize::Rsa2048).unwrap()).unwrap();
        let base64 = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = lines.join("\n");
        let key = Secret::from(&*format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n"));
        let client = Client {
            consumer_key: "key",
            consumer_secret: None,
            private_key: Some(&key),
            signature_method: SignatureMethod::RsaSha1,
            realm: None,
        };
        let sources = [Source::beginning_at(1), Source::beginning_at(100)];
        let [one, other] =
            sources.each_ref().map(|source| signature("GET&https", &client, None, source).unwrap());
        assert_eq!(one, other);
        for source in sources {
            // As many as the key's modulus has, at least.
            assert!(source.drawn.load(Ordering::Relaxed) >= 256);
        }
    }
}
