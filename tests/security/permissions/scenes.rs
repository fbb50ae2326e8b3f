//! Scenes that use all that the roles allow. Each step is done by a function that has nothing in memory.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flow::seal::WrappingKey;
use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::form::Form;
use tests::permissions::{FakeKms, PREVIOUS_KEY, Part, roles};
use tests::provider::{Reply, tokens as token_response};
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::world::callback_path;
use tests::{Browser, Start, World, definitions};

/// A workspace with nothing in it.
const EMPTY: &str = "empty";

/// What was used in all scenes.
pub(super) async fn played() -> BTreeSet<Part> {
    let mut used = BTreeSet::new();
    for is_older in [false, true] {
        let kms = FakeKms::default();
        for scene in [Scene::Browser, Scene::Api, Scene::Schedule, Scene::Webhooks] {
            let (world, id) = world(&kms, is_older).await;
            match scene {
                Scene::Browser => browser(&world, &id).await,
                Scene::Api => api(&world, &id).await,
                Scene::Schedule => schedule(&world).await,
                Scene::Webhooks => webhooks(&world).await,
            }
            used.extend(world.ledger.used());
        }
        used.extend(kms.ledger.used());
        kms.ledger.assert_allowed();
    }
    used
}

#[derive(Clone, Copy)]
enum Scene {
    Browser,
    Api,
    Schedule,
    Webhooks,
}

/// A client with a secret, whose provider takes tokens back.
fn integration() -> Value {
    definitions::integration_with(&json!({
        "revocationUri": "https://provider.example/revoke",
        "revocationPerToken": true,
    }))
}

/// A client that signs by a key in KMS.
fn signing() -> Value {
    definitions::integration_with(&json!({
        "clientAuthLocation": "private_key_jwt",
        "clientSecret": null,
        "clientAssertion": { "algorithm": "RS256", "key": { "kms": "crm" } },
    }))
}

/// An option without a provider's page, whose grant is signed by a key in KMS.
fn assertion() -> Value {
    let mut definition = definitions::integration();
    definition["authOptions"] = json!([{
        "key": "app", "type": "client-credentials",
        "signed": { "assertion": { "algorithm": "RS256", "key": { "kms": "app" } } },
        "config": {
            "tokenUri": "https://provider.example/oauth/token", "clientAuthLocation": "none",
            "grant": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "tokenRequest": { "add": { "assertion": "${signed.assertion}" } },
        },
        "test": { "path": "/me" },
    }]);
    definition
}

/// The deployment, with a connection and definitions in it. They are of before if an older key has sealed them.
async fn world(kms: &FakeKms, is_older: bool) -> (World, String) {
    let (before, now) = (kms.of_before().key(PREVIOUS_KEY), kms.key(&roles().sealing_key));
    let key: Arc<dyn WrappingKey> = if is_older { before } else { Arc::clone(&now) as _ };
    let world = World::sealed_by(key).await.signing_by(kms.signing());
    let root = kms.root_secret(Arc::clone(&world.clock) as _);
    let world = world.rooted_in(root).defined(&integration()).await;
    world.provider.always("/oauth/token", Reply::json(200, &token_response()));
    world.provider.always("/revoke", Reply::json(200, &json!({})));
    for (key, definition) in
        [("mail", definitions::api_key()), ("signing", signing()), ("assertion", assertion())]
    {
        world.define(key, &definition).await;
    }
    world.provider.next("/oauth/token", Reply::json(200, &of_ada(true)));
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let endpoint = json!({ "url": "https://app.example/webhooks" });
    let made = world.api(Method::POST, "/webhook-endpoints", &admin(WORKSPACE), Some(&endpoint)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    // An attempt that belongs to a connection request.
    let made = world.api(Method::POST, "/connection-requests", &admin(WORKSPACE), Some(&link())).await;
    world.browser().for_a_person().get(made.json()["url"].as_str().unwrap()).await;
    // Of so low a limit every request counts.
    (world.deployed_with(now).limited_to(99), id)
}

/// What a connection request asks for.
fn link() -> Value {
    json!({ "userId": CUSTOMER, "integrationKey": definitions::INTEGRATION })
}

/// A token response for one account. A provider may give a refresh token with the first consent only.
fn of_ada(is_first: bool) -> Value {
    let claims = json!({ "iss": "https://provider.example", "sub": "ada", "aud": "client!+ID" });
    let mut response = token_response();
    response["id_token"] = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string())).into();
    if !is_first {
        response.as_object_mut().unwrap().remove("refresh_token");
    }
    response
}

