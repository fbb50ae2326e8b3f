//! The root workspace's secret in a Secrets Manager.

use std::env;
use std::sync::Arc;

use aws_sdk_kms::config::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use flow::root_secret::{RootSecret, SecretsManager};
use protocol::clock::SystemClock;
use protocol::error::{Error, ErrorKey};
use protocol::random::SystemRandom;
use tests::wire::Wire;

fn secret(arn: String) -> SecretsManager {
    SecretsManager {
        http: SharedHttpConnector::new(Wire::new()),
        credentials: Credentials::new("test", "test", None, None, "test"),
        region: env::var("AWS_REGION").unwrap(),
        endpoint: env::var("AWS_ENDPOINT_URL_KMS").unwrap(),
        secret_arn: arn,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    }
}

#[tokio::test]
async fn a_secret_that_was_changed_has_two_versions_and_a_new_one_has_one() {
    let changed = secret(env::var("ROOT_SECRET_ARN").unwrap()).read().await.unwrap();
    assert_eq!(changed.current.expose(), "second-root-secret-second-root-secret");
    assert_eq!(changed.previous.unwrap().expose(), "first-root-secret-first-root-secret");
    let new = secret(env::var("NEW_SECRET_ARN").unwrap()).read().await.unwrap();
    assert_eq!(new.current.expose(), "only-root-secret-only-root-secret");
    assert!(new.previous.is_none());
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_no_secret() {
    let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:nowhere-AbCdEf".to_owned();
    assert_eq!(
        secret(arn).read().await.err().map(|error: Error| error.key()),
        Some(ErrorKey::KeyUnavailable)
    );
}
