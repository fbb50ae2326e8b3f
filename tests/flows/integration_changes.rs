//! `PATCH` and `DELETE /integrations/{idOrKey}`, and the customer's connection beside an integration.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::browser::api_request;
use tests::definitions::{self, INTEGRATION};
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer, in_an_hour, signed};
use tests::wire::Fault;
use tests::{Answer, Start, World};

const PATH: &str = "/integrations/crm";

async fn call(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &admin(WORKSPACE), body).await
}

#[tokio::test(start_paused = true)]
async fn a_merge_patch_changes_what_it_names() {
    let mut definition = definitions::integration();
    definition["authOptions"][0].as_object_mut().unwrap().remove("test");
    let world = World::with(&definition).await;
    let mut expected = call(&world, Method::GET, PATH, None).await.json();
    let patch = json!({ "name": "New", "logoUri": "https://example.com/logo.svg", "baseUri": null });
    let answer = call(&world, Method::PATCH, PATH, Some(&patch)).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    definitions::merge(&mut expected, &patch);
    assert_eq!(answer.json(), expected);
    assert_eq!(call(&world, Method::GET, PATH, None).await.json(), expected);
    let by_id = format!("/integrations/{}", expected["id"].as_str().unwrap());
    let answer = call(&world, Method::PATCH, &by_id, Some(&json!({ "name": "By id" }))).await;
    assert_eq!(answer.json()["name"], "By id");
}

#[tokio::test(start_paused = true)]
async fn a_patch_keeps_the_secrets_unless_it_names_them() {
    let world = World::new().await;
    let mut options = definitions::integration()["authOptions"].clone();
    options[0]["config"].as_object_mut().unwrap().remove("clientSecret");
    options[0]["title"] = "New title".into();
    for patch in [json!({ "name": "New" }), json!({ "authOptions": options })] {
        assert_eq!(call(&world, Method::PATCH, PATH, Some(&patch)).await.status.as_u16(), 200);
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
        let request = world.provider.calls_to("/oauth/token").pop().unwrap();
        assert_eq!(request.parameter("client_secret").as_deref(), Some(definitions::CLIENT_SECRET));
    }
    assert!(!world.dump().await.contains(definitions::CLIENT_SECRET.as_bytes()));
    options[0]["config"]["clientSecret"] = Value::Null;
    let before = world.dump().await;
    call(&world, Method::PATCH, PATH, Some(&json!({ "authOptions": options }))).await;
    let sealed = |dump: &tests::dump::Dump| {
        dump.integrations.iter().filter(|item| item.contains_key("sealed")).count()
    };
    assert_eq!(sealed(&before) - sealed(&world.dump().await), 1);
}

#[tokio::test(start_paused = true)]
async fn a_patch_that_makes_no_definition_changes_nothing() {
    let world = World::new().await;
    let before = world.dump().await;
    for (patch, field) in [
        (json!({ "name": null }), "."),
        (json!({ "name": "" }), "name"),
        (json!({ "authOptions": [] }), "authOptions"),
        (json!({ "logoUri": "x" }), "logoUri"),
        (json!([]), "body"),
    ] {
        let answer = call(&world, Method::PATCH, PATH, Some(&patch)).await.refusal();
        assert_eq!((answer.status, answer.key.as_str()), (400, "request_malformed"), "{patch}");
        assert!(field == "." || answer.field == field, "{patch}: {}", answer.field);
    }
    let answer = call(&world, Method::PATCH, "/integrations/none", Some(&json!({ "name": "N" }))).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationKey"));
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn of_two_patches_at_once_neither_is_lost() {
    let world = World::new().await;
    let browser = world.browser();
    let other = json!({ "logoUri": "https://example.com/logo.svg" });
    let request = api_request(&Method::PATCH, PATH, &admin(WORKSPACE), Some(&other));
    world.wire.meanwhile("PutItem", async move {
        assert_eq!(browser.send(request).await.status.as_u16(), 200);
    });
    let answer = call(&world, Method::PATCH, PATH, Some(&json!({ "name": "New" }))).await.json();
    assert_eq!((&answer["name"], &answer["logoUri"]), (&json!("New"), &other["logoUri"]));
}

#[tokio::test(start_paused = true)]
async fn an_integration_in_use_is_kept_unless_forced_and_its_connections_outlive_it() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let before = world.dump().await;
    for query in ["", "?force=false"] {
        let answer = call(&world, Method::DELETE, &format!("{PATH}{query}"), None).await;
        assert_eq!(answer.refusal(), refusal(409, "integration_in_use", "force"));
    }
    let answer = call(&world, Method::DELETE, &format!("{PATH}?force=maybe"), None).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "force"));
    assert_eq!(world.dump().await, before);

    let answer = call(&world, Method::DELETE, &format!("{PATH}?force=true"), None).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));
    assert_eq!(call(&world, Method::GET, PATH, None).await.refusal().key, "not_found");
    let orphan = world.connection(&id).await.json();
    assert_eq!((orphan.get("integration"), &orphan["connected"]), (None, &json!(true)));
    let proxied = format!("/connections/{id}/proxy/me");
    assert_eq!(call(&world, Method::GET, &proxied, None).await.refusal().key, "not_found");
    let list = call(&world, Method::GET, "/connections?integrationKey=crm", None).await.json();
    assert_eq!(list["items"], json!([orphan]));

    world.define(INTEGRATION, &definitions::integration()).await;
    assert_eq!(call(&world, Method::GET, &proxied, None).await.status.as_u16(), 200);
    let refreshed = call(&world, Method::POST, &format!("/connections/{id}/refresh-credentials"), None).await;
    assert_eq!(refreshed.status.as_u16(), 204, "{}", refreshed.body);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_uses_any_more_can_be_deleted() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    assert_eq!(call(&world, Method::DELETE, "/integrations/mail", None).await.status.as_u16(), 204);
    call(&world, Method::DELETE, &format!("/connections/{id}"), None).await;
    assert_eq!(call(&world, Method::DELETE, PATH, None).await.status.as_u16(), 204);
    let answer = call(&world, Method::DELETE, PATH, None).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationKey"));
}