fn of(integration: &str) -> Start {
    Start::new().with(&json!({ "integrationKey": integration, "integrationId": null }))
}

fn entered() -> Start {
    of("mail").with(&json!({ "connectionParameters": definitions::entered() }))
}

/// Starts, callbacks and results.
async fn browser(world: &World, connected: &str) {
    let browser = world.browser().for_a_person();
    let fresh = || browser_of(world, &browser);
    let popup = Start::new().with(&json!({ "redirectUri": null, "requestId": "r-1" }));
    let many = Start::new().with(&json!({ "allowMultipleConnections": true }));
    let again = Start::new().with(&json!({ "connectionId": connected }));
    // The refresh token of the one that is reconnected is kept.
    world.provider.next("/oauth/token", Reply::json(200, &of_ada(false)));
    for start in [again, popup, Start::new(), many, of("signing")] {
        let consent = world.begin(&fresh(), &start).await.consent();
        let answered = fresh().get(&consent).await;
        fresh().get(answered.location()).await;
    }
    // What needs no provider's page is connected at once, also in the place of what was connected. A warm function reads
    // the second definition alone.
    let warm = fresh();
    for start in [entered(), entered(), of("assertion")] {
        warm.send(start.form()).await.assert_connected();
    }
    interrupted(world, &browser).await;
    // A provider that says no without the state.
    world.begin(&fresh(), &Start::new()).await;
    let refused = fresh().get(&format!("{}?error=access_denied", callback_path())).await;
    fresh().get(refused.location()).await;

    // A start that waits for its customer, and one that then waits for the application.
    confirm_users(world, true).await;
    let form = entered().with(&json!({ "connectionParameters": null })).form();
    let cancelled = Form::read(&fresh().send(form.clone()).await).press(Some(("cancel", "1")));
    fresh().send(cancelled).await;
    let form = Form::read(&fresh().send(form).await).fill("input/subdomain", "acme");
    let waits = fresh().send(form.fill("input/apiKey", definitions::API_KEY).submit()).await;
    complete(world, &parameter(&waits.away(), "connectionRequestId").unwrap()).await;
    let consent = world.begin(&fresh(), &Start::new()).await.consent();
    let answered = fresh().get(&consent).await;
    let waits = fresh().get(answered.location()).await;
    complete(world, &parameter(&waits.away(), "connectionRequestId").unwrap()).await;
    confirm_users(world, false).await;
}

/// A callback that dies while the provider is asked. Whoever comes for the result says so.
async fn interrupted(world: &World, browser: &Browser) {
    world.provider.next("/oauth/token", Reply::hangs());
    let consent = world.begin(browser, &Start::new()).await.consent();
    let cut = tokio::time::timeout(Duration::from_secs(1), browser.get(&consent)).await;
    assert!(cut.is_err(), "the function was stopped");
    let result = browser.get(&consent).await;
    world.clock.advance(Duration::from_secs(36));
    let told = browser_of(world, browser).get(result.location()).await;
    assert_eq!(told.redirected_refusal().key, "flow_interrupted");
}

/// The browser in front of functions that have nothing in memory.
fn browser_of(world: &World, browser: &Browser) -> Browser {
    browser.of(&world.restarted().functions)
}

async fn confirm_users(world: &World, confirm: bool) {
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmUser"] = json!(confirm);
    world.define_workspace(WORKSPACE, &workspace).await;
}

async fn complete(world: &World, request: &str) {
    let path = format!("/connection-requests/{request}/complete");
    let completed = world.restarted().api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(completed.status, 200);
}

