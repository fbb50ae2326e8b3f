//! `GET /customers/{id}/export`: what is held of a customer, page by page.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Start, World};

use crate::refresh::connected;

#[tokio::test(start_paused = true)]
async fn it_has_all_connections_of_the_customer_and_no_secret() {
    let world = World::new().await;
    let replaced = connected(&world).await;
    let many = Start::new().with(&json!({
        "allowMultipleConnections": true, "connectionParameters": { "apiKey": "parameter!+secret/1" },
    }));
    let browser = world.browser();
    let mut ids = vec![replaced, connected(&world).await];
    ids.push(world.connect(&browser, &many).await.connection_id());
    world.connect(&browser, &Start::new().by("user-10")).await.assert_connected();

    let token = admin(WORKSPACE);
    let mut found: Vec<Value> = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let path = format!("/customers/{CUSTOMER}/export?limit=1&cursor={cursor}");
        let answer = world.api(Method::GET, &path, &token, None).await;
        for secret in [ACCESS_TOKEN, REFRESH_TOKEN, "parameter!+secret/1"] {
            assert!(!answer.body.contains(secret));
        }
        let page = answer.json();
        assert_eq!(page["id"], CUSTOMER);
        found.extend(page["connections"].as_array().unwrap().iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let mut exported: Vec<&str> = found.iter().map(|connection| connection["id"].as_str().unwrap()).collect();
    exported.sort_unstable();
    ids.sort();
    assert_eq!(exported, ids);
    assert!(found.last().unwrap()["archivedAt"].is_string(), "the archived ones come last");
    assert!(found.iter().all(|connection| connection["userId"] == CUSTOMER));
}

#[tokio::test(start_paused = true)]
async fn it_is_for_who_manages_the_workspace_and_shows_its_own_customers() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    connected(&world).await;
    let path = format!("/customers/{CUSTOMER}/export");
    let refused = world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(refused.refusal().key, "access_denied");
    let foreign = world.api(Method::GET, &path, &admin("globex"), None).await.json();
    assert_eq!((&foreign["id"], &foreign["connections"]), (&json!(CUSTOMER), &json!([])));
    let forged = world.api(Method::GET, &format!("{path}?cursor=x"), &admin(WORKSPACE), None).await;
    assert_eq!(forged.refusal(), refusal(400, "request_malformed", "cursor"));
}

/// API Gateway would take its slash for the end of a segment.
#[tokio::test(start_paused = true)]
async fn a_customer_whose_id_a_path_cannot_hold_is_exported_and_erased() {
    let world = World::new().await;
    let id = "team/1";
    world.connect(&world.browser(), &Start::new().by(id)).await.assert_connected();
    let token = admin(WORKSPACE);
    for (method, path) in
        [(Method::GET, "/customers/team%2F1/export"), (Method::DELETE, "/customers/team%2F1")]
    {
        let refused = world.api(method, path, &token, None).await;
        assert_eq!(refused.refusal(), refusal(400, "request_malformed", "id"));
        assert!(refused.body.contains("base64url"), "{}", refused.body);
    }
    let path = "/customers/base64url:dGVhbS8x";
    let exported = world.api(Method::GET, &format!("{path}/export"), &token, None).await.json();
    assert_eq!((&exported["id"], exported["connections"].as_array().unwrap().len()), (&json!(id), 1));
    let erased = world.api(Method::DELETE, path, &token, None).await;
    assert_eq!(erased.status, 200);
    assert_eq!(erased.json()["erased"], 1);
}
