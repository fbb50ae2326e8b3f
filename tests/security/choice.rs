//! Tokens that wait for the customer's choice: nobody else chooses, nothing else is chosen, and it ends by itself.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tests::answer::{parameter, refusal};
use tests::definitions::{self, API_KEY, integration_with, merge};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Browser, Fault, Start, World};

const TOKEN: &str = "/oauth/token";

fn choosing() -> Value {
    json!([{ "path": "/sites", "choose": { "value": "id", "label": "name", "as": "site" } }])
}

async fn world_with(mut definition: Value, confirm_user: bool) -> World {
    definition["authOptions"][0]["afterConnect"] = choosing();
    definition["baseUri"] = json!("https://provider.example/api");
    let world = World::with(&definition).await;
    let sites = json!([{ "id": "site-one", "name": "Labelled" }, { "id": "site-two", "name": "Beta" }]);
    world.provider.always("/api/sites", Reply::json(200, &sites));
    let mut workspace = definitions::workspace(WORKSPACE);
    merge(&mut workspace, &json!({ "confirmUser": confirm_user }));
    world.define_workspace(WORKSPACE, &workspace).await;
    world
}

async fn world() -> World {
    world_with(integration_with(&json!({})), false).await
}

fn typed() -> Value {
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "api-key", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["apiKey"], "properties": { "apiKey": { "type": "string" } },
        },
        "apiClient": { "headers": { "X-Api-Key": "${credentials.apiKey}" } },
        "test": { "path": "/me" },
    }]);
    definition
}