#[tokio::test(start_paused = true)]
async fn a_customer_sees_their_newest_connection_beside_an_integration() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let browser = world.browser();
    world.connect(&browser, &Start::new()).await.assert_connected();
    world.clock.advance(std::time::Duration::from_secs(1));
    let several = Start::new().with(&json!({ "allowMultipleConnections": true }));
    let newest = world.connect(&browser, &several).await.connection_id();
    world.connect(&browser, &Start::new().by("user-2")).await.assert_connected();
    let token = customer(WORKSPACE, CUSTOMER);
    let _ = world.wire.take_requests();
    let one = world.api(Method::GET, PATH, &token, None).await.json();
    let queries = world.wire.take_requests();
    assert_eq!(queries.iter().filter(|request| request.operation == "Query").count(), 1, "{queries:?}");
    assert_eq!(one["connection"]["id"], newest.as_str());
    assert_eq!((&one["state"], &one["hasMissingParameters"]), (&json!("READY"), &json!(false)));
    assert_eq!(one["authType"], "oauth2");
    let all = world.api(Method::GET, "/integrations", &token, None).await.json();
    let found = |key: &str| all["items"].as_array().unwrap().iter().find(|item| item["key"] == key).unwrap();
    assert_eq!(*found("crm"), one);
    assert_eq!(found("mail").get("connection"), None);
    assert_eq!(call(&world, Method::GET, PATH, None).await.json().get("connection"), None);
}

/// The usual definition without its secret, and with another one.
fn with_secret(secret: Option<&str>) -> Value {
    let mut definition = definitions::integration();
    let config = definition["authOptions"][0]["config"].as_object_mut().unwrap();
    match secret {
        Some(secret) => config.insert("clientSecret".to_owned(), secret.into()),
        None => config.remove("clientSecret"),
    };
    definition
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_replaced_meanwhile_is_not_brought_back() {
    let world = Arc::new(World::new().await);
    let other = Arc::clone(&world);
    world.wire.meanwhile("PutItem", async move {
        call(&other, Method::PUT, PATH, Some(&with_secret(Some("rotated")))).await;
    });
    assert_eq!(call(&world, Method::PUT, PATH, Some(&with_secret(None))).await.status, 200);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let request = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(request.parameter("client_secret").as_deref(), Some("rotated"));
}

#[tokio::test(start_paused = true)]
async fn a_workspaces_secret_that_was_replaced_meanwhile_is_not_brought_back() {
    let world = Arc::new(World::new().await);
    let mut definition = definitions::workspace(WORKSPACE);
    let rotated = "r".repeat(96);
    definition["secret"] = rotated.as_str().into();
    let other = Arc::clone(&world);
    let path = format!("/workspaces/{WORKSPACE}");
    let root = admin(ROOT);
    let (at, token, body) = (path.clone(), root.clone(), definition.clone());
    world.wire.meanwhile("PutItem", async move {
        other.api(Method::PUT, &at, &token, Some(&body)).await;
    });
    definition.as_object_mut().unwrap().remove("secret");
    assert_eq!(world.api(Method::PUT, &path, &root, Some(&definition)).await.status, 200);
    let claims = json!({ "iss": WORKSPACE, "isAdmin": true, "exp": in_an_hour() });
    let new = signed(&claims, &rotated);
    assert_eq!(world.api(Method::GET, PATH, &new, None).await.status, 200);
    assert_eq!(world.api(Method::GET, PATH, &admin(WORKSPACE), None).await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_made_is_shown_though_the_databases_answer_was_lost() {
    let world = World::new().await;
    let mut definition = definitions::workspace("new");
    definition.as_object_mut().unwrap().remove("secret");
    world.wire.fail("PutItem", 1, Fault::LostAnswer);
    let made = world.api(Method::PUT, "/workspaces/new", &admin(ROOT), Some(&definition)).await;
    assert_eq!(made.status, 201);
    let claims = json!({ "iss": "new", "isAdmin": true, "exp": in_an_hour() });
    let token = signed(&claims, made.json()["secret"].as_str().unwrap());
    assert_eq!(world.api(Method::GET, "/integrations", &token, None).await.status, 200);
}
