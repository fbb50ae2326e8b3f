//! Calls that complete new credentials, and the account that a connection is for.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{integration_with, merge};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Answer, Start, World};

use crate::refresh::{HOUR, connected, renewed};

fn option_with(changes: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    merge(&mut definition["authOptions"][0], changes);
    definition
}

/// As at Mailchimp: the data centre's address is in the answer of a call.
fn data_centre() -> Value {
    let mut definition = option_with(&json!({
        "afterConnect": [{
            "path": "https://login.provider.example/oauth2/metadata",
            "response": { "dc": "dc", "login": "login.email", "account": "user_id" },
        }],
        "account": { "id": "${credentials.account}", "name": "${credentials.login}" },
    }));
    definition["baseUri"] = json!("https://${credentials.dc}.api.provider.example/api");
    definition
}

async fn proxied(world: &World, id: &str) -> Answer {
    let path = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await
}

#[tokio::test(start_paused = true)]
async fn a_call_finds_the_address_of_the_api_and_the_account() {
    let world = World::with(&data_centre()).await;
    let metadata = json!({ "dc": "us6", "user_id": 7, "login": { "email": "ada@acme.example" } });
    world.provider.always("/oauth2/metadata", Reply::json(200, &metadata));
    let id = connected(&world).await;
    proxied(&world, &id).await;
    let uris: Vec<String> = world.provider.calls_to("/api/me").iter().map(|call| call.uri.clone()).collect();
    assert_eq!(uris, ["https://us6.api.provider.example/api/me"; 2]);
    let connection = world.connection(&id).await.json();
    assert_eq!(connection["account"], json!({ "id": "7", "name": "ada@acme.example" }));
    assert_eq!(connection["name"], "ada@acme.example");
    // A refresh keeps what the call found, and does not make it again.
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["dc"], "us6");
    assert_eq!(world.provider.calls_to("/oauth2/metadata").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_what_it_needs_there_is_no_connection() {
    for reply in [
        Reply::json(200, &json!({ "dc": "us6" })),
        Reply::json(401, &json!({})),
        Reply::body(200, "text/html", "<html>"),
        Reply::json(503, &json!({})),
        // What comes from the provider is held to a host's characters.
        Reply::json(200, &json!({ "dc": "evil.example/", "user_id": 7, "login": { "email": "a" } })),
    ] {
        let world = World::with(&data_centre()).await;
        world.provider.always("/oauth2/metadata", reply);
        let result = world.connect(&world.browser(), &Start::new()).await;
        assert!(!result.redirected_refusal().key.is_empty());
        assert!(world.dump().await.connections.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_may_fail_leaves_its_values_out() {
    let mut definition = data_centre();
    definition["baseUri"] = json!("https://provider.example/api");
    definition["authOptions"][0]["afterConnect"][0]["optional"] = json!(true);
    let world = World::with(&definition).await;
    world.provider.always("/oauth2/metadata", Reply::json(503, &json!({})));
    let id = connected(&world).await;
    let connection = world.connection(&id).await.json();
    assert_eq!((connection.get("account"), &connection["name"]), (None, &json!("Example CRM")));
}

/// As at Instagram: a token of an hour is exchanged for one of sixty days.
#[tokio::test(start_paused = true)]
async fn a_second_exchange_gives_the_token_that_is_kept() {
    let world = World::with(&option_with(&json!({
        "afterConnect": [{
            "path": "https://graph.provider.example/access_token",
            "query": { "grant_type": "ig_exchange_token", "access_token": "${credentials.access_token}" },
            "response": { "access_token": "access_token", "expires_in": "expires_in" },
        }],
    })))
    .await;
    let long = json!({ "access_token": "long!+1", "expires_in": 5_184_000 });
    world.provider.always("/access_token", Reply::json(200, &long));
    let id = connected(&world).await;
    let call = world.provider.calls_to("/access_token").pop().unwrap();
    assert_eq!(
        call.uri,
        "https://graph.provider.example/access_token?access_token=access%21%2Btoken%2F1&grant_type=ig_exchange_token"
    );
    world.clock.advance(HOUR * 24);
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!(
        (&credentials["access_token"], &credentials["expires_in"]),
        (&json!("long!+1"), &json!(5_184_000))
    );
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

/// As at Atlassian and Xero.
fn sites() -> Value {
    let mut definition = option_with(&json!({
        "afterConnect": [{
            "path": "/sites",
            "choose": { "items": "values", "value": "id", "label": "name", "as": "site" },
        }],
        "apiClient": {
            "headers": { "Authorization": "Bearer ${credentials.access_token}", "X-Site": "${credentials.site}" },
        },
    }));
    definition["baseUri"] = json!("https://provider.example/api");
    definition
}

#[tokio::test(start_paused = true)]
async fn the_only_site_is_taken() {
    let world = World::with(&sites()).await;
    let one = json!({ "values": [{ "id": 11, "name": "Acme" }] });
    world.provider.always("/api/sites", Reply::json(200, &one));
    let id = connected(&world).await;
    proxied(&world, &id).await;
    let calls = world.provider.calls_to("/api/me");
    assert!(calls.iter().all(|call| call.header("x-site") == "11"));
    // The call that finds it out cannot have the header yet.
    let call = world.provider.calls_to("/api/sites").pop().unwrap();
    assert_eq!((call.header("x-site"), call.header("authorization").is_empty()), ("", false));
}

#[tokio::test(start_paused = true)]
async fn of_several_sites_the_caller_names_one() {
    let world = World::with(&sites()).await;
    let two = json!({ "values": [{ "id": "s1", "name": "Acme" }, { "id": "s2", "name": "Beta" }] });
    world.provider.always("/api/sites", Reply::json(200, &two));
    for (given, site) in [("s2", "s2"), ("Acme", "s1")] {
        let start = Start::new().with(&json!({ "connectorParameters": { "site": given } }));
        let id = world.connect(&world.browser(), &start).await.connection_id();
        assert_eq!(world.secrets(&id).await["credentials"]["site"], site);
    }
    let start = Start::new().with(&json!({ "connectorParameters": { "site": "other" } }));
    let refused = world.connect(&world.browser(), &start).await.redirected_refusal();
    assert_eq!(refused.key, "parameter_missing");
    world.provider.always("/api/sites", Reply::json(200, &json!({ "values": [] })));
    let none = world.connect(&world.browser(), &Start::new()).await.redirected_refusal();
    assert_eq!(none.key, "token_response_invalid");
}

/// What the calls of a connect have found is still there when the credentials are exchanged again.
#[tokio::test(start_paused = true)]
async fn an_exchange_keeps_what_calls_have_added() {
    let property = json!({ "type": "string" });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "login", "type": "client-credentials",
        "inputSchema": { "type": "object", "required": ["user"], "properties": { "user": property } },
        "config": {
            "login": {
                "uri": "https://provider.example/login", "body": { "user": "${parameters.user}" },
                "response": { "token": "token", "expires_in": "expires_in" },
            },
        },
        "apiClient": { "headers": { "X-Token": "${credentials.token}", "X-Org": "${credentials.org}" } },
        "afterConnect": [{ "path": "/org", "response": { "org": "id" } }],
    }]);
    let world = World::with(&definition).await;
    world.provider.always("/login", Reply::json(200, &json!({ "token": "t", "expires_in": 3600 })));
    world.provider.always("/api/org", Reply::json(200, &json!({ "id": "o1" })));
    let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    world.clock.advance(HOUR);
    assert_eq!(world.secrets(&id).await["credentials"]["org"], "o1");
    assert_eq!(world.provider.calls_to("/login").len(), 2);
    assert_eq!(world.provider.calls_to("/api/org").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_account_shows_no_token() {
    let world = World::new().await;
    let definition = option_with(&json!({ "account": { "name": "${credentials.access_token}" } }));
    let token = tests::tokens::admin(WORKSPACE);
    let refused = world.api(Method::PUT, "/integrations/crm", &token, Some(&definition)).await;
    assert_eq!(refused.json()["data"]["field"], "authOptions[0].account.name");
}
