//! `PATCH` and `PUT /connections/{id}`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::{Answer, Start, World, definitions};

async fn connected(definition: &Value, parameters: &Value) -> (World, String, String) {
    let world = World::with(definition).await;
    let start = Start::new().with(&json!({ "connectionParameters": parameters }));
    let begun = world.browser().send(start.form()).await;
    let id = match begun.away().host_str() {
        Some("provider.example") => world.connect(&world.browser(), &start).await.connection_id(),
        _ => begun.connection_id(),
    };
    world.clock.advance(Duration::from_mins(1));
    (world, format!("/connections/{id}"), id)
}

async fn crm() -> (World, String, String) {
    connected(&definitions::integration(), &json!({})).await
}

async fn mail() -> (World, String, String) {
    connected(&definitions::api_key(), &definitions::entered()).await
}

async fn patch(world: &World, path: &str, body: &Value) -> Answer {
    world.api(Method::PATCH, path, &admin(WORKSPACE), Some(body)).await
}

#[tokio::test(start_paused = true)]
async fn a_customer_renames_a_connection() {
    let (world, path, _) = crm().await;
    let before = world.dump().await;
    for (method, name) in [(Method::PATCH, "First"), (Method::PUT, "Second")] {
        let token = customer(WORKSPACE, CUSTOMER);
        let answer = world.api(method, &path, &token, Some(&json!({ "name": name }))).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["name"]), (200, &json!(name)));
        assert_eq!(answer.json(), world.api(Method::GET, &path, &token, None).await.json());
        assert_eq!(answer.json()["updatedAt"], "2026-01-01T00:01:00.000Z");
        assert_eq!(answer.json()["createdAt"], "2026-01-01T00:00:00.000Z");
    }
    let after = world.dump().await;
    let (before, after) = (before.live_connections()[0].clone(), after.live_connections()[0].clone());
    assert_eq!(after["event"].as_m().unwrap()["name"].as_s().unwrap(), "connection.updated");
    for (name, value) in &before {
        assert!(after[name] == *value || name == "record" || name == "event", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn put_needs_a_name() {
    let (world, path, _) = crm().await;
    let answer = world.api(Method::PUT, &path, &admin(WORKSPACE), Some(&json!({}))).await;
    assert_eq!(answer.refusal(), refusal(400, "parameter_missing", "name"));
}

/// What was read can be written back; fields of other services' connections do no harm.
#[tokio::test(start_paused = true)]
async fn what_changes_nothing_is_accepted_and_written_nowhere() {
    let (world, path, id) = crm().await;
    let before = world.dump().await;
    let mut read = world.connection(&id).await.json();
    read.as_object_mut().unwrap().remove("name");
    for body in [json!({}), json!({ "fields": { "a": 1 }, "key": null, "integrationKey": "crm" }), read] {
        let answer = patch(&world, &path, &body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        assert_eq!(world.dump().await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_is_named() {
    let (world, path, _) = crm().await;
    let before = world.dump().await;
    for (body, key, field) in [
        (json!({ "name": 5 }), "request_malformed", "name"),
        (json!({ "name": "" }), "request_malformed", "name"),
        (json!({ "name": "n".repeat(256) }), "request_malformed", "name"),
        (json!({ "parameters": [] }), "request_malformed", "parameters"),
        (json!({ "connectorParameters": "x" }), "request_malformed", "connectorParameters"),
        (json!({ "credentials": true }), "request_malformed", "credentials"),
        (json!({ "credentials": {} }), "request_malformed", "credentials.access_token"),
        (json!({ "credentials": { "access_token": 1 } }), "request_malformed", "credentials.access_token"),
        (json!({ "parameters": {}, "input": {} }), "parameter_conflict", "input"),
        (json!({ "integrationKey": "other" }), "request_malformed", "integrationKey"),
        (json!({ "userId": "user-2" }), "request_malformed", "userId"),
        (json!({ "tenantId": "user-2" }), "request_malformed", "tenantId"),
        (json!({ "authOptionKey": "other" }), "request_malformed", "authOptionKey"),
        (json!({ "id": "other" }), "request_malformed", "id"),
    ] {
        assert_eq!(patch(&world, &path, &body).await.refusal(), refusal(400, key, field), "{body}");
    }
    let answer = patch(&world, &path, &json!([])).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "body"));
    let after = world.dump().await;
    let sealed = |dump: &tests::dump::Dump| {
        let item = dump.live_connections()[0].clone();
        ["record", "sealed", "version", "health"].map(|name| item[name].clone())
    };
    assert_eq!(sealed(&after), sealed(&before));
    assert_eq!(after.leased(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_sealed_is_for_who_manages_the_workspace() {
    let (world, path, _) = crm().await;
    let before = world.dump().await;
    for field in ["parameters", "connectionParameters", "input", "connectorParameters", "credentials"] {
        let body = json!({ "name": "New", field: { "access_token": "mine" } });
        for method in [Method::PATCH, Method::PUT] {
            let answer = world.api(method, &path, &customer(WORKSPACE, CUSTOMER), Some(&body)).await;
            assert_eq!(answer.refusal(), refusal(403, "access_denied", field));
        }
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn new_credentials_are_proved_and_their_end_is_noted() {
    let (world, path, id) = crm().await;
    let credentials = json!({ "access_token": "given", "refresh_token": "r", "expires_in": 7200 });
    let body = json!({ "credentials": credentials, "connectorParameters": { "region": "eu" } });
    let answer = patch(&world, &path, &body).await;
    assert_eq!(answer.json()["nextCredentialsRefreshAt"], "2026-01-01T01:46:00.000Z", "{}", answer.body);
    assert_eq!(answer.json().get("credentials"), None);
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"], credentials);
    assert_eq!(read["connectorParameters"], json!({ "region": "eu" }));
    assert_eq!(world.provider.calls_to("/api/me").last().unwrap().header("authorization"), "Bearer given");
    let dump = world.dump().await;
    let item = dump.live_connections()[0];
    assert_eq!(item["version"].as_n().unwrap(), "2");
    assert_eq!(item["event"].as_m().unwrap()["name"].as_s().unwrap(), "connection.updated");
    assert!(!dump.contains(b"given"));

    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let refused = patch(&world, &path, &json!({ "credentials": { "access_token": "bad" } })).await;
    assert_eq!(refused.refusal(), refusal(400, "credentials_rejected", ""));
    assert_eq!(world.secrets(&id).await["credentials"], credentials);
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_connection_works_again_with_new_credentials() {
    let (world, path, _) = crm().await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    world.api(Method::POST, &format!("{path}/refresh-credentials"), &admin(WORKSPACE), None).await;
    let kept = patch(&world, &path, &json!({ "connectorParameters": {} })).await.json();
    assert_eq!(
        (&kept["disconnected"], &kept["error"]["key"]),
        (&json!(true), &json!("access_token_expired"))
    );
    let answer = patch(&world, &path, &json!({ "credentials": { "access_token": "given" } })).await.json();
    assert_eq!((&answer["connected"], answer.get("error")), (&json!(true), None));
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_would_enter_is_checked_and_becomes_the_credentials() {
    let (world, path, id) = mail().await;
    for (body, field) in [
        (json!({ "parameters": { "subdomain": "acme" } }), "parameters.apiKey"),
        (json!({ "input": { "subdomain": "ACME", "apiKey": "k" } }), "input.subdomain"),
        (json!({ "credentials": { "apiKey": "k" } }), "credentials.subdomain"),
    ] {
        assert_eq!(patch(&world, &path, &body).await.refusal(), refusal(400, "input_invalid", field));
    }
    let entered = json!({ "subdomain": "globex", "apiKey": "new key" });
    let answer = patch(&world, &path, &json!({ "input": entered })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let read = world.secrets(&id).await;
    assert_eq!((&read["parameters"], &read["credentials"]), (&entered, &entered));
    assert_eq!(world.provider.calls_to("/api/me").last().unwrap().header("x-api-key"), "new key");
}

#[tokio::test(start_paused = true)]
async fn what_is_borrowed_is_between_the_customer_and_its_owner() {
    let world = World::empty().await;
    world.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = definitions::api_key();
    shared["shared"] = true.into();
    let put = world.api(Method::PUT, "/integrations/shared", &admin(ROOT), Some(&shared)).await;
    assert_eq!(put.status.as_u16(), 201);
    let option = json!({ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared" } });
    world.define("crm", &json!({ "name": "Ours", "authOptions": [option] })).await;
    let start = Start::new().with(&json!({ "connectionParameters": definitions::entered() }));
    let id = world.browser().send(start.form()).await.connection_id();
    let path = format!("/connections/{id}");
    let before = world.dump().await;
    for field in ["parameters", "credentials"] {
        let answer = patch(&world, &path, &json!({ field: definitions::entered() })).await;
        assert_eq!(answer.refusal(), refusal(403, "access_denied", field));
    }
    assert_eq!(world.dump().await, before);
    let answer = patch(&world, &path, &json!({ "name": "N", "connectorParameters": { "a": "b" } })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    // Nor can it be made of given credentials.
    let body = json!({ "integrationKey": "crm", "userId": "u", "credentials": definitions::entered() });
    let answer = world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", "authOptionKey"));
}
