//! What became of every start, for thirty days: `GET /connection-attempt-logs`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::{self, API_KEY, INTEGRATION, integration_id};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Browser, Fault, Start, World};

/// A page of the list, as who manages the workspace reads it.
pub(crate) async fn page(world: &World, query: &str) -> Value {
    let answer = asked(world, query).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

pub(crate) async fn asked(world: &World, query: &str) -> Answer {
    let path = format!("/connection-attempt-logs?{query}");
    world.api(Method::GET, &path, &tokens::admin(WORKSPACE), None).await
}

pub(crate) async fn listed(world: &World, query: &str) -> Vec<Value> {
    let page = page(world, query).await;
    assert!(page["cursor"].is_null(), "{page}");
    page["items"].as_array().unwrap().clone()
}

/// The only attempt.
async fn attempt(world: &World) -> Value {
    let mut listed = listed(world, "").await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    listed.remove(0)
}

pub(crate) fn error_data(redirect: &Answer) -> Value {
    serde_json::from_str(&parameter(&redirect.away(), "errorData").unwrap()).unwrap()
}

pub(crate) async fn denied(world: &World, browser: &Browser, start: &Start) -> Answer {
    let at_provider = world.begin(browser, start).await;
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    browser.get(answered.location()).await
}

pub(crate) fn keys() -> Start {
    Start::new().with(&json!({ "connectionParameters": definitions::entered() }))
}

pub(crate) fn filled(page: &Answer) -> Form {
    Form::read(page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY)
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_an_attempt_that_has_succeeded() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let found = attempt(&world).await;
    let reference = found["reference"].as_str().unwrap();
    let expected = json!({
        "id": format!("01767225600000-{reference}"),
        "reference": reference,
        "userId": CUSTOMER,
        "tenantId": CUSTOMER,
        "integrationId": integration_id(WORKSPACE, INTEGRATION),
        "connectionId": id,
        "authOptionKey": "oauth",
        "status": "success",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "endedAt": found["endedAt"],
    });
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn its_error_is_what_the_application_was_told() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let begun = attempt(&world).await;
    assert_eq!(
        (&begun["status"], &begun["error"], &begun["endedAt"]),
        (&json!("pending"), &Value::Null, &Value::Null)
    );
    world.clock.advance(Duration::from_secs(40));
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    let result = browser.get(answered.location()).await;
    let ended = attempt(&world).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("error"), &error_data(&result)));
    assert_eq!((&ended["id"], &ended["reference"]), (&begun["id"], &ended["error"]["reference"]));
    assert_eq!(ended["createdAt"], "2026-01-01T00:00:00.000Z");
    assert!(ended["endedAt"].as_str().unwrap().starts_with("2026-01-01T00:00:40."), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_went_on_with_has_ended_by_itself() {
    let world = World::new().await;
    world.begin(&world.browser(), &Start::new()).await;
    world.clock.advance(Duration::from_mins(15) - Duration::from_millis(1));
    assert_eq!(attempt(&world).await["status"], "pending");
    world.clock.advance(Duration::from_millis(1));
    let ended = attempt(&world).await;
    assert_eq!((&ended["status"], &ended["error"]["key"]), (&json!("error"), &json!("state_expired")));
    assert_eq!(ended["error"]["reference"], ended["reference"]);
    assert_eq!(ended["endedAt"], "2026-01-01T00:15:00.000Z");
}

/// The callback's function died, and nobody asked for the result.
#[tokio::test(start_paused = true)]
async fn a_flow_whose_callback_died_was_interrupted() {
    let world = World::new().await;
    let browser = world.browser();
    world.provider.next("/oauth/token", Reply::hangs());
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let cut = tokio::time::timeout(Duration::from_secs(1), browser.get(&callback)).await;
    assert!(cut.is_err(), "the function was stopped");
    world.clock.advance(Duration::from_secs(33));
    assert_eq!(attempt(&world).await["status"], "pending");
    world.clock.advance(Duration::from_secs(1));
    let ended = attempt(&world).await;
    assert_eq!((&ended["status"], &ended["error"]["key"]), (&json!("error"), &json!("flow_interrupted")));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_ends_at_once_is_one_too() {
    let world =
        World::with(&definitions::with_options(definitions::api_key(), &[&definitions::integration()])).await;
    let person = world.browser().for_a_person();
    let unknown = world.browser().send(keys().with(&json!({ "integrationKey": "none" })).form()).await;
    let found = attempt(&world).await;
    assert_eq!((&found["status"], &found["error"]), (&json!("error"), &error_data(&unknown)));
    assert_eq!(found["integrationId"], integration_id(WORKSPACE, "none"));
    assert_eq!(found["error"]["key"], "not_found");

    world.clock.advance(Duration::from_secs(1));
    let id = world.browser().send(keys().form()).await.connection_id();
    let found = listed(&world, "").await[0].clone();
    assert_eq!(
        (&found["status"], &found["connectionId"], &found["authOptionKey"]),
        (&json!("success"), &json!(id), &json!("api-key"))
    );

    world.clock.advance(Duration::from_secs(1));
    let start =
        Start::new().with(&json!({ "connectionId": "0123456789abcdef01234567", "integrationKey": null }));
    person.send(start.form()).await;
    let found = listed(&world, "").await[0].clone();
    assert_eq!(
        (&found["error"]["key"], &found["error"]["data"]["field"]),
        (&json!("not_found"), &json!("connectionId"))
    );
    // It is not known to be a connection of the customer's.
    assert_eq!((&found["connectionId"], &found["integrationId"]), (&Value::Null, &Value::Null));

    world.clock.advance(Duration::from_secs(1));
    let framed = Start::new().from(&[("origin", "https://app.example"), ("sec-fetch-dest", "iframe")]);
    person.send(framed.with(&json!({ "requestId": "r1", "authOptionKey": "oauth" })).form()).await;
    let found = listed(&world, "").await[0].clone();
    assert_eq!(
        (&found["error"]["key"], &found["authOptionKey"]),
        (&json!("interaction_required"), &json!("oauth"))
    );
    assert_eq!(listed(&world, "").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_waited_behind_our_pages_is_one_attempt() {
    let mut definition = definitions::integration();
    definition["authOptions"][0]["inputSchema"] =
        json!({ "type": "object", "required": ["region"], "properties": { "region": { "type": "string" } } });
    let world = World::with(&definition).await;
    let browser = world.browser().for_a_person();
    let start = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "cross-site")]);
    let confirmation = browser.send(start.form()).await;
    let first = attempt(&world).await;
    assert_eq!(first["status"], "pending");
    world.clock.advance(Duration::from_mins(5));
    let form = browser.send(Form::read(&confirmation).submit()).await;
    assert_eq!(attempt(&world).await, first);
    world.clock.advance(Duration::from_mins(5));
    // The form is sent twice: there are two flows at the provider.
    let form = Form::read(&form).fill("input/region", "eu");
    let mut away = Vec::new();
    for _ in 0..2 {
        away.push(browser.send(form.submit()).await.away());
        assert_eq!(attempt(&world).await, first);
    }
    // The page's own time is over, but not that of the flows.
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(attempt(&world).await, first);
    let back = |away: &url::Url, query: &str| {
        let (state, callback) = (parameter(away, "state").unwrap(), parameter(away, "redirect_uri").unwrap());
        format!("{callback}?{query}&state={state}")
    };
    browser.get(&back(&away[0], "error=access_denied")).await;
    assert_eq!(attempt(&world).await["status"], "pending", "the other flow is under way");
    let answered = browser.get(&back(&away[1], "code=code")).await;
    let id = browser.get(answered.location()).await.connection_id();
    let ended = attempt(&world).await;
    assert_eq!((&ended["status"], &ended["connectionId"]), (&json!("success"), &json!(id)));
    assert_eq!((&ended["id"], &ended["createdAt"]), (&first["id"], &first["createdAt"]));
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_refused_says_why_until_it_is_right() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let mut form = browser.send(Start::new().form()).await;
    for key in ["credentials_rejected", "provider_unreachable", "credentials_rejected"] {
        let status = if key == "credentials_rejected" { 401 } else { 503 };
        world.provider.next("/api/me", Reply::json(status, &json!({})));
        world.clock.advance(Duration::from_secs(1));
        form = browser.send(filled(&form).submit()).await;
        let found = attempt(&world).await;
        assert_eq!((&found["status"], &found["error"]["key"]), (&json!("error"), &json!(key)));
    }
    let id = browser.send(filled(&form).submit()).await.connection_id();
    let found = attempt(&world).await;
    assert_eq!((&found["status"], &found["connectionId"]), (&json!("success"), &json!(id)));
    // What is sent once more changes nothing of that.
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    browser.send(filled(&form).submit()).await;
    assert_eq!(attempt(&world).await, found);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_left_or_cancelled_has_ended() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    browser.send(Start::new().form()).await;
    world.clock.advance(Duration::from_mins(15));
    assert_eq!(attempt(&world).await["error"]["key"], "state_expired");

    let form = browser.send(Start::new().form()).await;
    let result = browser.send(Form::read(&form).press(Some(("cancel", "1")))).await;
    let found = listed(&world, "").await[0].clone();
    assert_eq!((&found["status"], &found["error"]), (&json!("error"), &error_data(&result)));
    assert_eq!(found["error"]["key"], "authorization_denied");
}

/// The tokens that wait for a choice, or for the application, go soon. The attempt stays.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_found_when_its_flow_has_gone_with_what_waited_in_it() {
    let world = World::new().await;
    let mut confirming = definitions::workspace(WORKSPACE);
    confirming["confirmUser"] = true.into();
    world.define_workspace(WORKSPACE, &confirming).await;
    world.define("mail", &definitions::api_key()).await;
    world.forget_definitions();
    world.connect(&world.browser(), &Start::new()).await;
    let entered = keys().with(&json!({ "integrationKey": "mail" }));
    world.browser().send(entered.form()).await;
    let pending = listed(&world, "status=pending").await;
    assert_eq!(pending.len(), 2);
    world.clock.advance(Duration::from_mins(6));
    let ended = listed(&world, "status=error").await;
    let keys: Vec<&Value> = ended.iter().map(|attempt| &attempt["error"]["key"]).collect();
    assert_eq!(keys, ["state_expired"; 2]);

    for flow in world.dump().await.flows {
        let number = |name: &str| flow[name].as_n().unwrap().parse::<i64>().unwrap();
        assert_eq!(number("ttl"), number("confirmUntil") / 1000 + 3600);
        world.delete_flow(flow["pk"].as_s().unwrap()).await;
    }
    let left = listed(&world, "status=error").await;
    assert_eq!(left.len(), 2);
    for (left, ended) in left.iter().zip(&ended) {
        for name in ["id", "userId", "integrationId", "authOptionKey"] {
            assert_eq!(left[name], ended[name], "{name}");
        }
        assert_eq!(left["error"]["key"], "state_expired");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_keeps_what_would_have_gone_soon() {
    let world = World::new().await;
    let mut confirming = definitions::workspace(WORKSPACE);
    confirming["confirmUser"] = true.into();
    world.define_workspace(WORKSPACE, &confirming).await;
    let result = world.connect(&world.browser(), &Start::new()).await;
    let request = parameter(&result.away(), "connectionRequestId").unwrap();
    let path = format!("/connection-requests/{request}/complete");
    let token = tokens::customer(WORKSPACE, CUSTOMER);
    assert_eq!(world.api(Method::POST, &path, &token, None).await.status, 200);
    let flow = &world.dump().await.flows[0];
    let number = |name: &str| flow[name].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!(number("ttl"), number("endedAt") / 1000 + 30 * 86_400);
    assert_eq!(attempt(&world).await["status"], "success");
}

/// Nobody but a verified token's holder writes anything, and not above the workspace's limit.
#[tokio::test(start_paused = true)]
async fn what_is_not_verified_or_beyond_the_limit_is_no_attempt() {
    let world = World::new().await;
    let refused = [
        Start::new().with(&json!({ "token": tokens::customer("other", CUSTOMER) })),
        Start::new().with(&json!({ "token": tokens::admin(WORKSPACE) })),
        Start::new().with(&json!({ "redirectUri": "https://evil.example/" })),
        Start::new().from(&[("origin", "https://evil.example")]),
    ];
    for start in &refused {
        assert_ne!(world.browser().send(start.form()).await.status, 303);
    }
    let limited = world.limited_to(3);
    let starts = async |count: usize| {
        for _ in 0..count {
            limited.browser().send(Start::new().with(&json!({ "integrationKey": "none" })).form()).await;
        }
    };
    starts(20).await;
    let dump = world.dump().await;
    assert_eq!(dump.attempts.len(), 3);
    assert!(dump.flows.iter().all(|item| item["pk"].as_s().unwrap().starts_with("limit#")));
}

/// A refusal that arrives late does not undo the success that came after it.
#[tokio::test(start_paused = true)]
async fn an_end_that_arrives_late_changes_nothing() {
    let world = World::with(&definitions::api_key()).await;
    let browser = world.browser().for_a_person();
    let form = browser.send(Start::new().form()).await;
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    world.wire.fail("PutItem", 1, Fault::Late);
    browser.send(filled(&form).submit()).await;
    assert!(world.wire.recover());
    let late = world.wire.take_kept();
    assert_eq!(late.len(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.provider.next("/api/me", Reply::json(503, &json!({})));
    browser.send(filled(&form).submit()).await;
    for _ in 0..2 {
        world.wire.deliver(&late[0]).await;
        assert_eq!(attempt(&world).await["error"]["key"], "provider_unreachable");
    }
    browser.send(filled(&form).submit()).await.assert_connected();
    let before = world.dump().await;
    world.wire.deliver(&late[0]).await;
    assert_eq!(world.dump().await, before);
}

/// Nothing depends on it.
#[tokio::test(start_paused = true)]
async fn a_start_ends_as_it_would_when_its_end_cannot_be_noted() {
    let world = World::with(&definitions::api_key()).await;
    world.wire.fail("PutItem", tests::wire::FOR_GOOD, Fault::Outage);
    world.browser().send(keys().form()).await.assert_connected();
    let failed = world.browser().send(keys().with(&json!({ "integrationKey": "none" })).form()).await;
    assert_eq!(failed.redirected_refusal().key, "not_found");
}
