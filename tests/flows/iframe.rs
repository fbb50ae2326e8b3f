//! Inside an iframe, where a browser keeps no cookie of ours: only what needs nobody's attention works.

use serde_json::{Value, json};
use tests::definitions::{self, API_KEY, entered};
use tests::oauth1::answers;
use tests::popup_result::PopupResult;
use tests::provider::Reply;
use tests::{Answer, Start, World};

/// As the older SDK does: a form posted into a hidden iframe, with a redirect target that it does not mean.
fn framed() -> Start {
    Start::new().with(&json!({ "requestId": "r-1", "connectionParameters": entered() })).from(&[
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-dest", "iframe"),
    ])
}

async fn send(world: &World, start: &Start) -> Answer {
    world.browser().for_a_person().send(start.form()).await
}

async fn assert_needs_attention(world: &World, start: &Start) {
    let result = PopupResult::read(&send(world, start).await);
    assert!(result.around);
    assert_eq!(result.message["type"], "newConnectionFailure");
    assert_eq!(result.message["requestId"], "r-1");
    assert_eq!(result.message["errorData"]["key"], "interaction_required");
    let dump = world.dump().await;
    assert_eq!((dump.flows.len(), dump.connections.len()), (0, 0));
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_result_is_posted_to_the_page_around() {
    let world = World::with(&definitions::api_key()).await;
    let page = send(&world, &framed()).await;
    assert!(page.cookies().is_empty());
    let result = PopupResult::read(&page);
    assert!(result.around);
    assert_eq!(result.origins, ["https://app.example"]);
    assert_eq!(result.directive("frame-ancestors"), "https://app.example");
    let id = result.message["connection"]["id"].as_str().unwrap();
    let expected = json!({
        "source": "integration.app",
        "requestId": "r-1",
        "type": "newConnectionCreated",
        "connection": world.connection(id).await.json(),
    });
    assert_eq!(result.message, expected);
    assert!(!page.body.contains(API_KEY));
}

#[tokio::test(start_paused = true)]
async fn without_a_target_the_page_around_hears_it_even_if_it_named_no_request() {
    let world = World::with(&definitions::api_key()).await;
    let start = framed().with(&json!({ "requestId": null, "redirectUri": null }));
    let result = PopupResult::read(&send(&world, &start).await);
    assert!(result.around);
    assert_eq!(result.directive("frame-ancestors"), "https://app.example");
    assert_eq!(result.message["type"], "newConnectionCreated");
    assert_eq!(result.message.get("requestId"), None);
}

#[tokio::test(start_paused = true)]
async fn only_the_page_that_said_who_it_is_hears_it() {
    let mut workspace = definitions::workspace("acme");
    workspace["origins"] = json!(["https://app.example", "https://admin.example"]);
    let world = World::with(&definitions::api_key()).await;
    world.define_workspace("acme", &workspace).await;
    let other = framed().from(&[("origin", "https://admin.example"), ("sec-fetch-dest", "iframe")]);
    let result = PopupResult::read(&send(&world, &other).await);
    assert_eq!(result.origins, ["https://admin.example"]);
    assert_eq!(result.directive("frame-ancestors"), "https://admin.example");

    let silent = framed().from(&[("sec-fetch-dest", "iframe")]);
    let result = PopupResult::read(&send(&world, &silent).await);
    assert_eq!(result.origins, ["https://app.example", "https://admin.example"]);
    assert_eq!(result.directive("frame-ancestors"), "https://app.example https://admin.example");

    let foreign = framed().from(&[("origin", "https://evil.example"), ("sec-fetch-dest", "iframe")]);
    let refused = send(&world, &foreign).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert!(!refused.body.contains("<script"));
    assert!(refused.header("content-security-policy").contains("frame-ancestors 'none'"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_posted_too() {
    let world = World::with(&definitions::api_key()).await;
    world.provider.always("/api/me", Reply::json(401, &json!({})));
    let result = PopupResult::read(&send(&world, &framed()).await);
    let expected = json!({
        "source": "integration.app",
        "requestId": "r-1",
        "type": "newConnectionFailure",
        "error": "The service did not accept the credentials.",
        "errorData": {
            "type": "connection",
            "key": "credentials_rejected",
            "message": "The service did not accept the credentials.",
            "data": { "status": 401 },
            "reference": result.message["errorData"]["reference"],
        },
    });
    assert_eq!(result.message, expected);
    assert_eq!(world.dump().await.connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_request_id_nobody_waits_and_the_target_is_meant() {
    let world = World::with(&definitions::api_key()).await;
    let result = send(&world, &framed().with(&json!({ "requestId": null }))).await;
    result.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn in_a_window_the_target_is_meant_although_the_sdks_send_a_request_id() {
    let world = World::with(&definitions::api_key()).await;
    let window = framed().from(&[("origin", "https://app.example"), ("sec-fetch-dest", "document")]);
    send(&world, &window).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn what_must_be_authorized_is_not_begun() {
    let world = World::with(&definitions::integration()).await;
    assert_needs_attention(&world, &framed()).await;
    let world = World::with(&definitions::oauth1()).await;
    answers(&world);
    assert_needs_attention(&world, &framed()).await;
}

#[tokio::test(start_paused = true)]
async fn what_must_be_asked_is_not_asked() {
    let world = World::with(&definitions::api_key()).await;
    for input in
        [Value::Null, json!({}), json!({ "subdomain": "acme" }), json!({ "subdomain": "A", "apiKey": "k" })]
    {
        assert_needs_attention(&world, &framed().with(&json!({ "connectionParameters": input }))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_vouches_for_is_not_confirmed_there() {
    let world = World::with(&definitions::api_key()).await;
    for from in [
        &[("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")][..],
        &[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")],
    ] {
        assert_needs_attention(&world, &framed().from(from)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_meant_is_not_judged_and_not_gone_to() {
    let world = World::with(&definitions::api_key()).await;
    let start = framed().with(&json!({ "redirectUri": "https://evil.example/" }));
    let page = send(&world, &start).await;
    let result = PopupResult::read(&page);
    assert_eq!(result.message["type"], "newConnectionCreated");
    assert_eq!(result.origins, ["https://app.example"]);
    assert!(!page.body.contains("evil.example"));
}
