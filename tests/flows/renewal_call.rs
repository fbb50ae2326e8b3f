//! Tokens that are renewed by a call, in the place of the refresh-token grant.

use std::time::Duration;

use serde_json::{Value, json};
use tests::definitions::{self, integration_with};
use tests::provider::Reply;
use tests::{Start, World};

use crate::refresh::HOUR;

fn renewal(changes: &Value) -> Value {
    let mut renewal = json!({
        "uri": "https://provider.example/session/renew",
        "headers": { "Authorization": "Bearer ${credentials.access_token}" },
        "response": { "access_token": "session.token", "expires_in": "session.seconds" },
    });
    definitions::merge(&mut renewal, changes);
    renewal
}

fn session(token: &str) -> Reply {
    Reply::json(200, &json!({ "session": { "token": token, "seconds": 600 } }))
}

/// A connection by OAuth 2 whose token is renewed by this call.
async fn connected(config: &Value) -> (World, String) {
    let world = World::with(&integration_with(config)).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.consent()).await;
    let id = browser.get(answered.location()).await.connection_id();
    (world, id)
}

#[tokio::test(start_paused = true)]
async fn a_call_renews_the_token_and_the_refresh_token_is_left_alone() {
    let (world, id) = connected(&json!({ "renewal": renewal(&json!({})) })).await;
    let first = world.secrets(&id).await["credentials"]["access_token"].clone();
    world.clock.advance(HOUR);
    world.provider.next("/session/renew", session("second"));
    let after = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&after["access_token"], &after["expires_in"]), (&json!("second"), &json!(600)));
    let call = &world.provider.calls_to("/session/renew")[0];
    assert_eq!(call.header("authorization"), format!("Bearer {}", first.as_str().unwrap()));
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    // The new lifetime counts, and the new token renews itself.
    world.clock.advance(Duration::from_mins(10));
    world.provider.next("/session/renew", session("third"));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "third");
    assert_eq!(world.provider.calls_to("/session/renew")[1].header("authorization"), "Bearer second");
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_token_extends_the_one_there_is() {
    let call = renewal(&json!({ "response": null, "expect": { "status": 204 } }));
    let (world, id) = connected(&json!({ "renewal": call, "expiresIn": 600 })).await;
    let first = world.secrets(&id).await["credentials"]["access_token"].clone();
    world.clock.advance(HOUR);
    world.provider.next("/session/renew", Reply::body(204, "text/plain", ""));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], first);
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], first);
    assert_eq!(world.provider.calls_to("/session/renew").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_should_be_there_and_is_not_changes_nothing() {
    let (world, id) = connected(&json!({ "renewal": renewal(&json!({})) })).await;
    world.clock.advance(HOUR);
    world.provider.next("/session/renew", Reply::json(200, &json!({ "session": { "seconds": 600 } })));
    let refused = world.read_secrets(&id).await.refusal();
    assert_eq!(
        (refused.key.as_str(), refused.field.as_str()),
        ("token_response_invalid", "renewal.response.access_token")
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_the_definition_names_is_for_good() {
    let refusals = json!([{ "status": 404 }]);
    let (world, id) =
        connected(&json!({ "renewal": renewal(&json!({})), "refreshRefusals": refusals })).await;
    world.clock.advance(HOUR);
    world.provider.next("/session/renew", Reply::json(404, &json!({})));
    let read = world.secrets(&id).await;
    assert_eq!(
        (&read["disconnected"], &read["error"]["key"]),
        (&json!(true), &json!("access_token_expired"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_renewed_is_begun_anew_with_what_was_entered() {
    let login = json!({
        "uri": "https://provider.example/login",
        "body": { "user": "${parameters.clientId}" },
        "response": { "access_token": "session.token", "expires_in": "session.seconds" },
    });
    let mut definition = definitions::api_key();
    let option = &mut definition["authOptions"][0];
    option["config"] = json!({ "login": login, "renewal": renewal(&json!({})) });
    option["inputSchema"] = json!({ "type": "object" });
    option["apiClient"] = json!({ "headers": { "X-Token": "${credentials.access_token}" } });
    let world = World::with(&definition).await;
    world.provider.next("/login", session("first"));
    let start = Start::new().with(&json!({ "connectionParameters": { "clientId": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    world.clock.advance(Duration::from_mins(10));
    world.provider.next("/session/renew", session("second"));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "second");
    assert_eq!(world.provider.calls_to("/login").len(), 1);
    world.clock.advance(Duration::from_mins(10));
    world.provider.next("/session/renew", Reply::json(401, &json!({})));
    world.provider.next("/login", session("third"));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "third");
    // Trouble of the service's own is no reason to log in.
    world.clock.advance(Duration::from_mins(10));
    world.provider.next("/session/renew", Reply::json(503, &json!({})));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "provider_unreachable");
    assert_eq!(world.provider.calls_to("/login").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_needs_neither_what_may_be_missing_nor_every_alternative() {
    let body = json!({
        "device": "${credentials.device?}",
        "kind": "${credentials.kind || 'session'}",
        "token": "${credentials.session || credentials.access_token}",
    });
    let (world, id) = connected(&json!({ "renewal": renewal(&json!({ "body": body })) })).await;
    let first = world.secrets(&id).await["credentials"]["access_token"].clone();
    world.clock.advance(HOUR);
    world.provider.next("/session/renew", session("second"));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "second");
    let sent: Value = serde_json::from_str(&world.provider.calls_to("/session/renew")[0].body).unwrap();
    assert_eq!(sent, json!({ "kind": "session", "token": first }));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_lacks_every_alternative_is_not_made() {
    let body = json!({ "token": "${credentials.session || credentials.device}" });
    let (world, id) = connected(&json!({ "renewal": renewal(&json!({ "body": body })) })).await;
    world.clock.advance(HOUR);
    assert_eq!(world.secrets(&id).await["disconnected"], true);
    assert_eq!(world.provider.calls_to("/session/renew").len(), 0);
}
