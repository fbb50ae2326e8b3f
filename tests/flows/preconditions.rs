//! A change that says which version of the connection its author has read.

use http::{HeaderValue, Method};
use serde_json::{Value, json};
use tests::answer::{Refusal, refusal};
use tests::browser::api_request;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, World};

use crate::refresh::{connected, renewed};

async fn connection() -> (World, String, String) {
    let world = World::new().await;
    let id = connected(&world).await;
    (world, format!("/connections/{id}"), id)
}

async fn patch(world: &World, path: &str, body: &Value) -> Answer {
    world.api(Method::PATCH, path, &admin(WORKSPACE), Some(body)).await
}

async fn patch_if(world: &World, path: &str, tags: &str, body: &Value) -> Answer {
    let mut request = api_request(&Method::PATCH, path, &admin(WORKSPACE), Some(body));
    request.headers_mut().insert("if-match", HeaderValue::from_str(tags).unwrap());
    world.browser().send(request).await
}

/// The tokens are refreshed, and the provider no longer takes those of before.
async fn rotate(world: &World, path: &str) {
    let tokens = json!({ "access_token": "access/2", "refresh_token": "refresh/2" });
    world.provider.next("/oauth/token", renewed(&tokens));
    let path = format!("{path}/refresh-credentials");
    let answer = world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(answer.status, 204);
}

fn failed() -> Refusal {
    refusal(412, "precondition_failed", "version")
}

#[tokio::test(start_paused = true)]
async fn every_answer_with_a_connection_has_its_version_and_its_entity_tag() {
    let (world, path, id) = connection().await;
    let read = world.connection(&id).await;
    let version = read.json()["version"].as_str().unwrap().to_owned();
    assert_eq!(read.header("etag"), format!("\"{version}\""));
    let secrets = world.read_secrets(&id).await;
    assert_eq!((secrets.header("etag"), &secrets.json()["version"]), (read.header("etag"), &json!(version)));
    let listed = world.api(Method::GET, "/connections", &admin(WORKSPACE), None).await.json();
    assert_eq!(listed["items"][0]["version"], *version);
    // Reading and using change nothing.
    assert_eq!(world.connection(&id).await.json()["version"], *version);

    world.clock.advance(std::time::Duration::from_secs(1));
    let answer = patch(&world, &path, &json!({ "name": "New" })).await;
    let renamed = world.connection(&id).await;
    assert_eq!(answer.header("etag"), renamed.header("etag"));
    rotate(&world, &path).await;
    let refreshed = world.connection(&id).await;
    let tags = [&read, &renamed, &refreshed].map(|answer| answer.header("etag"));
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[2] != tags[0], "{tags:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_another_version_than_that_which_was_read_is_refused() {
    let (world, path, id) = connection().await;
    let stale = world.secrets(&id).await;
    rotate(&world, &path).await;
    let before = world.dump().await;
    let tag = format!("\"{}\"", stale["version"].as_str().unwrap());
    for changes in [
        json!({ "credentials": stale["credentials"] }),
        json!({ "connectorParameters": { "region": "eu" } }),
        json!({ "name": "New" }),
        json!({}),
    ] {
        let mut versioned = changes.clone();
        versioned["version"] = stale["version"].clone();
        assert_eq!(patch(&world, &path, &versioned).await.refusal(), failed(), "{changes}");
        assert_eq!(patch_if(&world, &path, &tag, &changes).await.refusal(), failed(), "{changes}");
        // Both must hold.
        assert_eq!(patch_if(&world, &path, "*", &versioned).await.refusal(), failed(), "{changes}");
        let current = world.connection(&id).await.header("etag").to_owned();
        assert_eq!(patch_if(&world, &path, &current, &versioned).await.refusal(), failed(), "{changes}");
        // A weak tag fits nothing.
        let weak = format!("W/{current}");
        assert_eq!(patch_if(&world, &path, &weak, &changes).await.refusal(), failed(), "{changes}");
    }
    let put = world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&stale)).await;
    assert_eq!(put.refusal(), failed());
    assert_eq!(world.dump().await, before);

    // With what is there, it is made.
    let now = world.secrets(&id).await;
    let put = world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&now)).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let current = put.header("etag").to_owned();
    let answer = patch_if(&world, &path, &format!("\"other\", {current}"), &json!({ "name": "New" })).await;
    assert_eq!(answer.json()["name"], "New");
    assert_eq!(
        patch_if(&world, &path, "not-quoted", &json!({ "name": "N" })).await.refusal(),
        refusal(400, "request_malformed", "If-Match")
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_in_between_is_noticed_at_the_last_moment() {
    for changes in [json!({ "name": "Mine" }), json!({ "connectorParameters": { "region": "eu" } })] {
        let (world, path, id) = connection().await;
        world.clock.advance(std::time::Duration::from_secs(1));
        let tag = world.connection(&id).await.header("etag").to_owned();
        let browser = world.browser();
        let other = json!({ "name": "Theirs" });
        let request = api_request(&Method::PATCH, &path, &admin(WORKSPACE), Some(&other));
        world.wire.meanwhile("UpdateItem", async move {
            assert_eq!(browser.send(request).await.status, 200);
        });
        assert_eq!(patch_if(&world, &path, &tag, &changes).await.refusal(), failed(), "{changes}");
        let read = world.secrets(&id).await;
        assert_eq!((&read["name"], &read["connectorParameters"]), (&json!("Theirs"), &json!({})));
        assert_eq!(world.dump().await.leased(), [""; 0]);
    }
}

/// Nobody means to bring back tokens that the provider has replaced.
#[tokio::test(start_paused = true)]
async fn without_a_version_a_stale_copy_replaces_no_refreshed_tokens() {
    let (world, path, id) = connection().await;
    let stale = world.secrets(&id).await["credentials"].clone();
    // Nothing newer is lost as long as nothing was refreshed.
    assert_eq!(patch(&world, &path, &json!({ "credentials": stale })).await.status, 200);
    rotate(&world, &path).await;
    let required = refusal(428, "precondition_required", "credentials");
    for given in
        [stale.clone(), json!({ "access_token": "access/2" }), json!({ "refresh_token": "refresh!+token/1" })]
    {
        let answer = patch(&world, &path, &json!({ "credentials": given })).await;
        assert_eq!(answer.refusal(), required, "{given}");
    }
    let current = world.secrets(&id).await["credentials"].clone();
    assert_eq!(current["refresh_token"], "refresh/2");
    // The same tokens, and fields beside them, replace nothing newer.
    assert_eq!(patch(&world, &path, &json!({ "credentials": current })).await.status, 200);
    // Who means it says so.
    let given = json!({ "credentials": { "access_token": "given", "refresh_token": "given" } });
    let answer = patch_if(&world, &path, "*", &given).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(world.secrets(&id).await["credentials"], given["credentials"]);
    // Those were given, and not refreshed.
    assert_eq!(patch(&world, &path, &json!({ "credentials": stale })).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn fields_beside_the_token_are_changed_without_it() {
    let (world, path, id) = connection().await;
    rotate(&world, &path).await;
    let before = world.secrets(&id).await;
    let body = json!({ "credentials": { "instance_url": "https://eu.example", "scope": null } });
    let answer = patch(&world, &path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let after = world.secrets(&id).await;
    let mut expected = before["credentials"].clone();
    tests::definitions::merge(&mut expected, &body["credentials"]);
    assert_eq!(after["credentials"], expected);
    assert_eq!(after["nextCredentialsRefreshAt"], before["nextCredentialsRefreshAt"]);
}
