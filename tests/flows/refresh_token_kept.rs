//! Providers that issue a refresh token with the first consent only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use tests::definitions::{integration_with, merge};
use tests::provider::{REFRESH_TOKEN, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::wire::Fault;
use tests::{Start, World};

use crate::refresh::{HOUR, connected, renewed};

fn id_token(subject: &str) -> String {
    let claims = json!({ "iss": "https://provider.example", "sub": subject, "aud": "client!+ID" });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The first consent, with a refresh token, and then those of a customer who has consented before.
async fn world(config: &Value) -> (World, String) {
    let world = World::with(&integration_with(config)).await;
    world.provider.next("/oauth/token", renewed(&json!({ "id_token": id_token("ada") })));
    let id = connected(&world).await;
    (world, id)
}

fn again(id_token: impl Into<Value>) -> Reply {
    let changes = json!({ "access_token": "access/2", "refresh_token": null, "id_token": id_token.into() });
    renewed(&changes)
}

async fn reconnect(world: &World, id: &str) {
    let start = Start::new().with(&json!({ "connectionId": id }));
    world.connect(&world.browser(), &start).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn the_stored_refresh_token_stays_if_the_account_is_the_same() {
    for replaces in [false, true] {
        let (world, first) = world(&json!({})).await;
        world.provider.next("/oauth/token", again(id_token("ada")));
        let id = if replaces { connected(&world).await } else { first.clone() };
        if !replaces {
            reconnect(&world, &id).await;
        }
        let read = world.secrets(&id).await;
        assert_eq!(read["credentials"]["access_token"], "access/2");
        assert_eq!(read["credentials"]["refresh_token"], REFRESH_TOKEN);
        assert_eq!(read.get("error"), None);
        let dump = world.dump().await;
        assert_eq!(dump.live_connections().len(), 1);
        assert_eq!(dump.leased(), [""; 0]);
        world.clock.advance(HOUR);
        world.provider.next("/oauth/token", renewed(&json!({ "access_token": "access/3" })));
        assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/3");
    }
}

/// Another account's connection would get this one's tokens.
#[tokio::test(start_paused = true)]
async fn it_goes_if_the_account_is_another_one_or_is_not_known() {
    for given in [json!(id_token("bob")), json!("no.token"), json!(null), json!({ "sub": "ada" })] {
        let (world, id) = world(&json!({})).await;
        world.provider.next("/oauth/token", again(given.clone()));
        reconnect(&world, &id).await;
        let read = world.secrets(&id).await;
        assert_eq!(read["credentials"].get("refresh_token"), None, "{given}");
        assert_eq!(
            (&read["connected"], &read["error"]["key"], &read["error"]["type"]),
            (&json!(true), &json!("refresh_token_missing"), &json!("configuration"))
        );
        assert!(read["error"]["message"].as_str().unwrap().contains("access_type"));
        // It is no failure: the token is used, and its end is the end.
        world.clock.advance(HOUR);
        assert_eq!(world.secrets(&id).await["error"]["key"], "access_token_expired");
    }
    // A first one whose account is not known.
    let world = World::new().await;
    let id = connected(&world).await;
    world.provider.next("/oauth/token", again(id_token("ada")));
    reconnect(&world, &id).await;
    assert_eq!(world.connection(&id).await.json()["error"]["key"], "refresh_token_missing");
}

/// An option whose account is known by its id, as these changes have it.
fn with_account(changes: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    let option = &mut definition["authOptions"][0];
    merge(
        option,
        &json!({
            "afterConnect": [{ "path": "/user", "response": { "userId": "id" } }],
            "account": { "id": "${credentials.userId}" },
        }),
    );
    merge(option, changes);
    definition["baseUri"] = json!("https://provider.example/api");
    definition
}

/// The refresh token after a second consent, without one, of a user with this id.
async fn kept_from(world: &World, first: Reply, second: Reply, user: &Value) -> Value {
    world.provider.always("/api/user", Reply::json(200, &json!({ "id": "u1" })));
    world.provider.next("/oauth/token", first);
    let id = connected(world).await;
    world.provider.always("/api/user", Reply::json(200, &json!({ "id": user })));
    world.provider.next("/oauth/token", second);
    reconnect(world, &id).await;
    world.secrets(&id).await["credentials"]["refresh_token"].clone()
}

#[tokio::test(start_paused = true)]
async fn it_stays_too_if_the_provider_names_the_same_account() {
    for (user, first, second, kept) in [
        (json!("u1"), json!(null), json!(null), true),
        (json!("u2"), json!(null), json!(null), false),
        // One has an ID token, and the other has none.
        (json!("u1"), json!(id_token("ada")), json!(null), true),
        // Where both have one, it says more than the id.
        (json!("u1"), json!(id_token("ada")), json!(id_token("bob")), false),
        (json!("u2"), json!(id_token("ada")), json!(id_token("ada")), true),
    ] {
        let world = World::with(&with_account(&json!({}))).await;
        let first_answer = renewed(&json!({ "id_token": first }));
        let found = kept_from(&world, first_answer, again(second.clone()), &user).await;
        assert_eq!(found == REFRESH_TOKEN, kept, "{user} {first} {second}: {found}");
    }
}

/// What came through the browser, what somebody chose or entered, and what stands in the definition name nobody.
#[tokio::test(start_paused = true)]
async fn an_id_that_is_not_the_providers_word_keeps_nothing() {
    let site = json!([{ "path": "/sites", "choose": { "as": "site" } }]);
    for changes in [
        json!({ "account": { "id": "${credentials.realmId}" } }),
        json!({ "account": { "id": "${credentials.site}" }, "afterConnect": site }),
        json!({ "account": { "id": "${connectorParameters.site}" } }),
        json!({ "account": { "id": "${credentials.team || 'none'}" } }),
        json!({ "account": { "id": "${credentials.team || credentials.userId}" } }),
        json!({ "account": { "id": "${credentials.team?}" } }),
        json!({ "account": { "id": "the same" } }),
        json!({ "account": { "id": null, "name": "${credentials.userId}" } }),
    ] {
        let mut definition = with_account(&changes);
        definition["authOptions"][0]["config"]["callbackParameters"] = json!(["realmId"]);
        let world = World::with(&definition).await;
        world.provider.always("/api/user", Reply::json(200, &json!({ "id": "u1" })));
        world.provider.always("/api/sites", Reply::json(200, &json!(["s1"])));
        let start = Start::new().with(&json!({ "connectorParameters": { "site": "s1" } }));
        let browser = world.browser();
        world.provider.next("/oauth/token", renewed(&json!({})));
        for second in [false, true] {
            if second {
                world.provider.next("/oauth/token", again(json!(null)));
            }
            let at_provider = world.begin(&browser, &start).await;
            let answered = browser.get(&at_provider.back(&[("code", "c"), ("realmId", "7")])).await;
            browser.get(answered.location()).await.assert_connected();
        }
        let connection = world.dump().await.live_connections().len();
        assert_eq!(connection, 1);
        let list = world.api(Method::GET, "/connections", &customer(WORKSPACE, CUSTOMER), None).await.json();
        assert_eq!(list["items"][0]["error"]["key"], "refresh_token_missing", "{changes}");
    }
}

/// The same id is another account on another server: the token must not get there.
#[tokio::test(start_paused = true)]
async fn it_does_not_go_to_another_server_of_the_same_kind() {
    for (tenant, kept) in [("acme", true), ("evil", false)] {
        let mut definition = with_account(&json!({
            "inputSchema": {
                "type": "object", "required": ["tenant"], "properties": { "tenant": { "type": "string" } },
            },
        }));
        definition["authOptions"][0]["config"]["tokenUri"] =
            json!("https://${parameters.tenant}.provider.example/oauth/token");
        let world = World::with(&definition).await;
        world.provider.always("/api/user", Reply::json(200, &json!({ "id": "u1" })));
        for (at, answer) in [("acme", renewed(&json!({}))), (tenant, again(json!(null)))] {
            world.provider.next("/oauth/token", answer);
            let start = Start::new().with(&json!({ "connectionParameters": { "tenant": at } }));
            world.connect(&world.browser(), &start).await.assert_connected();
        }
        let list = world.api(Method::GET, "/connections", &customer(WORKSPACE, CUSTOMER), None).await.json();
        assert_eq!(list["items"][0]["error"].is_null(), kept, "{tenant}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_connection_says_at_once_that_it_will_end() {
    for (config, token, error) in [
        (json!({}), json!({ "refresh_token": null }), Some("refresh_token_missing")),
        (json!({}), json!({ "refresh_token": "" }), Some("refresh_token_missing")),
        (json!({ "noRefreshToken": true }), json!({ "refresh_token": null }), None),
        (json!({}), json!({ "refresh_token": null, "expires_in": null }), None),
        (json!({}), json!({}), None),
    ] {
        let world = World::with(&integration_with(&config)).await;
        world.provider.next("/oauth/token", renewed(&token));
        let id = connected(&world).await;
        let read = world.connection(&id).await.json();
        assert_eq!(read["error"]["key"].as_str(), error, "{config} {token}");
        assert_eq!((&read["connected"], &read["state"]), (&json!(true), &json!("READY")));
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_the_provider_has_refused_is_not_kept() {
    let (world, id) = world(&json!({})).await;
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let path = format!("/connections/{id}/refresh-credentials");
    world.api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    world.provider.next("/oauth/token", again(id_token("ada")));
    reconnect(&world, &id).await;
    assert_eq!(world.connection(&id).await.json()["error"]["key"], "refresh_token_missing");
}

/// A refresh that is under way may replace the refresh token: the one that it brings is kept.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_under_way_is_waited_for() {
    let (world, id) = world(&json!({})).await;
    let rotated = json!({ "refresh_token": "refresh/2", "id_token": null });
    world.provider.next("/oauth/token", renewed(&rotated).after(std::time::Duration::from_secs(5)));
    let path = format!("/connections/{id}/refresh-credentials");
    let token = customer(WORKSPACE, CUSTOMER);
    let (refreshed, ()) = tokio::join!(world.api(Method::POST, &path, &token, None), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        world.provider.next("/oauth/token", again(id_token("ada")));
        reconnect(&world, &id).await;
    });
    assert_eq!(refreshed.status, 204);
    let credentials = &world.secrets(&id).await["credentials"];
    assert_eq!(
        (&credentials["access_token"], &credentials["refresh_token"]),
        (&json!("access/2"), &json!("refresh/2"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_saved_holds_nobody_up() {
    let (world, id) = world(&json!({})).await;
    let browser = world.browser();
    let start = Start::new().with(&json!({ "connectionId": id }));
    let callback = world.begin(&browser, &start).await.consent();
    world.provider.next("/oauth/token", again(id_token("ada")));
    world.wire.fail("TransactWriteItems", 1, Fault::Refused("ValidationException"));
    let answered = browser.get(&callback).await;
    assert!(world.wire.recover());
    let _ = browser.get(answered.location()).await;
    let read = world.secrets(&id).await;
    assert_eq!(read["credentials"]["refresh_token"], REFRESH_TOKEN);
    assert_eq!(world.dump().await.leased(), [""; 0]);
}
