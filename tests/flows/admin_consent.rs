//! Consent that gives no code: the tokens come by the client's own credentials.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, integration_with};
use tests::provider::{Reply, tokens};
use tests::tokens::{WORKSPACE, admin};
use tests::world::callback_path;
use tests::{Answer, Start, World};

const TOKEN: &str = "/tenant-1/oauth/token";

fn definition() -> Value {
    integration_with(&json!({
        "grant": "client_credentials",
        "authorizeUri": "https://provider.example/common/adminconsent",
        "tokenUri": "https://provider.example/${credentials.tenant}/oauth/token",
        "callbackParameters": ["tenant"],
        "scopeSeparator": ",",
    }))
}

/// The provider's answer with this access token. There is no refresh token.
fn answer(access_token: &str) -> Reply {
    let mut body = tokens();
    body["access_token"] = access_token.into();
    body.as_object_mut().unwrap().remove("refresh_token");
    Reply::json(200, &body)
}

async fn world() -> World {
    let world = World::with(&definition()).await;
    world.provider.always(TOKEN, answer("access/1"));
    world
}

async fn result(world: &World, answer: &[(&str, &str)]) -> Answer {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.back(answer)).await;
    browser.get(answered.location()).await
}

const CONSENT: [(&str, &str); 2] = [("admin_consent", "True"), ("tenant", "tenant-1")];

#[tokio::test(start_paused = true)]
async fn an_administrators_consent_gives_the_client_tokens() {
    let world = world().await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    assert_eq!(at_provider.address.path(), "/common/adminconsent");
    assert_eq!(at_provider.parameter("code_challenge"), None, "there is no code");

    let id = result(&world, &[&CONSENT[..], &[("scope", "all")]].concat()).await.connection_id();
    let calls = world.provider.calls_to(TOKEN);
    let [request] = &calls[..] else { panic!("one token request: {calls:?}") };
    let mut sent = request.form();
    sent.sort();
    let expected = [
        ("client_id", "client!+ID"),
        ("client_secret", CLIENT_SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "read,write"),
    ];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let kept = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&kept["access_token"], &kept["tenant"]), (&json!("access/1"), &json!("tenant-1")));
    assert_eq!(kept.get("admin_consent"), None);
}

#[tokio::test(start_paused = true)]
async fn anything_but_consent_is_a_denial_and_asks_for_no_token() {
    let world = world().await;
    let tenant = ("tenant", "tenant-1");
    for (answer, key, field) in [
        (vec![("admin_consent", "False"), tenant], "authorization_denied", ""),
        (vec![("admin_consent", "yes"), tenant], "authorization_denied", ""),
        (vec![("error", "access_denied"), ("admin_consent", "True"), tenant], "authorization_denied", ""),
        (vec![("error", "server_error"), tenant], "authorization_error", ""),
        (vec![("code", "a"), tenant], "code_missing", "admin_consent"),
        (vec![tenant], "code_missing", "admin_consent"),
        (vec![("admin_consent", "True"), ("admin_consent", "False")], "parameter_conflict", "admin_consent"),
    ] {
        let ended = result(&world, &answer).await.redirected_refusal();
        assert_eq!(ended, refusal(303, key, field), "{answer:?}");
    }
    // Without its state it is nobody's.
    let browser = world.browser();
    world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&format!("{}?admin_consent=True&tenant=tenant-1", callback_path())).await;
    assert_eq!(answered.refusal().key, "state_missing");
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_callbacks_parameters_stay_in_their_part_of_the_path() {
    let world = world().await;
    for tenant in ["..", ".", "%2e%2e"] {
        let ended = result(&world, &[CONSENT[0], ("tenant", tenant)]).await.redirected_refusal();
        assert_eq!((ended.key.as_str(), ended.field.as_str()), ("input_invalid", "credentials.tenant"));
    }
    let ended = result(&world, &CONSENT[..1]).await.redirected_refusal();
    assert_eq!((ended.key.as_str(), ended.field.as_str()), ("input_invalid", "credentials.tenant"));
    assert!(world.provider.calls().is_empty());
    world.provider.always("/a%2Fb%3Fc/oauth/token", answer("access/2"));
    result(&world, &[CONSENT[0], ("tenant", "a/b?c")]).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_posted_answer_is_read_too() {
    let world = world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let posted = browser.post_cross_site(&callback_path(), at_provider.answer(&CONSENT)).await;
    let answered = browser.get(posted.location()).await;
    browser.get(answered.location()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_refresh_asks_again() {
    let world = world().await;
    let id = result(&world, &CONSENT).await.connection_id();
    world.clock.advance(Duration::from_hours(1));
    world.provider.next(TOKEN, answer("access/2"));
    let renewed = world.secrets(&id).await["credentials"].clone();
    assert_eq!((&renewed["access_token"], &renewed["tenant"]), (&json!("access/2"), &json!("tenant-1")));
    // A refused client is the team's own, and the customer can do nothing about it.
    world.clock.advance(Duration::from_hours(1));
    world.provider.next(TOKEN, Reply::json(400, &json!({ "error": "unauthorized_client" })));
    assert_eq!(world.read_secrets(&id).await.refusal().key, "client_rejected");
    world.clock.advance(Duration::from_hours(6));
    world.provider.next(TOKEN, answer("access/3"));
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "access/3");
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_cannot_ask_is_refused() {
    let world = World::new().await;
    for (config, field) in [
        (json!({ "clientSecret": null }), "clientSecret"),
        (json!({ "clientAuthLocation": "none" }), "clientAuthLocation"),
        (json!({ "refreshUri": "https://provider.example/refresh" }), "refreshUri"),
        (json!({ "callbackParameters": [] }), "tokenUri"),
        (json!({ "callbackParameters": ["tenant", "admin_consent"] }), "callbackParameters"),
        (json!({ "tokenUri": "https://${credentials.tenant}.provider.example/token" }), "tokenUri"),
        (json!({ "grant": "password" }), "grant"),
    ] {
        let mut changed = definition();
        tests::definitions::merge(&mut changed["authOptions"][0]["config"], &config);
        if config.get("clientSecret").is_some() {
            changed["authOptions"][0]["config"]["clientSecret"] = Value::Null;
        }
        let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(&changed)).await;
        let expected = refusal(400, "request_malformed", &format!("authOptions[0].config.{field}"));
        assert_eq!(answer.refusal(), expected, "{config}: {}", answer.body);
    }
}