/// The address of the result, and the page there.
async fn asked(world: &World, browser: &Browser) -> (String, Answer) {
    let callback = world.begin(browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().trim_end_matches('#').to_owned();
    let page = browser.for_a_person().get(&result).await;
    (result, page)
}

fn posted(page: &Answer, body: &str) -> Request<Bytes> {
    let mut request = Form::read(page).submit();
    *request.body_mut() = Bytes::from(body.to_owned());
    request
}

async fn assert_still_asks(browser: &Browser, result: &str, page: &Answer) {
    assert_eq!(browser.for_a_person().get(result).await.body, page.body);
}

async fn assert_nothing_waits(world: &World) {
    assert!(world.dump().await.flows.iter().all(|flow| !flow.contains_key("choice")));
}

#[tokio::test(start_paused = true)]
async fn another_browser_learns_nothing_and_chooses_nothing() {
    let world = world().await;
    let browser = world.browser();
    let (result, page) = asked(&world, &browser).await;
    for foreign in [world.browser(), {
        let other = world.browser();
        let cookie = browser.cookie_names().pop().unwrap();
        other.plant_cookie(&cookie, &"A".repeat(43));
        other
    }] {
        assert_eq!(foreign.get(&result).await.refusal(), refusal(403, "browser_mismatch", ""));
        let refused = foreign.send(Form::read(&page).press(Some(("choice", "0")))).await;
        assert_eq!(refused.refusal(), refusal(403, "browser_mismatch", ""));
    }
    assert_still_asks(&browser, &result, &page).await;
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_items_that_were_found_can_be_chosen() {
    let world = world().await;
    let browser = world.browser();
    let (result, page) = asked(&world, &browser).await;
    for forged in [
        "step=0&choice=2",
        "step=0&choice=-1",
        "step=0&choice=site-one",
        "step=0&choice=18446744073709551616",
        "step=0&choice=0&choice=1",
        "step=0&choice=0&choice=evil",
        "step=0&site=evil&as=access_token",
        "step=0",
    ] {
        let answer = browser.send(posted(&page, forged)).await;
        assert!(answer.body.contains("Please choose one."), "{forged}: {}", answer.body);
    }
    for elsewhere in ["", "step=1&choice=0", "choice=0", "step=x&choice=0"] {
        assert_eq!(browser.send(posted(&page, elsewhere)).await.location().trim_end_matches('#'), result);
    }
    let mut large = Form::read(&page).submit();
    *large.body_mut() = Bytes::from("x".repeat(64 * 1024 + 1));
    assert_eq!(browser.send(large).await.refusal(), refusal(413, "request_too_large", ""));
    let mut json = Form::read(&page).submit();
    json.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(browser.send(json).await.refusal().key, "media_type_unsupported");
    assert_still_asks(&browser, &result, &page).await;
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_sites_page_chooses_nothing() {
    let world = world().await;
    let browser = world.browser();
    let (result, page) = asked(&world, &browser).await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut request = Form::read(&page).press(Some(("choice", "0")));
        request.headers_mut().insert(name, value.parse().unwrap());
        let refused = browser.send(request).await;
        assert_eq!(refused.refusal(), refusal(403, "origin_not_allowed", "Origin"), "{name}: {value}");
    }
    // A Lax cookie does not even go along.
    let path = result.replace("/connection-result/", "/connection-choice/");
    let refused = browser.post_cross_site(&path, "step=0&choice=0".to_owned()).await;
    assert_eq!(refused.status, 403);
    assert_still_asks(&browser, &result, &page).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_and_a_code_count_once_however_often_they_come() {
    let world = world().await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().to_owned();
    let page = browser.for_a_person().get(&result).await;
    // The callback again: it leads to the same question, and nothing is exchanged.
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(browser.get(&callback).await.location(), result);
    assert_still_asks(&browser, &result, &page).await;
    let answer = || Form::read(&page).press(Some(("choice", "0")));
    let ended = browser.send(answer()).await;
    let id = browser.get(ended.location()).await.connection_id();
    for _ in 0..2 {
        let again = browser.send(answer()).await;
        assert_eq!(browser.get(again.location()).await.connection_id(), id);
        let again = browser.get(&callback).await;
        assert_eq!(browser.get(again.location()).await.connection_id(), id);
    }
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_eq!(world.dump().await.connections.iter().filter(|it| it.contains_key("record")).count(), 1);
    assert_nothing_waits(&world).await;
}

#[tokio::test(start_paused = true)]
async fn after_ten_minutes_it_is_over_and_the_tokens_are_gone() {
    for by_form in [true, false] {
        let world = world().await;
        let browser = world.browser();
        // The choice has its own time, however late the callback came.
        let callback = world.begin(&browser, &Start::new()).await.consent();
        world.clock.advance(Duration::from_secs(14 * 60 + 59));
        let result = browser.get(&callback).await.location().to_owned();
        let page = browser.for_a_person().get(&result).await;
        world.clock.advance(Duration::from_mins(10) - Duration::from_millis(1));
        assert_still_asks(&browser, &result, &page).await;
        world.clock.advance(Duration::from_millis(1));
        let person = browser.for_a_person();
        let told = if by_form {
            person.send(Form::read(&page).press(Some(("choice", "0")))).await
        } else {
            person.get(&result).await
        };
        assert_eq!(told.redirected_refusal().key, "state_expired");
        assert_nothing_waits(&world).await;
        assert!(world.dump().await.connections.is_empty());
        // Whoever asks again hears the same, at the caller's address or on our page.
        assert_eq!(browser.get(&result).await.redirected_refusal().key, "state_expired");
        world.clock.advance(Duration::from_mins(1));
        assert_eq!(browser.get(&result).await.refusal(), refusal(400, "state_expired", ""));
    }
}

/// If nobody ever comes back, the table's own clock deletes what waits, a few minutes later.
#[tokio::test(start_paused = true)]
async fn what_nobody_chooses_is_no_connection_and_is_deleted_by_itself() {
    let world = world().await;
    let browser = world.browser();
    asked(&world, &browser).await;
    let dump = world.dump().await;
    assert!(dump.connections.is_empty());
    let flow = dump.flows.iter().find(|flow| flow.contains_key("choice")).unwrap();
    let number = |name: &str| flow[name].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!(number("ttl"), number("expiresAt") / 1000 + 120);
    let list = world.api(Method::GET, "/connections", &tokens::customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(list.json()["items"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_tables_reveal_nothing_of_what_waits() {
    let world = world().await;
    let browser = world.browser();
    let (_, page) = asked(&world, &browser).await;
    let dump = world.dump().await;
    for secret in [ACCESS_TOKEN, "site-one", "Labelled", &browser.cookie_values()[0]] {
        assert!(!dump.contains(secret.as_bytes()), "{secret}");
        assert!(secret == "Labelled" || !page.body.contains(secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_page_has_a_strict_policy_and_no_script() {
    let world = world().await;
    let (_, page) = asked(&world, &world.browser()).await;
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script-src") && !page.body.contains("<script"));
    assert_eq!(page.header("cache-control"), "no-store");
    // The cookie lasts as long as the choice.
    assert!(page.cookies().iter().any(|cookie| cookie.contains("Max-Age=4500")));
}

#[tokio::test(start_paused = true)]
async fn lost_answers_of_the_database_change_nothing() {
    let world = world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    // The claim, and what waits.
    world.wire.fail("UpdateItem", 2, Fault::LostAnswer);
    let result = browser.get(&at_provider.consent()).await.location().to_owned();
    let page = browser.for_a_person().get(&result).await;
    world.wire.fail("UpdateItem", 1, Fault::LostAnswer);
    world.wire.fail("TransactWriteItems", 1, Fault::LostAnswer);
    let answer = browser.send(Form::read(&page).press(Some(("choice", "1")))).await;
    browser.get(answer.location()).await.assert_connected();
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_eq!(world.dump().await.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn work_after_a_choice_that_dies_is_interrupted_for_good() {
    let world = world().await;
    let browser = world.browser();
    let (result, page) = asked(&world, &browser).await;
    world.provider.next("/api/me", Reply::hangs());
    let answer = browser.send(Form::read(&page).press(Some(("choice", "0"))));
    assert!(tokio::time::timeout(Duration::from_secs(1), answer).await.is_err(), "the function was stopped");
    world.clock.advance(Duration::from_secs(35));
    for _ in 0..2 {
        assert_eq!(browser.get(&result).await.redirected_refusal().key, "flow_interrupted");
    }
    assert_nothing_waits(&world).await;
}

async fn complete(world: &World, id: &str, user: &str) -> Answer {
    let token = tokens::customer(WORKSPACE, user);
    world.api(Method::POST, &format!("/connection-requests/{id}/complete"), &token, None).await
}

/// The application confirms its user first; then the code is exchanged, and that user chooses in the browser of the flow.
#[tokio::test(start_paused = true)]
async fn a_confirmed_user_chooses_in_the_browser_of_the_flow() {
    let world = world_with(integration_with(&json!({})), true).await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().to_owned();
    let id = parameter(&browser.get(&result).await.away(), "connectionRequestId").unwrap();
    assert!(world.provider.calls_to(TOKEN).is_empty());
    let mut uri = String::new();
    for _ in 0..2 {
        let answer = complete(&world, &id, CUSTOMER).await;
        assert_eq!(answer.refusal(), refusal(400, "interaction_required", ""));
        answer.json()["data"]["uri"].as_str().unwrap().clone_into(&mut uri);
    }
    assert_eq!(uri, format!("https://linkspan.example{}", result.trim_end_matches('#')));
    assert_eq!(complete(&world, &id, "another").await.refusal().key, "not_found");
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_eq!(world.browser().get(&uri).await.refusal(), refusal(403, "browser_mismatch", ""));
    // Whoever has the id, from the application's log, still has no browser of the flow.
    let thief = world.browser();
    thief.plant_cookie(&format!("__Host-f-{}", &id[..22]), &id[22..]);
    assert_eq!(thief.get(&uri).await.refusal(), refusal(403, "browser_mismatch", ""));

    let page = browser.for_a_person().get(&uri).await;
    let answer = browser.send(Form::read(&page).press(Some(("choice", "1")))).await;
    let back = browser.get(answer.location()).await.away();
    assert_eq!(parameter(&back, "connectionRequestId").as_deref(), Some(&*id));
    let connection = complete(&world, &id, CUSTOMER).await.json();
    let secrets = world.secrets(connection["id"].as_str().unwrap()).await;
    assert_eq!(secrets["credentials"]["site"], "site-two");
    assert_eq!(world.provider.calls_to(TOKEN).len(), 1);
    assert_nothing_waits(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_user_who_does_not_choose_is_not_connected() {
    let world = world_with(integration_with(&json!({})), true).await;
    let browser = world.browser();
    let callback = world.begin(&browser, &Start::new()).await.consent();
    let result = browser.get(&callback).await.location().to_owned();
    let id = parameter(&browser.get(&result).await.away(), "connectionRequestId").unwrap();
    assert_eq!(complete(&world, &id, CUSTOMER).await.refusal().key, "interaction_required");
    world.clock.advance(Duration::from_mins(10));
    for _ in 0..2 {
        assert_eq!(complete(&world, &id, CUSTOMER).await.refusal(), refusal(400, "state_expired", ""));
    }
    assert_nothing_waits(&world).await;
    assert!(world.dump().await.connections.is_empty());
}

/// What is entered is proved and chosen from first, and waits for the application after that.
#[tokio::test(start_paused = true)]
async fn what_was_entered_and_chosen_waits_for_the_application() {
    let world = world_with(typed(), true).await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "connectionParameters": { "apiKey": API_KEY } }));
    let begun = browser.send(start.form()).await;
    let page = browser.get(begun.location()).await;
    let answer = browser.send(Form::read(&page).press(Some(("choice", "0")))).await;
    let id = parameter(&browser.get(answer.location()).await.away(), "connectionRequestId").unwrap();
    let dump = world.dump().await;
    assert!(dump.connections.is_empty() && !dump.contains(API_KEY.as_bytes()));
    assert_eq!(complete(&world, &id, "another").await.refusal().key, "access_denied");
    // That ended it. Another flow goes through.
    let begun = browser.send(start.form()).await;
    let page = browser.get(begun.location()).await;
    let answer = browser.send(Form::read(&page).press(Some(("choice", "0")))).await;
    let id = parameter(&browser.get(answer.location()).await.away(), "connectionRequestId").unwrap();
    let connection = complete(&world, &id, CUSTOMER).await.json();
    let secrets = world.secrets(connection["id"].as_str().unwrap()).await;
    assert_eq!(secrets["credentials"], json!({ "apiKey": API_KEY, "site": "site-one" }));
}

#[tokio::test(start_paused = true)]
async fn inside_an_iframe_nobody_can_choose() {
    let world = world_with(typed(), false).await;
    let framed = Start::new()
        .with(&json!({ "requestId": "r-1", "connectionParameters": { "apiKey": API_KEY } }))
        .from(&[("origin", "https://app.example"), ("sec-fetch-dest", "iframe")]);
    let page = world.browser().for_a_person().send(framed.form()).await;
    let message = PopupResult::read(&page).message;
    assert_eq!(message["errorData"]["key"], "interaction_required");
    let dump = world.dump().await;
    assert_eq!((dump.flows.len(), dump.connections.len()), (0, 0));
}

/// A flow that waits at the provider, or behind our form, is no question, and a question is neither of these.
#[tokio::test(start_paused = true)]
async fn one_kind_of_waiting_is_not_another() {
    let world = world().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let flow = browser.cookie_names().pop().unwrap().replace("__Host-f-", "");
    let own = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
    let path = format!("/connection-choice/{flow}");
    let answer = browser.send(own.post_form(&path, &[("step", "0"), ("choice", "0")])).await;
    assert_eq!(answer.location().trim_end_matches('#'), format!("/connection-result/{flow}"));
    let callback = at_provider.consent();
    browser.get(&callback).await;
    let posted =
        browser.send(own.post_form("/connection-popup", &[("flow", &flow), ("option", "oauth")])).await;
    assert_eq!(posted.refusal(), refusal(400, "request_malformed", "flow"));
    for bad in ["x", &flow[1..], &format!("{flow}A")] {
        let path = format!("/connection-choice/{bad}");
        let refused = browser.send(own.post_form(&path, &[("step", "0"), ("choice", "0")])).await;
        assert_eq!(refused.status, 404, "{bad}");
    }
}
