//! Connections without a provider's page: what the customer entered, as it is or exchanged.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, API_KEY, entered};
use tests::provider::{Call, Reply, tokens};
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World};

fn start() -> Start {
    Start::new().with(&json!({ "connectionParameters": entered(), "customState": "s" }))
}

async fn world_with(config: &Value) -> World {
    let mut definition = definitions::api_key();
    definition["authOptions"][0] = api_key_option(config);
    World::with(&definition).await
}

fn api_key_option(config: &Value) -> Value {
    let mut option = definitions::api_key()["authOptions"][0].take();
    option["config"] = config.clone();
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"]["headers"] = json!({ "Authorization": "Bearer ${credentials.access_token}" });
    option
}

fn keys() -> Start {
    Start::new().with(&json!({
        "connectionParameters": { "clientId": "their!+ID", "clientSecret": "their!+secret", "region": "eu" },
    }))
}

fn shown(call: &Call) -> String {
    let mut headers: Vec<String> =
        call.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    format!("{} {}\n{}\n\n{}", call.method, call.uri, headers.join("\n"), call.body.replace('&', "\n&"))
}

async fn assert_refused(world: &World, result: &Answer, key: &str, field: &str) {
    assert_eq!(result.redirected_refusal(), refusal(303, key, field));
    let dump = world.dump().await;
    assert_eq!((dump.connections.len(), dump.flows.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_entered_is_the_credentials() {
    let world = World::with(&definitions::api_key()).await;
    let result = world.browser().send(start().form()).await;
    let id = result.connection_id();
    assert_eq!(parameter(&result.away(), "customState").as_deref(), Some("s"));
    assert!(result.cookies().is_empty());
    let secrets = world.secrets(&id).await;
    assert_eq!((&secrets["credentials"], &secrets["parameters"]), (&entered(), &entered()));
    let connection = world.connection(&id).await.json();
    assert_eq!(
        (&connection["authOptionKey"], &connection["name"]),
        (&json!("api-key"), &json!("Example Mail"))
    );
    let calls = world.provider.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].uri.as_str(), calls[0].header("x-api-key")),
        ("https://provider.example/api/me", API_KEY)
    );
}

