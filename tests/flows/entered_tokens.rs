//! OAuth 1.0 without a provider's page: the customer enters the token credentials, and requests are signed with them.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, merge, with_options};
use tests::oauth1::protocol_parameters;
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

const TOKEN: &str = "token!+id/1";
const SECRET: &str = "token!+secret/2";

fn definition() -> Value {
    let mut definition = definitions::oauth1();
    definition["baseUri"] = "https://${parameters.account}.provider.example/api".into();
    let option = &mut definition["authOptions"][0];
    option["config"] = json!({
        "consumerKey": "client!+ID",
        "consumerSecret": definitions::CLIENT_SECRET,
        "tokens": "entered",
        "realm": "${parameters.account}",
        "signatureMethod": "HMAC-SHA256",
    });
    option["inputSchema"] = json!({
        "type": "object",
        "required": ["account", "oauth_token", "oauth_token_secret"],
        "properties": {
            "account": { "type": "string", "title": "Account" },
            "oauth_token": { "type": "string", "title": "Token ID" },
            "oauth_token_secret": { "type": "string", "title": "Token Secret", "isSensitive": true },
        },
    });
    definition
}

fn entered() -> Value {
    json!({ "account": "acme", "oauth_token": TOKEN, "oauth_token_secret": SECRET })
}

fn start() -> Start {
    Start::new().with(&json!({ "connectionParameters": entered() }))
}

async fn connected(world: &World) -> String {
    world.browser().send(start().form()).await.connection_id()
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

/// Python computes the same signature.
#[tokio::test(start_paused = true)]
async fn requests_are_signed_with_what_the_customer_entered() {
    let world = World::with(&definition()).await;
    let id = connected(&world).await;
    let calls = world.provider.calls();
    let [test] = &calls[..] else { panic!("only the test call: {calls:?}") };
    assert_eq!(test.uri, "https://acme.provider.example/api/me?fields=name");
    assert!(test.header("authorization").starts_with(r#"OAuth realm="acme", "#));
    let signed = protocol_parameters(test);
    assert_eq!(
        (signed["oauth_token"].as_str(), signed["oauth_consumer_key"].as_str()),
        (TOKEN, "client!+ID")
    );
    assert_eq!(signed["oauth_signature"], "4o19/ZvDPY51p+xo+o9XCyPbzySFIfs75O+rbQ5mpiE=", "{signed:?}");
    assert_eq!(world.secrets(&id).await["credentials"], entered());
    assert_eq!(world.dump().await.flows.len(), 0);

    let path = format!("/connections/{id}/proxy/contacts");
    world.provider.next("/api/contacts", Reply::json(200, &json!({})));
    let proxied = world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(proxied.status, 200, "{}", proxied.body);
    let call = world.provider.calls().pop().unwrap();
    assert_eq!(call.uri, "https://acme.provider.example/api/contacts");
    assert_eq!(protocol_parameters(&call)["oauth_token"], TOKEN);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_asked_for_and_no_secret_is_shown() {
    let world = World::with(&definition()).await;
    let person = world.browser().for_a_person();
    let page = person.send(Start::new().form()).await;
    assert_eq!(page.status, 200);
    for label in ["Account", "Token ID", "Token Secret", "type=\"password\""] {
        assert!(page.body.contains(label), "{label}: {}", page.body);
    }
    // What the service refuses is not stored, and the caller hears of it.
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let refused = world.browser().send(start().form()).await;
    assert_eq!(refused.redirected_refusal().key, "credentials_rejected");
    let dump = world.dump().await;
    assert!(dump.connections.is_empty());
    assert!(!dump.contains(SECRET.as_bytes()));
}

/// As where an API key is entered: they are asked for again, they can be given by the backend, and they go with a
/// disconnection.
#[tokio::test(start_paused = true)]
async fn they_are_treated_as_other_entered_credentials_are() {
    let world = World::with(&definition()).await;
    let id = connected(&world).await;
    assert!(!world.dump().await.contains(SECRET.as_bytes()));
    let again = Start::new().with(&json!({ "connectionId": id, "integrationKey": null }));
    let page = world.browser().for_a_person().send(again.form()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains(TOKEN) && !page.body.contains(SECRET), "{}", page.body);

    let mut changed = entered();
    changed["oauth_token"] = "token/2".into();
    let body = json!({ "parameters": changed });
    let path = format!("/connections/{id}");
    let token = customer(WORKSPACE, CUSTOMER);
    let answer = world.api(Method::PATCH, &path, &admin(WORKSPACE), Some(&body)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    assert_eq!(world.secrets(&id).await["credentials"], changed);
    assert_eq!(protocol_parameters(&world.provider.calls().pop().unwrap())["oauth_token"], "token/2");

    let imported =
        json!({ "integrationKey": "crm", "parameters": entered(), "allowMultipleConnections": true });
    let answer = world.api(Method::POST, "/connections", &token, Some(&imported)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let gone = world.api(Method::POST, &format!("{path}/disconnect"), &token, None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let read = world.secrets(&id).await;
    assert_eq!((&read["parameters"], &read["credentials"]), (&json!({}), &json!({})));
}

#[tokio::test(start_paused = true)]
async fn a_definition_says_one_or_the_other() {
    let world = World::new().await;
    for (config, field) in [
        (json!({ "requestTokenUri": "https://provider.example/request" }), "requestTokenUri"),
        (json!({ "authorizeUri": "https://provider.example/authorize" }), "authorizeUri"),
        (json!({ "tokenUri": "https://provider.example/token" }), "tokenUri"),
        (json!({ "requestMethod": "GET" }), "requestMethod"),
        (json!({ "tokenMethod": "GET" }), "tokenMethod"),
        (json!({ "scopes": ["read"] }), "scopes"),
        (json!({ "extra": { "a": "b" } }), "extra"),
        (json!({ "tokens": "issued" }), "requestTokenUri"),
        (json!({ "tokens": "given" }), "tokens"),
        (json!({ "realm": "${parameters.other}" }), "realm"),
        (json!({ "consumerSecret": null }), "consumerSecret"),
    ] {
        let mut changed = definition();
        merge(&mut changed["authOptions"][0]["config"], &config);
        let expected = refusal(400, "request_malformed", &format!("authOptions[0].config.{field}"));
        let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(&changed)).await;
        assert_eq!(answer.refusal(), expected, "{config}: {}", answer.body);
    }
    let mut unasked = definition();
    unasked["authOptions"][0]["inputSchema"]["required"] = json!(["account"]);
    merge(
        &mut unasked["authOptions"][0]["inputSchema"]["properties"],
        &json!({ "oauth_token_secret": null }),
    );
    let expected = refusal(400, "request_malformed", "authOptions[0].config.tokens");
    assert_eq!(put(&world, &unasked).await.refusal(), expected);
    // What is entered is named by the schema, and chooses no host that gets a signature.
    let mut named = definition();
    named["authOptions"][0]["test"]["path"] = "/${credentials.other}".into();
    assert_eq!(put(&world, &named).await.refusal().field, "authOptions[0].test.path");
    let mut hosted = definition();
    hosted["baseUri"] = "https://${credentials.account}/api".into();
    assert_eq!(put(&world, &hosted).await.refusal().field, "baseUri");
    // Both kinds can stand side by side.
    let mut both = with_options(definition(), &[&definitions::api_key()]);
    both["baseUri"] = "https://provider.example/api".into();
    let answer = put(&world, &both).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}
