//! The wrapping key in KMS, keys that sign there, and the root workspace's secret, against moto. `run.sh` starts it and sets
//! the environment.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod root_secret;
mod rotation;
mod sealing;
mod signing;

use std::env;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use flow::seal::KmsKey;
use tests::wire::Wire;

/// A KMS client's settings, read from the environment like a function's, and the wire that it asks over.
async fn kms() -> (aws_sdk_kms::Config, Wire) {
    let wire = Wire::new();
    let aws = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(wire.clone()).load().await;
    (aws_sdk_kms::Config::new(&aws), wire)
}

/// The key whose ARN `variable` holds.
async fn key(variable: &str) -> (Arc<KmsKey>, Wire) {
    let (config, wire) = kms().await;
    (Arc::new(KmsKey::new(arn(variable), &config)), wire)
}

fn arn(variable: &str) -> String {
    env::var(variable).unwrap()
}

const KEY: &str = "KMS_KEY_ID";
const OTHER_KEY: &str = "OTHER_KMS_KEY_ID";

/// The operations that KMS was asked for, and their encryption contexts as `table/workspace`.
fn asked(wire: &Wire) -> Vec<String> {
    let requests = wire.take_requests().into_iter().map(|request| {
        let context = request.body["EncryptionContext"].as_object().unwrap().clone();
        assert_eq!(context.len(), 2);
        let part = |name: &str| context[name].as_str().unwrap().to_owned();
        format!("{} {}/{}", request.operation, part("table"), part("workspace"))
    });
    requests.collect()
}
