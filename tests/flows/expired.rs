//! What comes too late connects nothing, but its customer is sent back to the application, if it is known and allowed.

use std::time::Duration;

use serde_json::json;
use tests::answer::{parameter, refusal};
use tests::definitions::{self, workspace};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::tokens::WORKSPACE;
use tests::world::callback_path;
use tests::{Browser, Start, World};

const LATE: Duration = Duration::from_mins(74);

async fn waiting(world: &World, start: &Start) -> (Browser, Form) {
    let browser = world.browser();
    let page = browser.for_a_person().send(start.form()).await;
    (browser, Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", "key"))
}

async fn world() -> World {
    World::with(&definitions::api_key()).await
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_sent_too_late_leads_back_to_the_application() {
    let world = world().await;
    let (browser, form) = waiting(&world, &Start::new().with(&json!({ "customState": "mine" }))).await;
    world.clock.advance(LATE);
    let answer = browser.send(form.submit()).await;
    assert_eq!(answer.redirected_refusal(), refusal(303, "state_expired", ""));
    assert_eq!(parameter(&answer.away(), "customState").as_deref(), Some("mine"));
    assert_eq!(answer.away().host_str(), Some("app.example"));
    assert!(world.provider.calls().is_empty());
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_address_that_the_workspace_no_longer_allows_gets_nothing() {
    let world = world().await;
    let (browser, form) = waiting(&world, &Start::new()).await;
    let mut moved = workspace(WORKSPACE);
    moved["redirectUris"] = json!(["https://moved.example/connected"]);
    world.define_workspace(WORKSPACE, &moved).await;
    world.clock.advance(LATE);
    let answer = browser.send(form.submit()).await;
    assert_eq!(answer.refusal(), refusal(400, "redirect_uri_not_allowed", "redirectUri"));
}

#[tokio::test(start_paused = true)]
async fn a_provider_s_answer_that_comes_too_late_leads_back_to_the_application() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new().with(&json!({ "customState": "mine" }))).await;
    world.clock.advance(LATE);
    for _ in 0..2 {
        let answer = browser.get(&at_provider.consent()).await;
        assert_eq!(answer.redirected_refusal(), refusal(303, "state_expired", ""));
        assert_eq!(parameter(&answer.away(), "customState").as_deref(), Some("mine"));
    }
    let elsewhere = world.browser().get(&at_provider.consent()).await;
    assert_eq!(elsewhere.refusal(), refusal(403, "browser_mismatch", ""));
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_window_that_waits_is_told_too() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let start = Start::new().with(&json!({ "redirectUri": null, "requestId": "r1" }));
    let at_provider = world.begin(&browser, &start).await;
    world.clock.advance(LATE);
    let message = PopupResult::read(&browser.get(&at_provider.consent()).await).message;
    assert_eq!(
        (&message["requestId"], &message["errorData"]["key"]),
        (&"r1".into(), &"state_expired".into())
    );
}

/// A browser keeps the cookie for as long as the flow is remembered, to the second.
#[tokio::test(start_paused = true)]
async fn the_cookie_lasts_as_long_as_the_flow_is_remembered() {
    let world = World::new().await;
    let browser = world.browser();
    let begun = browser.send(Start::new().form()).await;
    assert!(begun.cookies()[0].contains("Max-Age=4500"), "{:?}", begun.cookies());
    let callback = format!("{}?code=a&state={}", callback_path(), parameter(&begun.away(), "state").unwrap());
    world.clock.advance(Duration::from_millis(4_499_999));
    assert_eq!(browser.get(&callback).await.redirected_refusal().key, "state_expired");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(browser.get(&callback).await.refusal().key, "state_unknown");
}
