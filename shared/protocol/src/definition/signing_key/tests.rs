use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
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

/// The numbers of a key in PKCS #1, after its version.
fn numbers(mut der: &[u8]) -> Vec<String> {
    let mut next = || {
        let (length, rest) = match der[1] {
            0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), &der[4..]),
            0x81 => (usize::from(der[2]), &der[3..]),
            short => (usize::from(short), &der[2..]),
        };
        let is_sequence = der[0] == 0x30;
        let number = &rest[..if is_sequence { 0 } else { length }];
        der = &rest[number.len()..];
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        URL_SAFE_NO_PAD.encode(&number[zeros..])
    };
    (0..10).map(|_| next()).skip(2).collect()
}

#[test]
fn a_jwk_signs_like_the_key_that_it_is() {
    let read =
        |algorithm, jwk: &serde_json::Value| SigningKey::read(algorithm, KeyEncoding::Jwk, &jwk.to_string());
    let signs =
        |algorithm, jwk: &serde_json::Value, verifying: &'static dyn VerificationAlgorithm, public: &[u8]| {
            let signature =
                URL_SAFE_NO_PAD.decode(read(algorithm, jwk).unwrap().sign("message").unwrap()).unwrap();
            UnparsedPublicKey::new(verifying, public).verify(b"message", &signature).is_ok()
        };

    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
    let mut rsa = serde_json::json!({ "kty": "RSA", "kid": "k1" });
    // RFC 8017 has them in the order of a private key's ASN.1.
    for (name, number) in
        ["n", "e", "d", "p", "q", "dp", "dq", "qi"].into_iter().zip(numbers(&der.as_ref()[26..]))
    {
        rsa[name] = number.into();
    }
    let public = pair.public_key().as_ref();
    assert!(signs(Algorithm::RS256, &rsa, &RSA_PKCS1_2048_8192_SHA256, public));
    assert!(signs(Algorithm::PS256, &rsa, &RSA_PSS_2048_8192_SHA256, public));
    assert_eq!(key_id_of(KeyEncoding::Jwk, &rsa.to_string()).as_deref(), Some("k1"));
    assert_eq!(key_id_of(KeyEncoding::Pem, &rsa.to_string()), None);

    let mut curves = Vec::new();
    for (algorithm, curve, name, size, verifying) in [
        (Algorithm::ES256, &ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", 32, &ECDSA_P256_SHA256_FIXED),
        (Algorithm::ES384, &ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", 48, &ECDSA_P384_SHA384_FIXED),
    ] {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let private = AsBigEndian::<EcPrivateKeyBin>::as_be_bytes(&pair.private_key()).unwrap();
        let public = pair.public_key().as_ref();
        let mut jwk = serde_json::json!({ "kty": "EC", "crv": name });
        for (name, number) in [("d", private.as_ref()), ("x", &public[1..=size]), ("y", &public[1 + size..])]
        {
            jwk[name] = URL_SAFE_NO_PAD.encode(number).into();
        }
        assert!(signs(algorithm, &jwk, verifying, public), "{name}");
        curves.push(jwk);
    }

    let seed = [7; 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let ed = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "d": URL_SAFE_NO_PAD.encode(seed) });
    assert!(signs(Algorithm::EdDSA, &ed, &ED25519, pair.public_key().as_ref()));

    // Another kind of key, a half of one, or none.
    let mut public_half = rsa.clone();
    public_half.as_object_mut().unwrap().retain(|name, _| matches!(name.as_str(), "kty" | "n" | "e"));
    for (algorithm, jwk) in [
        (Algorithm::RS256, &ed),
        (Algorithm::EdDSA, &rsa),
        (Algorithm::ES256, &curves[1]),
        (Algorithm::ES384, &rsa),
        (Algorithm::HS256, &rsa),
        (Algorithm::RS256, &public_half),
        (Algorithm::RS256, &serde_json::json!([])),
    ] {
        assert!(read(algorithm, jwk).is_none(), "{algorithm:?} {}", jwk["kty"]);
    }
}

#[test]
fn the_public_half_is_that_of_each_kind_of_key() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der>::as_der(&rsa).unwrap();
    let half = |key: &PublicKeyX509Der<'_>| Some(key.as_ref().to_vec());
    let expected = half(&rsa.public_key().as_der().unwrap());
    assert_eq!(public_half(&pem("PRIVATE KEY", der.as_ref())), expected);
    assert_eq!(public_half(&pem("RSA PRIVATE KEY", &der.as_ref()[26..]).replace('\n', "")), expected);
    for curve in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING] {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        let text = pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref());
        assert_eq!(public_half(&text), half(&pair.public_key().as_der().unwrap()));
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let text = pem("PRIVATE KEY", pair.to_pkcs8().unwrap().as_ref());
    assert_eq!(public_half(&text), half(&pair.public_key().as_der().unwrap()));
    for none in ["", "key", &pem("PUBLIC KEY", der.as_ref()), &pem("PRIVATE KEY", b"no key")] {
        assert_eq!(public_half(none), None);
    }
}
