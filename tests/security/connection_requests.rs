//! A link that a backend makes: nobody guesses it, a leaked table opens none, and nothing begins before its button is pressed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, INTEGRATION, REDIRECT_URI};
use tests::form::Form;
use tests::logs::Logs;
use tests::screen::{CONNECT, in_frame, opening};
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::world::AtProvider;
use tests::{Start, World};

async fn made(world: &World, changes: &Value) -> Value {
    let mut body = json!({ "userId": CUSTOMER, "integrationKey": INTEGRATION });
    definitions::merge(&mut body, changes);
    let answer = world.api(Method::POST, "/connection-requests", &admin(WORKSPACE), Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()
}

fn id_of(request: &Value) -> &str {
    request["requestId"].as_str().unwrap()
}

fn link(request: &Value, headers: &[(&'static str, &str)]) -> Request<Bytes> {
    let link = format!("/screens/connect?connectionRequestId={}", id_of(request));
    let request =
        headers.iter().fold(Request::get(link), |request, (name, value)| request.header(*name, *value));
    request.body(Bytes::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_leaked_table_opens_no_link_and_shows_nothing_of_a_request() {
    let world = World::new().await;
    let redirect_uri = "https://app.example/wild/not-in-the-definition";
    let given = json!({
        "prompt": "a prompt that is read", "customState": "custom!+state/1", "redirectUri": redirect_uri,
        "connectorParameters": { "key": "connector!+secret/1" }, "name": "Name of a connection",
    });
    let request = made(&world, &given).await;
    let browser = world.browser().for_a_person();
    let page = browser.send(link(&request, &[])).await;
    let before = world.dump().await;
    let _ = browser.send(Form::read(&page).submit()).await.away();
    let bytes = URL_SAFE_NO_PAD.decode(id_of(&request)).unwrap();
    let texts = [
        "a prompt that is read",
        "custom!+state/1",
        redirect_uri,
        "connector!+secret/1",
        "Name of a connection",
    ];
    for dump in [before, world.dump().await] {
        assert!(
            !dump.contains(id_of(&request).as_bytes()) && !dump.contains(&bytes),
            "the tables hold the id"
        );
        for text in texts {
            assert!(!dump.contains(text.as_bytes()), "the tables hold {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_line_of_a_request_has_its_id() {
    let logs = Logs::record();
    let world = World::new().await;
    let request = made(&world, &json!({ "prompt": "a prompt that is read" })).await;
    let browser = world.browser().for_a_person();
    let page = browser.send(link(&request, &[])).await;
    let consent = AtProvider { address: browser.send(Form::read(&page).submit()).await.away() }.consent();
    let answered = browser.get(&consent).await;
    browser.get(answered.location()).await;
    let path = format!("/connection-requests/{}", id_of(&request));
    let ended = world.api(Method::GET, &path, &admin(WORKSPACE), None).await.json();
    assert_eq!(ended["status"], "success");
    browser.send(link(&request, &[])).await;
    world.api(Method::DELETE, &path, &admin(WORKSPACE), None).await;
    let listed = world.api(Method::GET, "/connection-attempt-logs", &admin(WORKSPACE), None).await.json();
    assert_eq!(listed["items"][0]["connectionRequestId"], request["requestId"]);
    let text = logs.text();
    assert!(text.contains("connection request made"), "the log was recorded");
    for secret in [id_of(&request), "a prompt that is read"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_not_found_by_anybody_else() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let request = made(&world, &json!({})).await;
    let path = format!("/connection-requests/{}", id_of(&request));
    let not_found = refusal(404, "not_found", "connectionRequestId");
    for token in [customer(WORKSPACE, "user-2"), customer("globex", CUSTOMER), admin("globex")] {
        for method in [Method::GET, Method::DELETE] {
            assert_eq!(world.api(method, &path, &token, None).await.refusal(), not_found);
        }
        let unknown = format!("/connection-requests/{}", "A".repeat(43));
        assert_eq!(world.api(Method::GET, &unknown, &token, None).await.refusal(), not_found);
    }
    let shown = world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await.json();
    assert_eq!(shown["status"], "pending");
}

#[tokio::test(start_paused = true)]
async fn a_start_of_another_customer_does_not_belong_to_the_request() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let request = made(&world, &json!({})).await;
    let belongs = json!({ "connectionRequestId": id_of(&request) });
    let foreign = Start::new().with(&json!({ "token": customer("globex", CUSTOMER) }));
    let malformed = Start::new().with(&json!({ "connectionRequestId": "x" }));
    for start in [Start::new().by("user-2").with(&belongs), foreign.with(&belongs), malformed] {
        let refused = world.browser().send(start.form()).await;
        assert_eq!(refused.refusal(), refusal(404, "not_found", "connectionRequestId"));
    }
    // And without a token the link's own id starts nothing here.
    let refused =
        world.browser().send(Start::new().with(&belongs).with(&json!({ "token": null })).form()).await;
    assert_eq!(refused.refusal(), refusal(401, "not_authenticated", "token"));
}

/// However the link is opened, and whatever the workspace says of starts, somebody must press the button.
#[tokio::test(start_paused = true)]
async fn a_link_begins_nothing_before_its_button_is_pressed_on_our_page() {
    let world = World::new().await;
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmStart"] = json!(false);
    workspace["origins"] = json!(["https://app.example"]);
    world.define_workspace(WORKSPACE, &workspace).await;
    world.forget_definitions();
    let request = made(&world, &json!({ "redirectUri": REDIRECT_URI })).await;
    let ways: &[&[(&'static str, &str)]] = &[
        &[],
        &[("sec-fetch-site", "none"), ("sec-fetch-dest", "document")],
        &[("sec-fetch-site", "cross-site"), ("referer", "https://mail.example/")],
        &[("sec-fetch-site", "cross-site"), ("referer", "https://app.example/")],
    ];
    for headers in ways {
        let browser = world.browser();
        let page = browser.send(link(&request, headers)).await;
        assert_eq!(page.status, 200, "{headers:?}: {}", page.body);
        assert_eq!(Form::read(&page).asked(), [], "{headers:?}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"), "{policy}");
        // Another site's page, even with the form's own number, presses nothing; nor does another browser.
        let form = Form::read(&page).submit();
        let body = String::from_utf8(form.body().to_vec()).unwrap();
        let crossed = browser.post_cross_site("/connection-popup", body).await;
        assert!(crossed.status.is_client_error(), "{}", crossed.status);
        assert!(world.browser().send(Form::read(&page).submit()).await.status.is_client_error());
        let _ = browser.send(form).await.away();
    }
    let browser = world.browser();
    let (dest, site) = ("sec-fetch-dest", ("sec-fetch-site", "cross-site"));
    let framed = browser.send(link(&request, &[(dest, "iframe"), site])).await;
    assert_eq!(framed.redirected_refusal().key, "interaction_required");
    let prefetched = browser.send(link(&request, &[("sec-purpose", "prefetch")])).await;
    assert_eq!(prefetched.status, 503);
    let image = browser.send(link(&request, &[(dest, "image"), site])).await;
    assert_eq!(image.refusal().key, "origin_not_allowed");
}

/// What a program with the old secret has made is over, and stays so whatever is put later. What is made anew serves.
#[tokio::test(start_paused = true)]
async fn what_was_made_with_a_leaked_secret_ends_when_the_workspace_says_so() {
    let world = World::new().await;
    let browser = world.browser().for_a_person();
    let old = made(&world, &json!({})).await;
    let page = browser.send(link(&old, &[])).await;
    let screen = browser.send(opening(CONNECT, &[("integrationKey", INTEGRATION)])).await;
    let pressed = async |form: &Form| browser.send(in_frame(form.submit())).await;
    assert_eq!(pressed(&Form::with(&screen, "ticket")).await.status, 200);

    world.clock.advance(Duration::from_secs(1));
    let put = async |moment: Value| {
        let mut definition = definitions::workspace(WORKSPACE);
        definition["linksNotBefore"] = moment;
        let path = format!("/workspaces/{WORKSPACE}");
        let answer = world.api(Method::PUT, &path, &admin(ROOT), Some(&definition)).await;
        world.forget_definitions();
        answer
    };
    for wrong in ["now", "2026-01-01T00:00:02Z"] {
        assert_eq!(put(json!(wrong)).await.refusal(), refusal(400, "request_malformed", "linksNotBefore"));
    }
    assert_eq!(put(json!("2026-01-01T00:00:01Z")).await.status, 200);
    // A definition that does not say so, or says less, brings nothing back.
    for later in [Value::Null, json!("2025-01-01T00:00:00Z")] {
        assert_eq!(put(later).await.json()["linksNotBefore"], "2026-01-01T00:00:01Z");
    }
    for answer in [browser.send(link(&old, &[])).await, browser.send(Form::read(&page).submit()).await] {
        assert!(answer.body.contains("too old"), "{} {}", answer.status, answer.body);
    }
    let path = format!("/connection-requests/{}", id_of(&old));
    let shown = world.api(Method::GET, &path, &admin(WORKSPACE), None).await.json();
    let error = (&shown["status"], &shown["resultError"]["key"]);
    assert_eq!(error, (&json!("error"), &json!("connection_request_expired")));
    assert!(pressed(&Form::with(&screen, "ticket")).await.body.contains("too long"));

    let new = made(&world, &json!({})).await;
    let page = browser.send(link(&new, &[])).await;
    let _at_provider = browser.send(Form::read(&page).submit()).await.away();
    let screen = browser.send(opening(CONNECT, &[("integrationKey", INTEGRATION)])).await;
    assert_eq!(pressed(&Form::with(&screen, "ticket")).await.status, 200);
}
