//! JWTs whose key stays in KMS.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flow::kms_signing::KmsSigning;
use protocol::error::ErrorKey;
use protocol::id::WorkspaceKey;
use protocol::kept_keys::{Algorithm, KeptKeys, ToSign};
use serde_json::json;
use tests::definitions::integration_with;
use tests::tokens::WORKSPACE;
use tests::{Start, World};

use crate::kms;

/// The public key behind an alias, without what X.509 puts around it.
async fn public_key(alias: &str) -> Vec<u8> {
    let (config, _) = kms().await;
    let client = aws_sdk_kms::Client::from_conf(config);
    let der = client.get_public_key().key_id(alias).send().await.unwrap().public_key.unwrap().into_inner();
    // The BIT STRING stands last: 65 bytes of a P-256 point, or an RSAPublicKey of 2048 bits with its headers.
    let length = if der.len() < 100 { 65 } else { 270 };
    der[der.len() - length..].to_vec()
}

/// KMS takes the hash of the message as such (`DIGEST`). moto does not know that, and hashes it once more.
async fn assert_signed(hash: &[u8], jwt: &str, alias: &str, algorithm: &'static dyn VerificationAlgorithm) {
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    assert_eq!(hash, digest(&SHA256, message.as_bytes()).as_ref());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(algorithm, public_key(alias).await).verify(hash, &signature).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_is_signed_for_by_its_workspaces_key() {
    for (name, algorithm, verification) in [
        ("ec", "ES256", &ECDSA_P256_SHA256_FIXED as &'static dyn VerificationAlgorithm),
        ("rsa", "RS256", &RSA_PKCS1_2048_8192_SHA256),
    ] {
        let definition = integration_with(&json!({
            "clientSecret": null, "clientAuthLocation": "private_key_jwt",
            "clientAssertion": { "algorithm": algorithm, "key": { "kms": name } },
        }));
        let (config, wire) = kms().await;
        let world = World::with(&definition).await.signing_by(Arc::new(KmsSigning::new(&config)));
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        let assertion = world.provider.token_request().parameter("client_assertion").unwrap();
        let alias = format!("alias/linkspan/{WORKSPACE}/{name}");
        let asked = wire.take_requests();
        assert_eq!(asked.len(), 1);
        assert_eq!(
            (asked[0].operation.as_str(), asked[0].body["KeyId"].as_str()),
            ("Sign", Some(alias.as_str()))
        );
        let body = &asked[0].body;
        assert_eq!(body["MessageType"], "DIGEST");
        let hash = STANDARD.decode(body["Message"].as_str().unwrap()).unwrap();
        assert_signed(&hash, &assertion, &alias, verification).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_workspace_has_no_key_of_another() {
    let (config, wire) = kms().await;
    let keys = KmsSigning::new(&config);
    let sign = async |workspace: &str, key: &str, algorithm: Algorithm| {
        let to_sign = ToSign { key: key.to_owned(), algorithm, message: "a.b".to_owned() };
        keys.sign(&WorkspaceKey::new(workspace), &to_sign).await
    };
    assert!(sign(WORKSPACE, "ec", Algorithm::ES256).await.is_ok());
    for (workspace, key, algorithm) in [
        ("other", "ec", Algorithm::ES256),
        (WORKSPACE, "none", Algorithm::ES256),
        (WORKSPACE, "ec", Algorithm::RS256),
    ] {
        let error = sign(workspace, key, algorithm).await.unwrap_err();
        assert_eq!(error.key(), ErrorKey::ConfigurationInvalid, "{workspace}/{key}");
    }
    let asked = wire.take_requests().len();
    for (workspace, key) in [("other", "../acme/ec"), ("other/..", "ec"), ("", "ec")] {
        assert!(sign(workspace, key, Algorithm::ES256).await.is_err());
    }
    assert_eq!((asked > 0, wire.take_requests().len()), (true, 0), "such a key is not even asked for");
}
