//! The change to another key.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, INTEGRATION, REDIRECT_URI};
use tests::provider::ACCESS_TOKEN;
use tests::sealed::sealed_under;
use tests::tokens::{self, WORKSPACE};
use tests::wire::Wire;
use tests::{Start, World};

use crate::{KEY, OTHER_KEY, arn, key};

/// Which key each record is sealed under: the integration, the workspace, the connection.
async fn keys(world: &World) -> [String; 3] {
    let dump = world.dump().await;
    assert_eq!((dump.integrations.len(), dump.live_connections().len()), (2, 1));
    [&dump.integrations[0], &dump.integrations[1], dump.live_connections()[0]]
        .map(|item| sealed_under(item).0)
}

/// The keys that KMS was asked to use since the last time.
fn asked_of(wire: &Wire) -> Vec<String> {
    let requests = wire.take_requests().into_iter();
    requests.map(|request| request.body["KeyId"].as_str().unwrap().to_owned()).collect()
}

async fn put(world: &World, path: &str, issuer: &str, definition: &Value) {
    let answer = world.api(Method::PUT, path, &tokens::admin(issuer), Some(definition)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test(start_paused = true)]
async fn what_the_old_key_sealed_stays_readable_and_moves_on_when_it_is_written() {
    let (old, new) = (arn(KEY), arn(OTHER_KEY));
    let before = World::sealed_by(key(KEY).await.0).await.defined(&definitions::integration()).await;
    let id = before.connect(&before.browser(), &Start::new()).await.connection_id();

    let (key, wire) = key(OTHER_KEY).await;
    let world = before.deployed_with(key);
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    assert_eq!(keys(&world).await, [old.clone(), old.clone(), old.clone()], "reading moves nothing");
    assert_eq!(asked_of(&wire), [old.as_str(), old.as_str()]);

    // Without their secrets, which stay: yet they are sealed anew.
    let definition = definitions::integration_with(&json!({ "clientSecret": null, "scopes": ["read"] }));
    put(&world, &format!("/integrations/{INTEGRATION}"), WORKSPACE, &definition).await;
    assert_eq!(keys(&world).await, [new.clone(), old.clone(), old.clone()]);
    let definition =
        json!({ "name": "Acme", "redirectUris": [REDIRECT_URI], "maxTokenLifetime": 31_536_000 });
    put(&world, &format!("/workspaces/{WORKSPACE}"), tokens::ROOT, &definition).await;
    assert_eq!(keys(&world).await, [new.clone(), new.clone(), old.clone()]);
    let again = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &again).await.assert_connected();
    assert_eq!(keys(&world).await, [new.clone(), new.clone(), new.clone()]);

    // The secrets are those from before, and the old key is needed no more.
    let _ = wire.take_requests();
    let world = world.restarted();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let exchange = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(exchange.parameter("client_secret").as_deref(), Some(definitions::CLIENT_SECRET));
    let asked_of = asked_of(&wire);
    assert!(!asked_of.is_empty() && asked_of.iter().all(|key| *key == new), "{asked_of:?}");
}

/// Nothing has to be written by anybody else: one call moves what is there.
#[tokio::test(start_paused = true)]
async fn resealing_moves_everything_and_the_old_key_is_needed_no_more() {
    let (old, new) = (arn(KEY), arn(OTHER_KEY));
    let before = World::sealed_by(key(KEY).await.0).await.defined(&definitions::integration()).await;
    let id = before.connect(&before.browser(), &Start::new()).await.connection_id();

    let (key, wire) = key(OTHER_KEY).await;
    let world = before.deployed_with(key);
    assert_eq!(keys(&world).await, [old.clone(), old.clone(), old]);
    assert_eq!(world.reseal().await, (3, 0));
    assert_eq!(keys(&world).await, [new.clone(), new.clone(), new.clone()]);
    assert_eq!(world.reseal().await, (0, 3));

    let _ = wire.take_requests();
    let world = world.restarted();
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], ACCESS_TOKEN);
    let asked_of = asked_of(&wire);
    assert!(!asked_of.is_empty() && asked_of.iter().all(|key| *key == new), "{asked_of:?}");
}

/// As where an operator wrote another key's ARN over a record's: KMS compares.
#[tokio::test(start_paused = true)]
async fn a_record_that_names_another_key_does_not_open() {
    let world = World::sealed_by(key(KEY).await.0).await.defined(&definitions::integration()).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let mut item = world.dump().await.live_connections()[0].clone();
    let sealed = item["sealed"].as_b().unwrap().as_ref().to_vec();
    let (old, new) = (arn(KEY), arn(OTHER_KEY));
    assert_eq!(old.len(), new.len());
    let renamed = [&sealed[..2], new.as_bytes(), &sealed[2 + old.len()..]].concat();
    item.insert("sealed".to_owned(), aws_sdk_dynamodb::types::AttributeValue::B(renamed.into()));
    world.write("connections", &item).await;
    let path = format!("/connections/{id}?includeSecrets=true");
    let answer = world.api(Method::GET, &path, &tokens::admin(WORKSPACE), None).await;
    // moto says AccessDeniedException where KMS says IncorrectKeyException.
    assert_eq!(answer.refusal(), refusal(503, "key_unavailable", ""));
}
