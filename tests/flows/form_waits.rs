//! A start waits behind its form, and goes on only in the browser that the form was shown to.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tests::answer::refusal;
use tests::definitions::{self, API_KEY};
use tests::form::Form;
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Browser, Start, World};

const LIFETIME: Duration = Duration::from_mins(15);

async fn world() -> World {
    World::with(&definitions::api_key()).await
}

async fn filled(browser: &Browser) -> Form {
    let page = browser.for_a_person().send(Start::new().form()).await;
    Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY)
}

/// The post is refused on our own page, and nothing has happened.
async fn assert_refused(world: &World, browser: &Browser, post: Request<Bytes>, key: &str) {
    let (status, field) = match key {
        "browser_mismatch" => (403, ""),
        _ => (400, "flow"),
    };
    let answer = browser.send(post).await;
    assert_eq!(answer.refusal(), refusal(status, key, field));
    assert!(answer.cookies().is_empty());
    assert_eq!(world.dump().await.connections.len(), 0);
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_page_holds_no_token() {
    let world = world().await;
    let browser = world.browser().for_a_person();
    let start = Start::new();
    let page = browser.send(start.form()).await;
    let token = start.payload["token"].as_str().unwrap();
    for part in token.split('.') {
        assert!(!page.body.contains(part), "{part}");
    }
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.cookies().len(), 1);
    assert!(page.cookies()[0].contains("Max-Age=4500"), "{:?}", page.cookies());
    let (_, secret) = page.cookies()[0].split_once('=').unwrap();
    assert!(!page.body.contains(secret.split(';').next().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn another_browser_cannot_send_it() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    assert_refused(&world, &world.browser(), form.submit(), "browser_mismatch").await;

    let theirs = world.browser();
    filled(&theirs).await;
    assert_refused(&world, &theirs, form.submit(), "browser_mismatch").await;
    browser.send(form.submit()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_cookie_of_the_same_name_does_not_open_it() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    let theirs = world.browser();
    filled(&theirs).await;
    let planted = world.browser();
    planted.plant_cookie(&browser.cookie_names()[0], &theirs.cookie_values()[0]);
    assert_refused(&world, &planted, form.submit(), "browser_mismatch").await;
}

#[tokio::test(start_paused = true)]
async fn another_site_cannot_send_it() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    let body = String::from_utf8(form.submit().into_body().to_vec()).unwrap();
    let answer = browser.post_cross_site("/connection-popup", body).await;
    assert_eq!(answer.refusal(), refusal(403, "browser_mismatch", ""));
    assert_eq!(world.dump().await.connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_not_a_form_of_this_browser_is_not_taken() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    let flow = form.control("flow").value.clone();
    for changed in [&flow[1..], &format!("{flow}A"), &format!("{flow}."), "nonsense", "../connect"] {
        let form = form.clone().fill("flow", changed);
        assert_refused(&world, &browser, form.submit(), "request_malformed").await;
    }
    let unknown = form.clone().fill("flow", &flow.chars().rev().collect::<String>());
    assert_refused(&world, &browser, unknown.submit(), "browser_mismatch").await;
    browser.send(form.submit()).await.assert_connected();
}

/// Who looks for an API key for two minutes should not lose the form to a token that lives for one.
#[tokio::test(start_paused = true)]
async fn a_token_that_expires_while_the_form_is_open_still_counts() {
    let world = world().await;
    let browser = world.browser().for_a_person();
    let claims = json!({ "iss": WORKSPACE, "id": CUSTOMER, "exp": tokens::in_an_hour() - 3540 });
    let token = tokens::signed(&claims, &tokens::secret_of(WORKSPACE));
    let start = Start::new().with(&json!({ "token": token }));
    let form = Form::read(&browser.send(start.form()).await);
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(browser.send(start.form()).await.status, 401);
    // A form that comes back with something to mend does not forget when its token was good.
    let again = Form::read(&browser.send(form.fill("input/subdomain", "not one!").submit()).await);
    let filled = again.fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    browser.send(filled.submit()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn an_old_form_is_not_taken() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    world.clock.advance(LIFETIME);
    for late in [form.submit(), form.press(Some(("cancel", "1"))), form.submit()] {
        let answer = browser.send(late).await;
        assert_eq!(answer.redirected_refusal(), refusal(303, "state_expired", ""));
        assert_eq!(world.dump().await.connections.len(), 0);
    }

    let form = filled(&browser).await;
    world.clock.advance(Duration::from_secs(15 * 60 - 1));
    browser.send(form.submit()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn only_what_the_form_asks_for_is_read() {
    let world = world().await;
    let browser = world.browser();
    let form = filled(&browser).await;
    let mut body = String::from_utf8(form.submit().into_body().to_vec()).unwrap();
    let payload = Start::new().by("user-2").with(&json!({ "redirectUri": "https://app.example/wild/x" }));
    body.push_str("&input%2Finjected=1&");
    body.push_str(&payload.query());
    let (head, _) = form.submit().into_parts();
    let result = browser.send(Request::from_parts(head, body.into())).await;
    assert_eq!(result.away().path(), "/connected");
    let id = result.connection_id();
    assert_eq!(world.connection(&id).await.json()["userId"], "user-1");
    assert_eq!(world.secrets(&id).await["parameters"], definitions::entered());
}

#[tokio::test(start_paused = true)]
async fn several_forms_are_open_at_once() {
    let world = world().await;
    let browser = world.browser();
    let (first, second) = (filled(&browser).await, filled(&browser).await);
    browser.send(second.submit()).await.assert_connected();
    browser.send(first.submit()).await.assert_connected();
}
