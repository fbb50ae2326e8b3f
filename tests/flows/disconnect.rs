//! A connection that is disconnected stays, and its credentials are forgotten here and at the provider.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, entered, integration, integration_with};
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, Start, World};

use crate::refresh::{connected, renewed};

async fn disconnect(world: &World, id: &str) -> Answer {
    let path = format!("/connections/{id}/disconnect");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

fn revocable() -> Value {
    integration_with(&json!({ "revocationUri": "https://provider.example/oauth/revoke" }))
}

async fn revocable_world() -> World {
    let world = World::with(&revocable()).await;
    world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
    world
}

async fn revocation(world: &World) -> Value {
    let dump = world.dump().await;
    let health: Value = serde_json::from_str(dump.live_connections()[0]["health"].as_s().unwrap()).unwrap();
    health["revocation"].clone()
}

#[tokio::test(start_paused = true)]
async fn its_credentials_are_gone_and_it_says_so() {
    let world = World::new().await;
    let id = connected(&world).await;
    let answer = disconnect(&world, &id).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    let read = world.secrets(&id).await;
    assert_eq!((&read["connected"], &read["disconnected"]), (&json!(false), &json!(true)));
    assert_eq!((&read["state"], &read["credentials"]), (&json!("CLIENT_ACTION_REQUIRED"), &json!({})));
    assert_eq!((read.get("error"), read.get("nextCredentialsRefreshAt")), (None, None));
    let token = customer(WORKSPACE, CUSTOMER);
    let proxied = world.api(Method::GET, &format!("/connections/{id}/proxy/me"), &token, None).await;
    assert_eq!(proxied.refusal().key, "connection_disconnected");
    let tested = world.api(Method::POST, &format!("/connections/{id}/test"), &token, None).await.json();
    assert_eq!(tested["success"], false);
    let dump = world.dump().await;
    let item = dump.live_connections()[0];
    assert_eq!(item["event"].as_m().unwrap()["name"].as_s().unwrap(), "connection.disconnected");
    assert_eq!(dump.due(), [""; 0]);
    assert_eq!(disconnect(&world, &id).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn what_the_customer_entered_goes_where_it_is_the_credentials() {
    let world = World::with(&definitions::api_key()).await;
    let start = Start::new().with(&json!({ "connectionParameters": entered() }));
    let id = world.browser().send(start.form()).await.connection_id();
    disconnect(&world, &id).await;
    let read = world.secrets(&id).await;
    assert_eq!((&read["parameters"], &read["credentials"]), (&json!({}), &json!({})));
}

#[tokio::test(start_paused = true)]
async fn the_provider_is_asked_to_forget_them_and_the_answer_is_recorded() {
    let world = revocable_world().await;
    let id = connected(&world).await;
    disconnect(&world, &id).await;
    let calls = world.provider.calls_to("/oauth/revoke");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].parameter("token").as_deref(), Some(REFRESH_TOKEN));
    assert_eq!(revocation(&world).await, json!({ "at": 1_767_225_600_000_i64 }));
    // There is nothing left to forget.
    disconnect(&world, &id).await;
    assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_forget_keeps_nothing_from_being_disconnected() {
    for reply in [Reply::json(503, &json!({})), Reply::hangs()] {
        let world = revocable_world().await;
        let id = connected(&world).await;
        world.provider.always("/oauth/revoke", reply);
        assert_eq!(disconnect(&world, &id).await.status, 204);
        assert_eq!(world.secrets(&id).await["credentials"], json!({}));
        assert_eq!(revocation(&world).await["error"]["key"], "provider_unreachable");
    }
}

#[tokio::test(start_paused = true)]
async fn where_one_word_ends_the_whole_grant_it_is_not_said_while_another_connection_lives() {
    let world = revocable_world().await;
    let id = connected(&world).await;
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "a2", "refresh_token": "r2" })));
    let another = Start::new().with(&json!({ "allowMultipleConnections": true }));
    world.connect(&world.browser(), &another).await.assert_connected();
    disconnect(&world, &id).await;
    assert!(world.provider.calls_to("/oauth/revoke").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_definition_may_have_a_request_of_its_own() {
    let mut definition = integration();
    definition["authOptions"][0]["revoke"] = json!({
        "method": "DELETE",
        "path": "/permissions?all=true",
        "headers": { "X-Reason": "gone" },
        "body": { "token": "${credentials.refresh_token}" },
        "bodyFormat": "json",
    });
    let world = World::with(&definition).await;
    world.provider.always("/api/permissions", Reply::json(200, &json!({})));
    let id = connected(&world).await;
    disconnect(&world, &id).await;
    let call = world.provider.calls_to("/api/permissions").pop().unwrap();
    assert_eq!(
        (&call.method, call.uri.as_str()),
        (&Method::DELETE, "https://provider.example/api/permissions?all=true")
    );
    assert_eq!(call.header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
    assert_eq!(call.header("x-reason"), "gone");
    assert_eq!(call.body, json!({ "token": REFRESH_TOKEN }).to_string());
    assert_eq!(revocation(&world).await.get("error"), None);
}

#[tokio::test(start_paused = true)]
async fn it_holds_against_a_refresh_that_is_under_way() {
    let world = World::new().await;
    let id = connected(&world).await;
    world
        .provider
        .next("/oauth/token", renewed(&json!({ "access_token": "a2" })).after(Duration::from_secs(3)));
    let path = format!("/connections/{id}/refresh-credentials");
    let token = customer(WORKSPACE, CUSTOMER);
    let disconnecting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        disconnect(&world, &id).await
    };
    let (_, disconnected) = tokio::join!(world.api(Method::POST, &path, &token, None), disconnecting);
    assert_eq!(disconnected.status, 204);
    let read = world.secrets(&id).await;
    assert_eq!((&read["disconnected"], &read["credentials"]), (&json!(true), &json!({})));
}

async fn archive(world: &World, id: &str) {
    let token = customer(WORKSPACE, CUSTOMER);
    let answer = world.api(Method::DELETE, &format!("/connections/{id}"), &token, None).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test(start_paused = true)]
async fn what_an_archived_connection_held_is_forgotten_too_and_it_says_so_when_it_is_restored() {
    let world = revocable_world().await;
    let id = connected(&world).await;
    archive(&world, &id).await;
    assert_eq!(world.provider.calls_to("/oauth/revoke").len(), 1);
    let token = customer(WORKSPACE, CUSTOMER);
    let restored = world.api(Method::POST, &format!("/connections/{id}/restore"), &token, None).await.json();
    assert_eq!(
        (&restored["disconnected"], &restored["state"]),
        (&json!(true), &json!("CLIENT_ACTION_REQUIRED"))
    );
    assert_eq!(restored.get("nextCredentialsRefreshAt"), None);
}

#[tokio::test(start_paused = true)]
async fn an_archived_connection_ends_no_grant_that_another_one_lives_by() {
    let world = revocable_world().await;
    let id = connected(&world).await;
    let another = Start::new().with(&json!({ "allowMultipleConnections": true }));
    world.connect(&world.browser(), &another).await.assert_connected();
    archive(&world, &id).await;
    assert!(world.provider.calls_to("/oauth/revoke").is_empty());
}

/// What it brings would otherwise live on at the provider, and be known to nobody.
#[tokio::test(start_paused = true)]
async fn what_a_refresh_brings_at_the_last_moment_is_forgotten() {
    let world = revocable_world().await;
    let id = connected(&world).await;
    let rotated = json!({ "access_token": "a2", "refresh_token": "r2" });
    world.provider.next("/oauth/token", renewed(&rotated).after(Duration::from_secs(3)));
    let path = format!("/connections/{id}/refresh-credentials");
    let token = customer(WORKSPACE, CUSTOMER);
    let disconnecting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        disconnect(&world, &id).await
    };
    tokio::join!(world.api(Method::POST, &path, &token, None), disconnecting);
    let revoked = world.provider.calls_to("/oauth/revoke").pop().unwrap();
    assert_eq!(revoked.parameter("token").as_deref(), Some("r2"));
}
