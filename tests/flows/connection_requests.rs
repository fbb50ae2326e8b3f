//! Connection requests: links that a backend makes, by which its customer connects.

use http::{Method, Request};
use serde_json::{Value, json};
use tests::answer::{Refusal, parameter, refusal};
use tests::definitions::{self, INTEGRATION, REDIRECT_URI, entered, integration_id};
use tests::form::Form;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::world::AtProvider;
use tests::{Answer, Browser, Start, World};

use crate::attempts::listed;

pub(crate) async fn asked(world: &World, token: &str, body: &Value) -> Answer {
    world.api(Method::POST, "/connection-requests", token, Some(body)).await
}

/// A request that who manages the workspace makes for the usual customer and integration.
pub(crate) async fn made(world: &World, changes: &Value) -> Value {
    let mut body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    definitions::merge(&mut body, changes);
    let answer = asked(world, &admin(WORKSPACE), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

pub(crate) fn path_of(request: &Value) -> String {
    format!("/connection-requests/{}", request["requestId"].as_str().unwrap())
}

/// How the request stands now.
pub(crate) async fn now(world: &World, request: &Value) -> Value {
    let answer = world.api(Method::GET, &path_of(request), &admin(WORKSPACE), None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) async fn cancelled(world: &World, request: &Value) {
    let answer = world.api(Method::DELETE, &path_of(request), &admin(WORKSPACE), None).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

pub(crate) async fn opened(browser: &Browser, request: &Value) -> Answer {
    browser.get(request["url"].as_str().unwrap()).await
}

/// Opens the link and presses its button.
pub(crate) async fn pressed(browser: &Browser, request: &Value) -> Answer {
    let page = opened(browser, request).await;
    assert_eq!(page.status, 200, "{}", page.body);
    browser.send(Form::read(&page).submit()).await
}

/// Opens the link, presses its button, and is then at the provider.
pub(crate) async fn at_provider(browser: &Browser, request: &Value) -> AtProvider {
    AtProvider { address: pressed(browser, request).await.away() }
}

/// Comes back from the provider with its consent.
pub(crate) async fn consented(browser: &Browser, at_provider: &AtProvider) -> Answer {
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await
}

/// Comes back from the provider without it.
pub(crate) async fn denied(browser: &Browser, at_provider: &AtProvider) -> Answer {
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    browser.get(answered.location()).await
}

pub(crate) fn own_page(answer: &Answer) -> (u16, bool) {
    (answer.status.as_u16(), answer.header("content-type").starts_with("text/html"))
}

#[tokio::test(start_paused = true)]
async fn a_request_is_made_for_a_customer_and_shown_as_it_stands() {
    let world = World::new().await;
    let expected = json!({
        "userId": CUSTOMER, "tenantId": CUSTOMER,
        "integrationId": integration_id(WORKSPACE, INTEGRATION), "integrationKey": INTEGRATION,
        "allowMultipleConnections": false, "status": "pending",
        "createdAt": "2026-01-01T00:00:00.000Z", "expiresAt": "2026-01-01T00:30:00.000Z",
    });
    let own = json!({ "integrationId": integration_id(WORKSPACE, INTEGRATION) });
    let by_customer = asked(&world, &customer(WORKSPACE, CUSTOMER), &own).await.json();
    for mut shown in [made(&world, &json!({})).await, by_customer] {
        let id = shown["requestId"].as_str().unwrap().to_owned();
        assert_eq!(id.len(), 43);
        assert_eq!(
            shown["url"],
            format!("https://{}/screens/connect?connectionRequestId={id}", tests::browser::HOST)
        );
        assert_eq!(now(&world, &shown).await, shown);
        let as_customer =
            world.api(Method::GET, &path_of(&shown), &customer(WORKSPACE, CUSTOMER), None).await.json();
        assert_eq!(as_customer, shown);
        let subject = shown["subject"].as_str().unwrap().strip_prefix("request#").unwrap();
        assert!(subject.len() == 22 && !id.contains(subject));
        definitions::merge(&mut shown, &json!({ "requestId": null, "subject": null, "url": null }));
        assert_eq!(shown, expected);
    }
    let all = json!({
        "name": "Sales", "authOptionKey": "oauth", "allowMultipleConnections": true, "redirectUri": REDIRECT_URI,
        "customState": "s", "prompt": "Please connect.", "connectorParameters": { "a": "hidden" },
        "expiresIn": 604_800,
    });
    let mut shown = made(&world, &all).await;
    assert_eq!(shown["expiresAt"], "2026-01-08T00:00:00.000Z");
    assert!(!shown.to_string().contains("hidden"));
    for name in ["name", "authOptionKey", "allowMultipleConnections", "redirectUri", "customState", "prompt"]
    {
        assert_eq!(shown[name].take(), all[name], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused_when_it_is_made_with_the_field() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let mine = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let theirs = world.connect(&world.browser(), &Start::new().by("user-2")).await.connection_id();
    let cases: &[(Value, Refusal)] = &[
        (json!({ "integrationKey": null }), refusal(400, "parameter_missing", "integrationKey")),
        (json!({ "integrationKey": "none" }), refusal(404, "not_found", "integrationKey")),
        (
            json!({ "integrationKey": null, "integrationId": "none" }),
            refusal(404, "not_found", "integrationId"),
        ),
        (json!({ "integrationId": "mail" }), refusal(400, "parameter_conflict", "integrationKey")),
        (json!({ "userId": null }), refusal(400, "parameter_missing", "userId")),
        (json!({ "userId": "a\u{7}" }), refusal(400, "request_malformed", "userId")),
        (json!({ "connectionId": theirs }), refusal(404, "not_found", "connectionId")),
        (json!({ "connectionId": "none" }), refusal(404, "not_found", "connectionId")),
        (
            json!({ "connectionId": mine, "integrationKey": "mail" }),
            refusal(400, "parameter_conflict", "integrationKey"),
        ),
        (
            json!({ "redirectUri": "https://evil.example/" }),
            refusal(400, "redirect_uri_not_allowed", "redirectUri"),
        ),
        (json!({ "redirectUri": "nonsense" }), refusal(400, "redirect_uri_not_allowed", "redirectUri")),
        (json!({ "redirectUri": 1 }), refusal(400, "request_malformed", "redirectUri")),
        (json!({ "connectorParameters": "{}" }), refusal(400, "request_malformed", "connectorParameters")),
        (
            json!({ "allowMultipleConnections": "maybe" }),
            refusal(400, "request_malformed", "allowMultipleConnections"),
        ),
        (json!({ "prompt": "x".repeat(501) }), refusal(400, "request_malformed", "prompt")),
        (json!({ "name": "x".repeat(256) }), refusal(400, "request_malformed", "name")),
        (json!({ "customState": "x".repeat(2049) }), refusal(400, "request_malformed", "customState")),
        (json!({ "expiresIn": 59 }), refusal(400, "request_malformed", "expiresIn")),
        (json!({ "expiresIn": 604_801 }), refusal(400, "request_malformed", "expiresIn")),
        (json!({ "expiresIn": "1800" }), refusal(400, "request_malformed", "expiresIn")),
        (json!({ "expiresIn": 1800.5 }), refusal(400, "request_malformed", "expiresIn")),
    ];
    for (changes, expected) in cases {
        let mut body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
        definitions::merge(&mut body, changes);
        assert_eq!(asked(&world, &admin(WORKSPACE), &body).await.refusal(), *expected, "{changes}");
    }
    let unknown = json!({ "integrationKey": INTEGRATION, "userId": CUSTOMER, "authOptionKey": "none" });
    let refused = asked(&world, &admin(WORKSPACE), &unknown).await;
    assert_eq!(refused.json()["data"]["field"], "authOptionKey", "{}", refused.body);
    let too_large = json!({ "connectorParameters": { "a": "x".repeat(70_000) } });
    let mut body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    definitions::merge(&mut body, &too_large);
    assert_eq!(asked(&world, &admin(WORKSPACE), &body).await.status, 413);
    let another = json!({ "userId": "user-2", "integrationKey": INTEGRATION });
    let refused = asked(&world, &customer(WORKSPACE, CUSTOMER), &another).await;
    assert_eq!(refused.refusal(), refusal(403, "access_denied", "userId"));
}

#[tokio::test(start_paused = true)]
async fn whoever_opens_the_link_is_asked_first_and_then_connects() {
    let world = World::new().await;
    let request = made(&world, &json!({ "prompt": "We need <your> CRM.\n" })).await;
    let browser = world.browser().for_a_person();
    let page = opened(&browser, &request).await;
    assert_eq!(own_page(&page), (200, true));
    for text in ["Acme", "Example CRM", CUSTOMER, "We need &#60;your&#62; CRM."] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    assert!(world.provider.calls_to("/oauth/token").is_empty());
    let at_provider = AtProvider { address: browser.send(Form::read(&page).submit()).await.away() };
    let result = consented(&browser, &at_provider).await;
    assert_eq!(own_page(&result), (200, true));
    assert!(result.body.contains("You can close this page."), "{}", result.body);

    let ended = now(&world, &request).await;
    assert_eq!(ended["status"], "success");
    let id = ended["resultConnectionId"].as_str().unwrap();
    assert!(world.connection_is_live(id).await);
    assert_eq!(world.connection(id).await.json()["userId"], CUSTOMER);
    // The link says that it was used, and a cancellation changes nothing.
    let again = opened(&browser, &request).await;
    assert_eq!(own_page(&again), (409, true));
    assert!(again.body.contains("has been used already"), "{}", again.body);
    cancelled(&world, &request).await;
    assert_eq!(now(&world, &request).await, ended);
    assert_eq!(opened(&world.browser(), &request).await.refusal().key, "connection_request_used");
}

#[tokio::test(start_paused = true)]
async fn the_result_comes_to_the_requests_own_address() {
    let world = World::new().await;
    let given = json!({ "redirectUri": REDIRECT_URI, "customState": "s 1", "name": "Sales" });
    let request = made(&world, &given).await;
    let browser = world.browser().for_a_person();
    let flow = at_provider(&browser, &request).await;
    let result = consented(&browser, &flow).await.away();
    assert!(result.as_str().starts_with(REDIRECT_URI));
    assert_eq!(parameter(&result, "customState").as_deref(), Some("s 1"));
    let id = parameter(&result, "connectionId").unwrap();
    assert_eq!(now(&world, &request).await["resultConnectionId"], id);
    assert_eq!(world.connection(&id).await.json()["name"], "Sales");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_asked_for_after_the_link() {
    let world = World::empty().await.defined(&definitions::api_key()).await;
    let request = made(&world, &json!({})).await;
    let browser = world.browser().for_a_person();
    let form = pressed(&browser, &request).await;
    let wrong = Form::read(&form).fill("input/subdomain", "!").fill("input/apiKey", definitions::API_KEY);
    let again = browser.send(wrong.submit()).await;
    assert_eq!(now(&world, &request).await["status"], "pending");
    let right = Form::read(&again).fill("input/subdomain", "acme").fill("input/apiKey", definitions::API_KEY);
    let result = browser.send(right.submit()).await;
    assert!(result.body.contains("You can close this page."), "{}", result.body);
    assert_eq!(now(&world, &request).await["status"], "success");
}

#[tokio::test(start_paused = true)]
async fn a_start_with_a_token_may_belong_to_a_request() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let request = made(&world, &json!({ "name": "Not taken over" })).await;
    let belongs = json!({ "connectionRequestId": request["requestId"] });
    let browser = world.browser();
    let elsewhere = Start::new().with(&belongs).with(&json!({ "integrationKey": "mail" }));
    let refused = browser.send(elsewhere.form()).await.redirected_refusal();
    assert_eq!((refused.key.as_str(), refused.field.as_str()), ("parameter_conflict", "connectionRequestId"));
    assert_eq!(now(&world, &request).await["lastError"]["key"], "parameter_conflict");

    // The request says what it is for, if the start does not.
    let start = Start::new().with(&belongs).with(&json!({ "integrationKey": null }));
    let id = world.connect(&browser, &start).await.connection_id();
    let ended = now(&world, &request).await;
    assert_eq!((&ended["status"], &ended["resultConnectionId"]), (&json!("success"), &json!(id)));
    let again = browser.send(start.form()).await.redirected_refusal();
    assert_eq!(
        (again.key.as_str(), again.field.as_str()),
        ("connection_request_used", "connectionRequestId")
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_reconnects_its_connection_and_no_other() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let request = made(&world, &json!({ "integrationKey": null, "connectionId": id })).await;
    assert_eq!((&request["integrationKey"], &request["connectionId"]), (&json!(INTEGRATION), &json!(id)));
    let browser = world.browser().for_a_person();
    consented(&browser, &at_provider(&browser, &request).await).await;
    assert_eq!(now(&world, &request).await["resultConnectionId"], id);
    assert_eq!(world.dump().await.slot_ids(), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_confirms_its_users_gets_them_back() {
    let world = World::new().await;
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmUser"] = json!(true);
    world.define_workspace(WORKSPACE, &workspace).await;
    world.forget_definitions();
    let body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    let refused = asked(&world, &admin(WORKSPACE), &body).await;
    assert_eq!(refused.refusal(), refusal(400, "parameter_missing", "redirectUri"));

    let request = made(&world, &json!({ "redirectUri": REDIRECT_URI })).await;
    let browser = world.browser().for_a_person();
    let flow = at_provider(&browser, &request).await;
    let result = consented(&browser, &flow).await.away();
    let confirmation = parameter(&result, "connectionRequestId").unwrap();
    assert_eq!(now(&world, &request).await["status"], "pending");
    let complete = |id: String| {
        let (path, token) = (format!("/connection-requests/{id}/complete"), customer(WORKSPACE, CUSTOMER));
        let world = &world;
        async move { world.api(Method::POST, &path, &token, None).await }
    };
    // The two ids are not each other's.
    let mixed_up = complete(request["requestId"].as_str().unwrap().to_owned()).await;
    assert_eq!(mixed_up.refusal().status, 404);
    let mixed_up = json!({ "requestId": confirmation });
    let mixed_up = world.api(Method::GET, &path_of(&mixed_up), &admin(WORKSPACE), None).await;
    assert_eq!(mixed_up.refusal().status, 404);
    let id = complete(confirmation).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(now(&world, &request).await["resultConnectionId"], id);
}

#[tokio::test(start_paused = true)]
async fn its_attempts_name_the_request() {
    let world = World::empty().await.defined(&definitions::api_key()).await;
    world.define("crm2", &definitions::integration()).await;
    let request = made(&world, &json!({})).await;
    let browser = world.browser().for_a_person();
    pressed(&browser, &request).await;
    let start = Start::new().with(&json!({ "connectionParameters": entered() }));
    browser.send(start.form()).await.assert_connected();
    let attempts = listed(&world, "").await;
    let named: Vec<&Value> = attempts.iter().map(|attempt| &attempt["connectionRequestId"]).collect();
    assert_eq!(named.len(), 2);
    assert!(named.contains(&&request["requestId"]) && named.contains(&&Value::Null), "{named:?}");
}

#[tokio::test(start_paused = true)]
async fn the_link_takes_an_id_and_nothing_else() {
    let world = World::new().await;
    let browser = world.browser();
    for link in ["/screens/connect", "/screens/connect?connectionRequestId=x"] {
        let request = Request::get(link).body(bytes::Bytes::new()).unwrap();
        let refused = browser.send(request).await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "connectionRequestId"));
    }
    let unknown = json!({ "url": format!("/screens/connect?connectionRequestId={}", "A".repeat(43)) });
    let page = opened(&world.browser().for_a_person(), &unknown).await;
    assert_eq!(own_page(&page), (404, true));
}
