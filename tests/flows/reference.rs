//! One reference for a request, or for all requests of a flow: on every page, in every `errorData`, every error body and
//! every line of the log.

use std::time::Duration;

use http::Method;
use protocol::record::Reference;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::{integration, workspace};
use tests::form::Form;
use tests::logs::Logs;
use tests::popup_result::PopupResult;
use tests::provider::Reply;
use tests::tokens::{self, WORKSPACE};
use tests::{Answer, Browser, Start, World};

/// The reference that a page shows.
fn shown(page: &Answer) -> String {
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{}", page.body);
    let (_, rest) = page.body.split_once("class=\"reference\"").unwrap();
    rest.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned()
}

fn in_error_data(redirect: &Answer) -> String {
    let data: Value = serde_json::from_str(&parameter(&redirect.away(), "errorData").unwrap()).unwrap();
    data["reference"].as_str().unwrap().to_owned()
}

/// The only reference of all lines.
fn logged(logs: &Logs) -> String {
    let lines = logs.lines();
    let reference = lines[0]["reference"].as_str().unwrap().to_owned();
    assert!(lines.iter().all(|line| line["reference"] == reference.as_str()), "{lines:#?}");
    assert!(Reference::parse(&reference).is_some(), "{reference}");
    reference
}

async fn denied(world: &World, browser: &Browser, start: &Start) -> Answer {
    let at_provider = world.begin(browser, start).await;
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    browser.get(answered.location()).await
}

#[tokio::test(start_paused = true)]
async fn a_flow_has_one_from_its_start_to_its_result_and_another_flow_another() {
    let world = World::new().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let logs = Logs::record();
        let result = denied(&world, &world.browser(), &Start::new()).await;
        assert_eq!(logs.lines().len(), 3);
        assert_eq!(in_error_data(&result), logged(&logs));
        seen.push(logged(&logs));
    }
    assert_ne!(seen[0], seen[1]);
}

/// The start waits in a record of its own, whose id is not that of the flow that it becomes.
#[tokio::test(start_paused = true)]
async fn a_start_keeps_it_behind_our_pages() {
    let mut definition = integration();
    definition["authOptions"][0]["inputSchema"] =
        json!({ "type": "object", "required": ["region"], "properties": { "region": { "type": "string" } } });
    let world = World::with(&definition).await;
    let logs = Logs::record();
    let browser = world.browser().for_a_person();
    // From a browser that does not say where it comes from: confirmed first, then asked.
    let start = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "cross-site")]);
    let confirmation = browser.send(start.form()).await;
    let form = browser.send(Form::read(&confirmation).submit()).await;
    let away = browser.send(Form::read(&form).fill("input/region", "eu").submit()).await;
    let state = parameter(&away.away(), "state").unwrap();
    let callback = parameter(&away.away(), "redirect_uri").unwrap();
    let answered = browser.get(&format!("{callback}?error=access_denied&state={state}")).await;
    let result = browser.get(answered.location()).await;
    let reference = logged(&logs);
    assert_eq!(logs.lines().len(), 5);
    assert_eq!(
        [shown(&confirmation), shown(&form), in_error_data(&result)],
        [(); 3].map(|()| reference.clone())
    );
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_no_flow_has_one_of_its_own() {
    let world = World::new().await;
    let person = world.browser().for_a_person();
    let logs = Logs::record();
    let page = person.send(Start::new().with(&json!({ "token": "none" })).form()).await;
    assert_eq!(shown(&page), logged(&logs));
    drop(logs);
    let logs = Logs::record();
    let page = person.get("/connection-result/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert_eq!(shown(&page), logged(&logs));
    drop(logs);
    let logs = Logs::record();
    let answer = world.api(Method::GET, "/connections/none", &tokens::admin(WORKSPACE), None).await;
    assert_eq!(answer.json()["reference"], logged(&logs));
}

/// Another browser learns nothing of a flow, but what it is shown is in the log.
#[tokio::test(start_paused = true)]
async fn another_browser_is_shown_another_one() {
    let world = World::new().await;
    let begun = Logs::record();
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    let flow_s = logged(&begun);
    drop(begun);
    let logs = Logs::record();
    let page = world.browser().for_a_person().get(&at_provider.consent()).await;
    assert_eq!(shown(&page), logged(&logs));
    assert_ne!(shown(&page), flow_s);
}

#[tokio::test(start_paused = true)]
async fn a_popup_posts_it_and_shows_it() {
    let world = World::new().await;
    let logs = Logs::record();
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "redirectUri": null, "requestId": "r1" }));
    let page = denied(&world, &browser, &start).await;
    let message = PopupResult::read(&page).message;
    assert_eq!(message["errorData"]["reference"], logged(&logs));
    assert_eq!(shown(&page), logged(&logs));
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_refresh_failed_names_that_of_the_refresh() {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.clock.advance(Duration::from_mins(45));
    world.provider.next("/oauth/token", Reply::body(503, "text/plain", "later"));
    let logs = Logs::record();
    world.run_schedule_again().await;
    let reference = logged(&logs);
    drop(logs);
    assert_eq!(world.connection(&id).await.json()["error"]["reference"], reference);
}

#[tokio::test(start_paused = true)]
async fn the_application_that_completes_a_request_is_told_that_of_its_flow() {
    let world = World::new().await;
    let mut confirming = workspace(WORKSPACE);
    confirming["confirmUser"] = true.into();
    world.define_workspace(WORKSPACE, &confirming).await;
    let logs = Logs::record();
    let result = world.connect(&world.browser(), &Start::new()).await;
    let request = parameter(&result.away(), "connectionRequestId").unwrap();
    world.provider.next("/oauth/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let path = format!("/connection-requests/{request}/complete");
    let answer = world.api(Method::POST, &path, &tokens::customer(WORKSPACE, tokens::CUSTOMER), None).await;
    assert_eq!(answer.json()["key"], "token_rejected");
    assert_eq!(answer.json()["reference"], logged(&logs));
    assert_eq!(logs.lines().len(), 4);
}
