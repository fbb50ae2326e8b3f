//! APIs that want the credentials in the body of each request.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::{integration_with, merge};
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};

use crate::refresh::connected;

/// As at Plaid.
fn definition() -> Value {
    let mut definition = integration_with(&json!({}));
    merge(
        &mut definition["authOptions"][0],
        &json!({
            "apiClient": { "body": { "access_token": "${credentials.access_token}", "item": "${credentials.item}" } },
            "test": { "method": "POST", "path": "/accounts/get", "body": { "n": 1, "item": "x" }, "bodyFormat": "json" },
            "afterConnect": [{ "method": "POST", "path": "/item/get", "response": { "item": "item.id" } }],
            "revoke": { "path": "/item/remove", "body": { "a": "b" } },
        }),
    );
    definition["authOptions"][0]["apiClient"]["headers"] = json!({});
    definition["baseUri"] = json!("https://provider.example/api");
    definition
}

async fn world() -> (World, String) {
    let world = World::with(&definition()).await;
    world.provider.always("/api/item/get", Reply::json(200, &json!({ "item": { "id": "i1" } })));
    for path in ["/api/accounts/get", "/api/item/remove"] {
        world.provider.always(path, Reply::json(200, &json!({})));
    }
    let id = connected(&world).await;
    (world, id)
}

fn body_of(world: &World, path: &str) -> Value {
    serde_json::from_str(&world.provider.calls_to(path).pop().unwrap().body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_call_of_the_definition_has_them() {
    let (world, id) = world().await;
    // What it will bring is left out.
    assert_eq!(body_of(&world, "/api/item/get"), json!({ "access_token": ACCESS_TOKEN }));
    let expected = json!({ "access_token": ACCESS_TOKEN, "item": "i1", "n": 1 });
    assert_eq!(body_of(&world, "/api/accounts/get"), expected);
    world.api(Method::DELETE, &format!("/connections/{id}"), &customer(WORKSPACE, CUSTOMER), None).await;
    let revoked = world.provider.calls_to("/api/item/remove").pop().unwrap();
    let fields = ["a", "access_token", "item"].map(|name| revoked.parameter(name).unwrap());
    assert_eq!(fields, ["b", ACCESS_TOKEN, "i1"]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_cannot_replace_credentials_in_the_body() {
    let (world, id) = world().await;
    let (path, token) = (format!("/connections/{id}/proxy/me"), customer(WORKSPACE, CUSTOMER));
    let theirs = json!({ "access_token": "theirs", "item": null, "q": [1.50] });
    world.api(Method::POST, &path, &token, Some(&theirs)).await;
    assert_eq!(body_of(&world, "/api/me"), json!({ "access_token": ACCESS_TOKEN, "item": "i1", "q": [1.5] }));
    let refused = world.api(Method::POST, &path, &token, Some(&json!(["access_token"]))).await;
    assert_eq!((refused.status.as_u16(), refused.json()["data"]["field"].as_str()), (400, Some("body")));
    assert_eq!(world.provider.calls_to("/api/me").len(), 1);
    world.api(Method::GET, &path, &token, None).await;
    assert_eq!(world.provider.calls_to("/api/me").pop().unwrap().body, "");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_body_is_a_text_has_no_place_for_them() {
    let world = World::new().await;
    let mut definition = definition();
    merge(&mut definition["authOptions"][0]["test"], &json!({ "bodyFormat": "xml" }));
    definition["authOptions"][0]["test"]["body"] = json!("<a/>");
    let refused = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(&definition)).await;
    assert_eq!(refused.json()["data"]["field"], "authOptions[0].test.body", "{}", refused.body);
}

/// As at a service that wants them in an object of their own.
#[tokio::test(start_paused = true)]
async fn credentials_can_stand_deep_in_the_body() {
    let mut definition = definition();
    let auth = json!({ "key": "${credentials.access_token}", "team": "${credentials.team?}", "version": 2 });
    definition["authOptions"][0]["apiClient"]["body"] = json!({ "auth": auth });
    definition["authOptions"][0]["afterConnect"] = json!([]);
    let world = World::with(&definition).await;
    for path in ["/api/accounts/get", "/api/item/remove"] {
        world.provider.always(path, Reply::json(200, &json!({})));
    }
    let id = connected(&world).await;
    let auth = json!({ "key": ACCESS_TOKEN, "version": 2 });
    assert_eq!(body_of(&world, "/api/accounts/get"), json!({ "auth": auth, "n": 1, "item": "x" }));
    let (path, token) = (format!("/connections/{id}/proxy/me"), customer(WORKSPACE, CUSTOMER));
    world.api(Method::POST, &path, &token, Some(&json!({ "auth": { "key": "theirs" }, "q": 1 }))).await;
    assert_eq!(body_of(&world, "/api/me"), json!({ "auth": auth, "q": 1 }));
}
