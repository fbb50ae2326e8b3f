use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn signs(
    algorithm: Algorithm,
    text: &str,
    verifying: &'static dyn VerificationAlgorithm,
    key: &[u8],
) -> bool {
    let Some(signing) = SigningKey::read(algorithm, KeyEncoding::Pem, text) else { return false };
    let signature = URL_SAFE_NO_PAD.decode(signing.sign("message").unwrap()).unwrap();
    UnparsedPublicKey::new(verifying, key).verify(b"message", &signature).is_ok()
}

/// Other algorithms than those of the key's kind do not sign with it.
#[track_caller]
fn assert_signs_only(pem: &str, algorithms: &[Algorithm]) {
    for algorithm in
        [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::HS256]
    {
        let is_read = SigningKey::read(algorithm, KeyEncoding::Pem, pem).is_some();
        assert_eq!(is_read, algorithms.contains(&algorithm), "{algorithm:?}");
    }
}

#[test]
fn rsa_signs_however_its_key_lost_its_line_breaks() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key().as_ref();
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
    let pkcs8 = pem("PRIVATE KEY", der.as_ref());
    // PKCS #8 has 26 bytes around PKCS #1 (RFC 5958 §2).
    let pkcs1 = pem("RSA PRIVATE KEY", &der.as_ref()[26..]);
    for text in [
        pkcs8.to_string(),
        pkcs1.to_string(),
        pkcs8.replace('\n', "\\n"),
        pkcs8.replace('\n', "\r\n"),
        pkcs8.replace('\n', "\\r\\n"),
        pkcs8.replace('\n', " "),
        pkcs8.replace('\n', ""),
        format!("Bag Attributes\n  {}\n", pkcs8.trim()),
    ] {
        assert!(signs(Algorithm::RS256, &text, &RSA_PKCS1_2048_8192_SHA256, public), "{}", &text[..40]);
    }
    assert!(signs(Algorithm::RS384, &pkcs8, &RSA_PKCS1_2048_8192_SHA384, public));
    assert!(signs(Algorithm::RS512, &pkcs8, &RSA_PKCS1_2048_8192_SHA512, public));
    assert!(signs(Algorithm::PS256, &pkcs8, &RSA_PSS_2048_8192_SHA256, public));
    assert_signs_only(&pkcs8, &[Algorithm::RS256]);
    for der in [der.as_ref(), &der.as_ref()[26..]] {
        let base64 = STANDARD.encode(der);
        assert!(SigningKey::read(Algorithm::RS256, KeyEncoding::Base64, &base64).is_some());
    }
}

#[test]
fn elliptic_curves_sign_by_either_form_of_their_keys() {
    for (algorithm, curve, verifying) in [
        (Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED),
        (Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED),
    ] {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let pkcs8 = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
        let sec1 = AsDer::<EcPrivateKeyRfc5915Der>::as_der(&pair.private_key()).unwrap();
        for text in [pkcs8, pem("EC PRIVATE KEY", sec1.as_ref())] {
            assert!(signs(algorithm, &text, verifying, pair.public_key().as_ref()), "{algorithm:?}");
            assert_signs_only(&text, &[algorithm]);
        }
    }
    let pair = Ed25519KeyPair::generate().unwrap();
    let text = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
    assert!(signs(Algorithm::EdDSA, &text, &ED25519, pair.public_key().as_ref()));
    assert_signs_only(&text, &[Algorithm::EdDSA]);
}

/// RFC 7515 §A.1, and RFC 8037 §A.4.
#[test]
fn the_signatures_are_those_of_the_standards() {
    let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
                   Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = SigningKey::read(Algorithm::HS256, KeyEncoding::Base64, key).unwrap();
    assert_eq!(key.sign(message).unwrap(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let pkcs8 = format!("302e020100300506032b657004220420{}", crate::random::hex(&seed));
    let key = SigningKey::read(Algorithm::EdDSA, KeyEncoding::Hex, &pkcs8).unwrap();
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(key.sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap(), signature);
}

#[test]
fn what_is_no_key_is_none() {
    for (algorithm, encoding, text) in [
        (Algorithm::HS256, KeyEncoding::Text, ""),
        (Algorithm::HS256, KeyEncoding::Hex, "abc"),
        (Algorithm::HS256, KeyEncoding::Hex, "zz"),
        (Algorithm::HS256, KeyEncoding::Base64, "*"),
        (Algorithm::RS256, KeyEncoding::Text, "key"),
        (Algorithm::RS256, KeyEncoding::Base64, "AAAA"),
        (Algorithm::RS256, KeyEncoding::Pem, "-----BEGIN PRIVATE KEY-----AAAA"),
        (Algorithm::RS256, KeyEncoding::Pem, "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----"),
        (Algorithm::ES256, KeyEncoding::Pem, "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----"),
    ] {
        assert!(SigningKey::read(algorithm, encoding, text).is_none(), "{algorithm:?} {text}");
    }
}
