//! The callback's address in requests after the first.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{self, integration_with, merge};
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

use crate::refresh::{HOUR, connected, renewed};

const OURS: &str = "https://linkspan.example/oauth-callback/fdd9e593761aae79750bee50fc233279";

fn refreshing(changes: &Value) -> Value {
    let mut config = json!({ "refreshRequest": { "add": { "redirect_uri": "${callback.uri}" } } });
    merge(&mut config, changes);
    integration_with(&config)
}

/// The `redirect_uri` of the last token request.
fn sent(world: &World) -> Option<String> {
    world.provider.calls_to("/oauth/token").last().unwrap().parameter("redirect_uri")
}

#[tokio::test(start_paused = true)]
async fn a_refresh_can_have_what_the_provider_called_back() {
    for (changes, expected) in
        [(json!({}), OURS), (json!({ "redirectUriValue": "Acme-RuName" }), "Acme-RuName")]
    {
        let world = World::with(&refreshing(&changes)).await;
        let browser = world.browser();
        let state = world.begin(&browser, &Start::new()).await.state();
        let answered = browser.get(&format!("{OURS}?code=abc&state={state}")).await;
        let id = browser.get(answered.location()).await.connection_id();
        assert_eq!(sent(&world).as_deref(), Some(expected));
        for round in ["access/2", "access/3"] {
            world.clock.advance(HOUR);
            world.provider.next("/oauth/token", renewed(&json!({ "access_token": round })));
            assert_eq!(world.secrets(&id).await["credentials"]["access_token"], round);
            assert_eq!(sent(&world).as_deref(), Some(expected));
        }
        // It is nobody's credential.
        assert!(!world.secrets(&id).await.to_string().contains(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn so_can_the_calls_after_connecting_and_a_revocation() {
    let mut definition = refreshing(&json!({
        "tokenRequest": { "add": { "return_to": "${callback.uri}" } },
        "revocationUri": "https://provider.example/revoke",
        "revocationRequest": { "add": { "return_to": "${callback.uri}" } },
    }));
    definition["authOptions"][0]["afterConnect"] = json!([{ "path": "/hello", "query": { "return_to": "${callback.uri}" }, "response": { "site": "site" } }]);
    let world = World::with(&definition).await;
    world.provider.next("/api/hello", Reply::json(200, &json!({ "site": "a" })));
    world.provider.next("/revoke", Reply::json(200, &json!({})));
    let id = connected(&world).await;
    assert_eq!(world.provider.token_request().parameter("return_to").as_deref(), Some(OURS));
    let hello = &world.provider.calls_to("/api/hello")[0].uri;
    assert!(hello.contains("return_to=https%3A%2F%2Flinkspan.example%2Foauth-callback%2F"), "{hello}");
    let path = format!("/connections/{id}/disconnect");
    world.api(Method::POST, &path, &admin(WORKSPACE), Some(&json!({}))).await;
    assert_eq!(world.provider.calls_to("/revoke")[0].parameter("return_to").as_deref(), Some(OURS));
}

/// Connections that were made before the definition named it have none.
#[tokio::test(start_paused = true)]
async fn where_it_is_not_known_it_can_be_left_out() {
    let world = World::with(&integration_with(&json!({}))).await;
    let id = connected(&world).await;
    let optional = json!({ "refreshRequest": { "add": { "redirect_uri": "${callback.uri?}" } } });
    world.define(definitions::INTEGRATION, &integration_with(&optional)).await;
    world.forget_definitions();
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/2");
    assert_eq!(sent(&world), None);
    // The next sign-in brings it.
    let start = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &start).await.assert_connected();
    world.clock.advance(HOUR);
    world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/3" })));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/3");
    assert_eq!(sent(&world).as_deref(), Some(OURS));
}

#[tokio::test(start_paused = true)]
async fn it_stands_only_where_something_was_called_back() {
    let world = World::new().await;
    let mut exchanged = definitions::api_key();
    exchanged["authOptions"][0]["config"] = json!({
        "tokenUri": "https://provider.example/token",
        "clientId": "id",
        "clientSecret": "our!+secret",
        "tokenRequest": { "add": { "redirect_uri": "${callback.uri}" } },
    });
    for (definition, field) in [
        (integration_with(&json!({ "extra": { "a": "${callback.uri}" } })), "authOptions[0].config.extra.a"),
        (
            integration_with(&json!({ "tokenUri": "https://${callback.uri}/t" })),
            "authOptions[0].config.tokenUri",
        ),
        (
            refreshing(&json!({ "refreshRequest": { "add": { "a": "${callback.host}" } } })),
            "authOptions[0].config.refreshRequest.add.a",
        ),
        (exchanged, "authOptions[0].config.tokenRequest.add.redirect_uri"),
    ] {
        let answer =
            world.api(Method::PUT, "/integrations/other", &admin(WORKSPACE), Some(&definition)).await;
        assert_eq!(answer.json()["data"]["field"], field, "{}", answer.body);
    }
}