#[tokio::test(start_paused = true)]
async fn it_takes_one_transaction_and_a_put_for_the_attempt_and_stores_no_flow() {
    let world = World::with(&definitions::api_key()).await;
    world.browser().send(start().form()).await.assert_connected();
    let operations: Vec<String> =
        world.wire.take_requests().into_iter().map(|request| request.operation).collect();
    assert_eq!(operations, ["BatchGetItem", "TransactWriteItems", "PutItem"]);
    let dump = world.dump().await;
    assert_eq!((dump.flows.len(), dump.live_connections().len()), (0, 1));
    assert!(!dump.contains(API_KEY.as_bytes()));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_service_refuses_are_not_stored() {
    for (answer, key, field) in [
        (Reply::json(401, &json!({ "error": API_KEY })), "credentials_rejected", ""),
        (Reply::json(404, &json!({ "error": API_KEY })), "configuration_invalid", "test.path"),
        (Reply::redirect("https://provider.example/login"), "credentials_rejected", ""),
        (Reply::json(500, &json!({})), "provider_unreachable", ""),
        (Reply::hangs(), "provider_unreachable", ""),
    ] {
        let world = World::with(&definitions::api_key()).await;
        world.provider.always("/api/me", answer);
        let result = world.browser().send(start().form()).await;
        assert!(!result.away().as_str().contains("api"), "{}", result.away());
        assert_refused(&world, &result, key, field).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_one_replaces_the_old_one() {
    let world = World::with(&definitions::api_key()).await;
    let old = world.browser().send(start().form()).await.connection_id();
    let new = world.browser().send(start().form()).await.connection_id();
    let dump = world.dump().await;
    assert_eq!(dump.slot_ids(), [new]);
    assert_eq!(dump.archived_connections()[0]["pk"].as_s().unwrap(), &old);
}

#[tokio::test(start_paused = true)]
async fn the_grant_sends_what_was_entered_in_the_body() {
    let world = world_with(&json!({
        "tokenUri": "https://provider.example/oauth/token", "grant": "client_credentials",
    }))
    .await;
    let id = world.browser().send(keys().form()).await.connection_id();
    assert_snapshot!(shown(&world.provider.token_request()), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=client_credentials
    &client_id=their%21%2BID
    &client_secret=their%21%2Bsecret
    ");
    let secrets = world.secrets(&id).await;
    assert_eq!(secrets["credentials"], tokens());
    assert_eq!(secrets["parameters"], keys().payload["connectionParameters"]);
    let test = &world.provider.calls_to("/api/me")[0];
    assert_eq!(test.header("authorization"), "Bearer access!+token/1");
}

#[tokio::test(start_paused = true)]
async fn the_grant_sends_it_in_the_header() {
    let world = world_with(&json!({
        "tokenUri": "https://provider.example/oauth/token",
        "clientAuthLocation": "headers",
        "scopes": ["read", "write"],
    }))
    .await;
    world.browser().send(keys().form()).await.assert_connected();
    assert_snapshot!(shown(&world.provider.token_request()), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    authorization: Basic dGhlaXIlMjElMkJJRDp0aGVpciUyMSUyQnNlY3JldA==
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=client_credentials
    &scope=read+write
    ");
}

#[tokio::test(start_paused = true)]
async fn the_grant_is_written_in_json_with_an_audience() {
    let world = world_with(&json!({
        "tokenUri": "https://provider.example/oauth/token",
        "bodyFormat": "json",
        "clientId": "${parameters.region}:${parameters.clientId}",
        "extra": { "audience": "https://${parameters.region}.provider.example/" },
    }))
    .await;
    world.browser().send(keys().form()).await.assert_connected();
    assert_snapshot!(shown(&world.provider.token_request()), @r#"
    POST https://provider.example/oauth/token
    accept: application/json
    content-type: application/json
    user-agent: Linkspan/0.1.0

    {"grant_type":"client_credentials","client_id":"eu:their!+ID","audience":"https://eu.provider.example/","client_secret":"their!+secret"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_refused_refuses_what_was_entered() {
    for (answer, key) in [
        (Reply::json(401, &json!({ "error": "invalid_client" })), "credentials_rejected"),
        (Reply::json(400, &json!({ "error": "invalid_grant" })), "credentials_rejected"),
        (Reply::body(401, "text/plain", "Unauthorized"), "credentials_rejected"),
        (Reply::body(403, "text/html", "<html>"), "credentials_rejected"),
        (Reply::json(503, &json!({})), "provider_unreachable"),
        (Reply::json(200, &json!({ "token": "t" })), "token_response_invalid"),
    ] {
        let world = world_with(&json!({ "tokenUri": "https://provider.example/oauth/token" })).await;
        world.provider.next("/oauth/token", answer);
        let result = world.browser().send(keys().form()).await;
        assert_refused(&world, &result, key, "").await;
    }
}

/// A client of the workspace's own, which customers admit for their tenants.
fn own_client(secret: &Value) -> Value {
    json!({
        "tokenUri": "https://provider.example/oauth/token",
        "clientId": "our-client",
        "clientSecret": secret,
        "clientAuthLocation": "body",
    })
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_the_workspaces_own_is_sealed_and_sent() {
    let world = world_with(&own_client(&json!("our!+secret"))).await;
    assert!(!world.dump().await.contains(b"our!+secret"));
    let path = format!("/integrations/{}", definitions::INTEGRATION);
    let shown = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
    assert!(!shown.body.contains("our!+secret") && shown.body.contains("our-client"), "{}", shown.body);

    world.browser().send(keys().form()).await.assert_connected();
    let call = &world.provider.calls_to("/oauth/token")[0];
    assert_eq!(call.parameter("client_id").as_deref(), Some("our-client"));
    assert_eq!(call.parameter("client_secret").as_deref(), Some("our!+secret"));
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_the_workspaces_own_gives_way_to_a_template() {
    let world = world_with(&own_client(&json!("our!+secret"))).await;
    for (secret, sent) in [
        (json!("${parameters.region}"), "eu"),
        (json!("our!+next"), "our!+next"),
        (Value::Null, "their!+secret"),
    ] {
        let patch = json!({ "authOptions": [api_key_option(&own_client(&secret))] });
        let path = format!("/integrations/{}", definitions::INTEGRATION);
        let patched = world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&patch)).await;
        assert_eq!(patched.status, 200, "{}", patched.body);
        world.browser().send(keys().form()).await.assert_connected();
        let calls = world.provider.calls_to("/oauth/token");
        assert_eq!(calls.last().unwrap().parameter("client_secret").as_deref(), Some(sent));
    }
}

#[tokio::test(start_paused = true)]
async fn no_customer_is_blamed_for_the_workspaces_own_client() {
    let world = world_with(&own_client(&json!("our!+secret"))).await;
    let id = world.browser().send(keys().form()).await.connection_id();
    let refusal = Reply::json(401, &json!({ "error": "invalid_client" }));
    world.provider.always("/oauth/token", refusal);
    let started = world.browser().send(keys().form()).await.redirected_refusal();
    assert_eq!(started.key, "client_rejected");
    let path = format!("/connections/{id}/refresh-credentials");
    let refreshed = world.api(Method::POST, &path, &admin(WORKSPACE), None).await.json();
    assert_eq!((&refreshed["key"], &refreshed["type"]), (&json!("client_rejected"), &json!("configuration")));
    assert_eq!(world.connection(&id).await.json()["disconnected"], false);
}
