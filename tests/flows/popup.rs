//! Without a redirect target, the result is handed to the window that opened the popup.

use serde_json::{Value, json};
use tests::definitions::{self, entered};
use tests::form::Form;
use tests::popup_result::PopupResult;
use tests::provider::{ACCESS_TOKEN, REFRESH_TOKEN};
use tests::wire::{FOR_GOOD, Fault};
use tests::{Start, World};

fn popup() -> Start {
    Start::new().with(&json!({ "redirectUri": null, "requestId": "r-1" }))
}

#[tokio::test(start_paused = true)]
async fn the_window_that_opened_it_hears_the_result() {
    let world = World::new().await;
    let page = world.connect(&world.browser().for_a_person(), &popup()).await;
    let result = PopupResult::read(&page);
    assert!(!result.around);
    assert_eq!(result.origins, ["https://app.example"]);
    assert_eq!(result.directive("frame-ancestors"), "'none'");
    let id = result.message["connection"]["id"].as_str().unwrap();
    let expected = json!({
        "source": "integration.app",
        "requestId": "r-1",
        "type": "newConnectionCreated",
        "connection": world.connection(id).await.json(),
    });
    assert_eq!(result.message, expected);
    for secret in [ACCESS_TOKEN, REFRESH_TOKEN, "credentials", "parameters"] {
        assert!(!page.body.contains(secret), "{secret}");
    }
    assert!(page.body.contains("<h1>Connected</h1>"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_heard_by_the_type_that_the_sdks_know() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let at_provider = world.begin(&browser, &popup()).await;
    let answered = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
    let page = browser.get(answered.location()).await;
    let result = PopupResult::read(&page);
    assert_eq!(result.message["type"], "newConnectionFailure");
    assert_eq!(result.message["error"], "The access was not granted.");
    assert_eq!(result.message["errorData"]["key"], "authorization_denied");
    assert_eq!(result.message["requestId"], "r-1");
    assert_eq!(result.message.get("connection"), None);
    assert!(page.body.contains("<h1>This did not work</h1>"));
}

#[tokio::test(start_paused = true)]
async fn where_the_browser_does_not_say_who_asked_the_workspaces_origins_hear_it_and_nobody_else() {
    let mut workspace = definitions::workspace("acme");
    workspace["origins"] = json!(["https://app.example", "https://admin.example"]);
    let world = World::new().await;
    world.define_workspace("acme", &workspace).await;
    let browser = world.browser().for_a_person();
    for (from, expected) in [
        (&[][..], vec!["https://app.example", "https://admin.example"]),
        (&[("origin", "https://admin.example")], vec!["https://admin.example"]),
    ] {
        let page = world.connect(&browser, &popup().from(from)).await;
        assert_eq!(PopupResult::read(&page).origins, expected, "{from:?}");
    }
    let link =
        popup().from(&[("referer", "https://admin.example/settings?a=b"), ("sec-fetch-site", "cross-site")]);
    let begun = browser.send(link.link("/connection-popup")).await;
    let state = tests::answer::parameter(&begun.away(), "state").unwrap();
    let callback = format!("{}?code=a&state={state}", tests::world::callback_path());
    let answered = browser.get(&callback).await;
    assert_eq!(PopupResult::read(&browser.get(answered.location()).await).origins, ["https://admin.example"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_in_the_message_can_leave_its_element() {
    let world = World::new().await;
    let evil = "</script><script>alert(1)</script><!--<script>\u{2028}'\"&lt;\\";
    let start = popup().with(&json!({ "name": evil, "requestId": evil }));
    let page = world.connect(&world.browser().for_a_person(), &start).await;
    // PopupResult::read fails where there is a third script.
    let result = PopupResult::read(&page);
    assert_eq!(result.message["connection"]["name"], evil);
    assert_eq!(result.message["requestId"], evil);
    assert_eq!(page.body.matches("</script").count(), 2);
    assert!(!page.body.contains("<!--"));
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_provider_is_handed_over_at_once() {
    let world = World::with(&definitions::api_key()).await;
    let start = popup().with(&json!({ "connectionParameters": entered() }));
    let page = world.browser().for_a_person().send(start.form()).await;
    let result = PopupResult::read(&page);
    assert_eq!((result.around, result.message["type"].as_str()), (false, Some("newConnectionCreated")));
    assert_eq!(result.directive("frame-ancestors"), "'none'");
}

#[tokio::test(start_paused = true)]
async fn a_form_in_between_does_not_change_who_hears_it() {
    let mut workspace = definitions::workspace("acme");
    workspace["origins"] = json!(["https://app.example", "https://admin.example"]);
    let world = World::with(&definitions::api_key()).await;
    world.define_workspace("acme", &workspace).await;
    let browser = world.browser().for_a_person();
    let form = Form::read(&browser.send(popup().form()).await);
    let form = form.fill("input/subdomain", "acme").fill("input/apiKey", definitions::API_KEY);
    let result = PopupResult::read(&browser.send(form.submit()).await);
    assert_eq!(result.origins, ["https://app.example"]);
    assert_eq!((result.around, result.message["requestId"].as_str()), (false, Some("r-1")));
}

#[tokio::test(start_paused = true)]
async fn the_page_can_be_loaded_again() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let at_provider = world.begin(&browser, &popup()).await;
    let answered = browser.get(&at_provider.consent()).await;
    let first = PopupResult::read(&browser.get(answered.location()).await).message;
    let second = PopupResult::read(&browser.get(answered.location()).await).message;
    assert_eq!(first, second);
    assert_ne!(first, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_target_goes_before_a_request_id() {
    let world = World::new().await;
    let start = Start::new().with(&json!({ "requestId": "r-1" }));
    world.connect(&world.browser().for_a_person(), &start).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_read_at_once_is_still_connected() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let at_provider = world.begin(&browser, &popup()).await;
    let answered = browser.get(&at_provider.consent()).await;
    // The flow is read, the connection is not.
    let wire = world.wire.clone();
    world.wire.meanwhile("GetItem", async move { wire.fail("GetItem", FOR_GOOD, Fault::Outage) });
    let page = browser.get(answered.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Almost there"), "{}", page.body);
    assert_eq!(page.header("refresh"), "2");
    let _ = world.wire.recover();
    let result = PopupResult::read(&browser.get(answered.location()).await);
    assert_eq!(result.message["type"], "newConnectionCreated");
}
