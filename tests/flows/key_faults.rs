//! KMS is away, slow, or refuses: a clear error in bounded time, and nothing half-done.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use flow::seal::KmsKey;
use http::Method;
use serde_json::json;
use tests::answer::refusal;
use tests::definitions;
use tests::logs::Logs;
use tests::tokens::{self, WORKSPACE};
use tests::wire::{EVERYTHING, FOR_GOOD, Wire};
use tests::{Fault, Start, World};

/// A key in a KMS that nothing ever reaches.
fn key(wire: &Wire) -> Arc<KmsKey> {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url("http://127.0.0.1:9")
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire.clone())
        .build();
    Arc::new(KmsKey::new("alias/linkspan", &config))
}

#[tokio::test(start_paused = true)]
async fn a_key_service_that_fails_is_named_in_bounded_time_and_its_code_is_logged() {
    let faults = [
        (Fault::Outage, "connection failed"),
        (Fault::Silence, "timeout"),
        (Fault::Refused("DisabledException"), "DisabledException"),
        (Fault::Refused("KMSInvalidStateException"), "KMSInvalidStateException"),
        (Fault::Refused("AccessDeniedException"), "AccessDeniedException"),
        (Fault::Refused("ThrottlingException"), "ThrottlingException"),
    ];
    for (fault, code) in faults {
        let logs = Logs::record();
        let wire = Wire::new();
        wire.fail(EVERYTHING, FOR_GOOD, fault);
        let world = World::sealed_by(key(&wire)).await;
        let started = tokio::time::Instant::now();
        let definition = definitions::workspace(WORKSPACE);
        let admin = tokens::admin(tokens::ROOT);
        let answer = world.api(Method::PUT, "/workspaces/acme", &admin, Some(&definition)).await;
        assert_eq!(answer.refusal(), refusal(503, "key_unavailable", ""), "{code}");
        assert_eq!(answer.json()["type"], "dependency_error");
        assert!(started.elapsed() <= Duration::from_secs(5), "{code}: {:?}", started.elapsed());
        assert!(world.dump().await.integrations.is_empty());
        let text = logs.text();
        let line = logs.line();
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains(&format!("KMS failed: GenerateDataKey: {code}")), "{line}");
        assert!(!text.contains(&tokens::secret_of(WORKSPACE)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_key_service_does_not_open_is_a_fault_of_ours_and_no_reason_to_try_again() {
    let sealed = World::new().await;
    for code in ["InvalidCiphertextException", "IncorrectKeyException"] {
        let wire = Wire::new();
        wire.fail("Decrypt", FOR_GOOD, Fault::Refused(code));
        let world = sealed.deployed_with(key(&wire));
        let answer = world.api(Method::GET, "/self", &tokens::admin(WORKSPACE), None).await;
        assert_eq!(answer.refusal(), refusal(500, "internal", ""), "{code}");
        assert_eq!(wire.take_requests().len(), 1, "{code} was tried again");
    }
}

/// The data key is in hand before the provider is asked: a code that could not be used is not spent.
#[tokio::test(start_paused = true)]
async fn a_flow_that_cannot_get_at_a_key_says_so_and_sends_no_code() {
    let public = json!({ "clientSecret": null });
    for (definition, operation) in
        [(definitions::integration(), "Decrypt"), (definitions::integration_with(&public), "GenerateDataKey")]
    {
        let world = World::with(&definition).await;
        let browser = world.browser();
        let callback = world.begin(&browser, &Start::new()).await.consent();
        let wire = Wire::new();
        wire.fail(operation, FOR_GOOD, Fault::Outage);
        let keyless = world.deployed_with(key(&wire));
        let there = keyless.browser();
        there.plant_cookie(&browser.cookie_names()[0], &browser.cookie_values()[0]);
        let answered = there.get(&callback).await;
        let result = there.get(answered.location()).await;
        assert_eq!(result.redirected_refusal(), refusal(303, "key_unavailable", ""), "{operation}");
        assert!(world.provider.calls().is_empty(), "{operation}");
        assert!(world.dump().await.connections.is_empty());
    }
}
