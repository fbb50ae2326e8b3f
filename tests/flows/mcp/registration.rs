//! When a client is registered, and what becomes of it.

use serde_json::{Value, json};
use tests::World;
use tests::definitions::merge;
use tests::provider::Reply;

use super::{Start, connected};
use super::{discovered, registered, registering, resource, server, token_requests, used, world};
use crate::discovery::put;

fn fields(answer: &tests::Answer) -> Vec<String> {
    let problems = answer.json()["data"]["problems"].clone();
    let field = |problem: &Value| problem["field"].as_str().unwrap_or_default().to_owned();
    problems.as_array().unwrap().iter().map(field).collect()
}

fn registrations(world: &World) -> usize {
    world.provider.calls_to("/register").len()
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_refused_registers_no_client() {
    let world = world(&resource(&json!({})), &registering(&json!({}))).await;
    world.provider.always("/register", registered("first", &json!({})));
    for path in ["/none", "/.well-known/oauth-protected-resource/none"] {
        world.provider.always(path, Reply::json(404, &json!({})));
    }
    let beside = |option: &Value| {
        let mut definition = server(&json!({}));
        definition["authOptions"].as_array_mut().unwrap().push(option.clone());
        definition
    };
    let with = |changes: &Value| {
        let mut definition = server(&json!({}));
        merge(&mut definition, changes);
        definition
    };
    for (definition, field) in [
        (server(&json!({ "extra": { "client_id": "another" } })), "authOptions[0].config.extra.client_id"),
        (with(&json!({ "startUri": "https://elsewhere.example/start" })), "startUri"),
        (
            beside(&json!({ "key": "lent", "type": "proxy", "config": { "proxyKey": "nobodys" } })),
            "authOptions[1].config.proxyKey",
        ),
        (
            beside(
                &json!({ "key": "other", "type": "oauth2", "config": { "mcpServer": "https://provider.example/none" } }),
            ),
            "authOptions[1].config.mcpServer",
        ),
    ] {
        let answer = put(&world, &definition).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (400, vec![field.to_owned()]),
            "{}",
            answer.body
        );
    }
    assert_eq!(registrations(&world), 0);
    assert_eq!(put(&world, &server(&json!({}))).await.status, 201);
    assert_eq!(registrations(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_registers_instead_counts() {
    let public = json!({ "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"] });
    let world = world(&resource(&json!({})), &registering(&public)).await;
    world.provider.next("/register", registered("first", &json!({})));
    let answer = put(&world, &server(&json!({}))).await;
    assert_eq!(discovered(&answer)["config"]["clientAuthLocation"], "headers");
    let sent: Value = serde_json::from_str(&world.provider.calls_to("/register")[0].body).unwrap();
    assert_eq!(sent["token_endpoint_auth_method"], "none");
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let id = connected(&browser, &at_provider).await;
    used(&world, &id).await;
    for request in token_requests(&world) {
        assert!(request.header("authorization").starts_with("Basic "));
    }
}