/// Each resource of the API.
async fn api(world: &World, id: &str) {
    let signed = world.connect(&world.browser(), &of("signing")).await.connection_id();
    let (user, manager, root) = (customer(WORKSPACE, CUSTOMER), admin(WORKSPACE), admin(ROOT));
    world.define_workspace(EMPTY, &definitions::workspace(EMPTY)).await;
    let given = json!({ "integrationKey": "mail", "userId": "u", "credentials": definitions::entered() });
    for (method, path, token, body) in [
        (Method::GET, "/self".to_owned(), &user, None),
        (Method::GET, "/connections?limit=5".to_owned(), &manager, None),
        (Method::POST, "/connection-requests".to_owned(), &manager, Some(link())),
        (Method::GET, "/connection-attempt-logs".to_owned(), &manager, None),
        (Method::GET, "/integrations".to_owned(), &user, None),
        (Method::GET, "/integrations/crm".to_owned(), &user, None),
        (Method::POST, "/connections".to_owned(), &manager, Some(given)),
        (Method::PATCH, format!("/connections/{id}"), &user, Some(json!({ "name": "N" }))),
        (Method::PATCH, format!("/connections/{id}"), &manager, Some(json!({ "connectorParameters": {} }))),
        (Method::POST, format!("/connections/{id}/refresh-credentials"), &user, None),
        (Method::POST, format!("/connections/{signed}/refresh-credentials"), &user, None),
        (Method::GET, format!("/connections/{id}/proxy/me"), &user, None),
        (Method::DELETE, format!("/connections/{id}"), &user, None),
        (Method::POST, format!("/connections/{id}/restore"), &user, Some(json!({}))),
        (Method::POST, format!("/connections/{id}/disconnect"), &user, None),
        (Method::DELETE, format!("/connections/{id}?erase=true"), &manager, None),
        (Method::GET, "/customers/u/export".to_owned(), &manager, None),
        (Method::DELETE, "/customers/u".to_owned(), &manager, None),
        (Method::DELETE, format!("/customers/{CUSTOMER}"), &manager, None),
        (Method::PUT, "/integrations/crm".to_owned(), &manager, Some(integration())),
        (Method::PATCH, "/integrations/crm".to_owned(), &manager, Some(json!({ "name": "N" }))),
        (Method::DELETE, "/integrations/crm?force=true".to_owned(), &manager, None),
        (Method::PUT, format!("/workspaces/{WORKSPACE}"), &root, Some(definitions::workspace(WORKSPACE))),
        (Method::GET, "/workspaces".to_owned(), &root, None),
        (Method::DELETE, format!("/workspaces/{EMPTY}"), &root, None),
    ] {
        let fresh = world.restarted();
        let answer = fresh.api(method.clone(), &path, token, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.body);
    }
}

/// A run of the schedule: connections are renewed, and one that is archived forgets its secrets.
async fn schedule(world: &World) {
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["archivedCredentialsDays"] = json!(0);
    world.define_workspace(WORKSPACE, &workspace).await;
    world.forget_definitions();
    world.connect(&world.browser(), &of("signing")).await.assert_connected();
    let archived = Start::new().with(&json!({ "allowMultipleConnections": true }));
    let archived = world.connect(&world.browser(), &archived).await.connection_id();
    let path = format!("/connections/{archived}");
    assert!(world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await.status.is_success());
    world.schedule_ran(Duration::from_hours(1)).await;
    world.clock.advance(Duration::from_hours(1));
    let swept = world.restarted().run_schedule().await;
    assert_eq!((swept.renewed, swept.forgotten), (2, 1));
}

/// An event that is delivered, and an endpoint that says that it is gone; the log of both, and a replay.
async fn webhooks(world: &World) {
    world.provider.always("/webhooks", Reply::json(200, &json!({})));
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let event = world.take_events().remove(0);
    world.restarted().webhook(&event, 1).await;
    let manager = admin(WORKSPACE);
    let all = world.restarted().api(Method::GET, "/webhook-endpoints", &manager, None).await.json();
    let path = format!("/webhook-endpoints/{}/deliveries", all["items"][0]["id"].as_str().unwrap());
    let listed = world.restarted().api(Method::GET, &path, &manager, None).await.json();
    let path = format!("/webhook-deliveries/{}/replay", listed["items"][0]["id"].as_str().unwrap());
    world.provider.always("/webhooks", Reply::json(410, &json!({})));
    let replayed = world.restarted().api(Method::POST, &path, &manager, None).await;
    assert_eq!(replayed.json()["lastStatus"], 410, "{}", replayed.body);
}
