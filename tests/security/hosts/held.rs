//! Values in hosts are held to what closes them wherever they come from: an import, a provider's answer, an older definition.

use http::HeaderValue;
use tests::browser::api_request;
use tests::definitions::integration_with;
use tests::tokens::CUSTOMER;

use super::*;

const TOKEN: &str = "/oauth/token";

/// A provider whose callback names the region's host, out of a list.
fn regional() -> Value {
    integration_with(&json!({
        "callbackParameters": { "domain": { "enum": ["provider.example", "eu.provider.example"] } },
        "tokenUri": "https://${credentials.domain}/oauth/token",
    }))
}

async fn import(world: &World, credentials: &Value) -> Answer {
    let body = json!({ "integrationKey": "crm", "userId": CUSTOMER, "credentials": credentials });
    world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await
}

async fn refresh(world: &World, id: &str) -> Answer {
    let path = format!("/connections/{id}/refresh-credentials");
    world.api(Method::POST, &path, &admin(WORKSPACE), None).await
}

async fn redefine(world: &World, definition: &Value) {
    let answer = world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

fn assert_nothing_went_to_evil(world: &World) {
    for call in world.provider.calls() {
        assert!(!call.uri.contains("evil"), "{}", call.uri);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_brings_no_host_that_is_on_no_list() {
    let world = World::with(&regional()).await;
    let credentials = |domain: &str| json!({ "access_token": "a", "refresh_token": "r", "domain": domain });
    let before = world.dump().await;
    let refused = import(&world, &credentials("evil.example")).await;
    assert_eq!(refused.refusal(), refusal(400, "input_invalid", "credentials.domain"), "{}", refused.body);
    assert_eq!(world.dump().await, before);
    let made = import(&world, &credentials("eu.provider.example")).await.json();
    let id = made["id"].as_str().unwrap();
    assert!(refresh(&world, id).await.status.is_success());
    assert_eq!(world.provider.token_request().uri, "https://eu.provider.example/oauth/token");
    let change = json!({ "credentials": credentials("evil.example") });
    let path = format!("/connections/{id}");
    let mut request = api_request(&Method::PATCH, &path, &admin(WORKSPACE), Some(&change));
    request.headers_mut().insert("if-match", HeaderValue::from_static("*"));
    let refused = world.browser().send(request).await;
    assert_eq!(refused.refusal(), refusal(400, "input_invalid", "credentials.domain"), "{}", refused.body);
    assert_nothing_went_to_evil(&world);
}

#[tokio::test(start_paused = true)]
async fn a_token_response_brings_no_host_that_is_on_no_list() {
    let world = World::with(&regional()).await;
    let tokens = json!({ "access_token": "a", "refresh_token": "r", "domain": "evil.example" });
    let callback = [("code", "c"), ("domain", "provider.example")];
    world.provider.next(TOKEN, Reply::json(200, &tokens));
    let browser = world.browser();
    let answer = world.begin(&browser, &Start::new()).await.back(&callback);
    let result = browser.get(&answer).await;
    let refused = browser.get(result.location()).await.redirected_refusal();
    assert_eq!((refused.key.as_str(), refused.field.as_str()), ("authorization_error", "domain"));
    assert!(world.dump().await.live_connections().is_empty());
    // A renewal's answer chooses none either.
    let browser = world.browser();
    let answer = world.begin(&browser, &Start::new()).await.back(&callback);
    let result = browser.get(&answer).await;
    let id = browser.get(result.location()).await.connection_id();
    world.provider.next(TOKEN, Reply::json(200, &tokens));
    refresh(&world, &id).await;
    let refused = refresh(&world, &id).await;
    assert_eq!(refused.refusal(), refusal(400, "input_invalid", "credentials.domain"), "{}", refused.body);
    assert_nothing_went_to_evil(&world);
}

/// The value was free when it was stored.
#[tokio::test(start_paused = true)]
async fn what_was_stored_before_the_host_was_closed_is_held_to_the_list() {
    let with_host = |of: Value, token_uri: &str| {
        let mut definition = integration_with(&json!({ "tokenUri": token_uri }));
        definition["authOptions"][0]["inputSchema"] =
            json!({ "type": "object", "properties": { "host": of } });
        definition
    };
    let free = with_host(json!({ "type": "string" }), "https://provider.example/oauth/token");
    let there = "https://${parameters.host}/oauth/token";
    for closed in [
        with_host(json!({ "enum": ["provider.example", "eu.provider.example"] }), there),
        with_host(json!({ "const": "provider.example" }), there),
        with_host(json!({ "type": "string", "pattern": r"^(?:[a-z]+\.)?provider\.example$" }), there),
    ] {
        for (host, is_known) in [("evil.example", false), ("provider.example", true)] {
            let world = World::with(&free).await;
            let start = Start::new().with(&json!({ "connectionParameters": { "host": host } }));
            let id = world.connect(&world.browser(), &start).await.connection_id();
            redefine(&world, &closed).await;
            let answer = refresh(&world, &id).await;
            if is_known {
                assert!(answer.status.is_success(), "{}", answer.body);
            } else {
                let expected = refusal(400, "input_invalid", "connectionParameters.host");
                assert_eq!(answer.refusal(), expected, "{closed}: {}", answer.body);
            }
            assert_nothing_went_to_evil(&world);
        }
    }
    // So it is with what the callback brought.
    let literal = integration_with(&json!({ "callbackParameters": ["domain"] }));
    let world = World::with(&literal).await;
    let credentials = json!({ "access_token": "a", "refresh_token": "r", "domain": "evil.example" });
    let made = import(&world, &credentials).await.json();
    redefine(&world, &regional()).await;
    let refused = refresh(&world, made["id"].as_str().unwrap()).await;
    assert_eq!(refused.refusal(), refusal(400, "input_invalid", "credentials.domain"), "{}", refused.body);
    assert_nothing_went_to_evil(&world);
}
