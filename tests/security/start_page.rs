//! The page that asks the customer whether they meant to start.

use serde_json::json;
use tests::answer::refusal;
use tests::form::Form;
use tests::tokens::{WORKSPACE_SECRET, in_an_hour, signed};
use tests::{Answer, Browser, Start, World, definitions};

async fn page(browser: &Browser, start: &Start) -> Answer {
    let link = start.clone().from(&[("sec-fetch-site", "none")]).link("/connect");
    browser.for_a_person().send(link).await
}

#[tokio::test(start_paused = true)]
async fn it_says_who_gets_access_to_what_and_cannot_be_framed() {
    let world = World::new().await;
    let browser = world.browser();
    let page = page(&browser, &Start::new()).await;
    assert_eq!(page.status.as_u16(), 200);
    for named in ["Acme &#38; Sons will get access to your Example CRM account", "says that it is for"] {
        assert!(page.body.contains(named), "{named}: {}", page.body);
    }
    // The name is the token's, which anybody may choose who has one; the id is beside it.
    for said in ["<dt>Name</dt><dd><bdi>Ada Example</bdi></dd>", "<dt>User ID</dt><dd><bdi>user-1</bdi></dd>"]
    {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(browser.cookie_names().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn its_form_goes_on_with_everything_that_was_asked_for() {
    let world = World::new().await;
    let browser = world.browser();
    let old = world.connect(&browser, &Start::new()).await.connection_id();
    let asked = Start::new().with(&json!({
        "integrationId": "crm",
        "connectionParameters": { "a": "<&\"'>" },
        "connectorParameters": { "b": 1 },
        "connectionId": old,
        "name": "My \"CRM\"",
        "authOptionKey": "oauth",
        "allowMultipleConnections": true,
        "customState": "a b&c",
    }));
    let page = page(&browser, &asked).await;
    let answer = browser.send(Form::read(&page).submit()).await;
    let state = tests::answer::parameter(&answer.away(), "state").unwrap();
    let callback = tests::answer::parameter(&answer.away(), "redirect_uri").unwrap();
    let answered = browser.get(&format!("{callback}?code=a&state={state}")).await;
    let result = browser.get(answered.location()).await;
    assert_eq!(result.connection_id(), old);
    assert_eq!(tests::answer::parameter(&result.away(), "customState").as_deref(), Some("a b&c"));
    let secrets = world.secrets(&old).await;
    assert_eq!(secrets["name"], "My \"CRM\"");
    assert_eq!(secrets["parameters"], json!({ "a": "<&\"'>" }));
    assert_eq!(secrets["connectorParameters"], json!({ "b": 1 }));
}

/// Neither with the cookie, as an application beside ours on the same site could, nor without.
#[tokio::test(start_paused = true)]
async fn another_site_cannot_post_its_form() {
    let world = World::new().await;
    let browser = world.browser();
    let form = Form::read(&page(&browser, &Start::new()).await);
    let before = world.dump().await;
    for headers in [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "same-site")],
        &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://app.example")],
        &[("origin", "caf\u{e9}")],
        &[("sec-fetch-site", "caf\u{e9}")],
    ] {
        let flow = [("flow", form.control("flow").value.as_str())];
        let answer = browser.send(Start::new().from(headers).post_form("/connection-popup", &flow)).await;
        assert_eq!(answer.refusal(), refusal(403, "origin_not_allowed", "Origin"), "{headers:?}");
    }
    let body = String::from_utf8(form.submit().into_body().to_vec()).unwrap();
    let answer = browser.post_cross_site("/connection-popup", body).await;
    assert_eq!(answer.refusal(), refusal(403, "browser_mismatch", ""));
    assert_eq!(world.dump().await, before);
}

/// A page of ours that leads to a start proves nothing, whatever the browser says about where it came from.
#[tokio::test(start_paused = true)]
async fn it_cannot_be_skipped_by_way_of_our_own_pages() {
    let world = World::new().await;
    for headers in [
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "document")][..],
        &[("sec-fetch-site", "same-origin"), ("referer", "https://linkspan.example/connection-popup")],
        &[("sec-fetch-site", "same-origin"), ("referer", "https://linkspan.example/")],
    ] {
        let browser = world.browser();
        let page = browser.send(Start::new().from(headers).link("/connection-popup")).await;
        assert!(page.body.contains("Continue to Example CRM"), "{headers:?}");
        // What the page would post, without the record that it waits in.
        for flow in ["", "AAAAAAAAAAAAAAAAAAAAAA"] {
            let payload = Start::new().payload.to_string();
            let post = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
            let post = post.post_form("/connection-popup", &[("payload", &payload), ("flow", flow)]);
            let answer = browser.send(post).await;
            assert!(answer.status != 303 && world.provider.calls().is_empty(), "{headers:?} {flow}");
        }
    }
}

/// What Chromium sends for the form of a page without a referrer.
#[tokio::test(start_paused = true)]
async fn its_own_form_goes_on_although_the_browser_names_no_origin() {
    let world = World::new().await;
    let browser = world.browser();
    let form = Form::read(&page(&browser, &Start::new()).await);
    let answer = browser.send(form.submit()).await;
    assert_eq!(answer.status, 303);
    assert_eq!(browser.cookie_names().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn names_cannot_become_html() {
    let world = World::new().await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let mut workspace = definitions::workspace("acme");
    workspace["name"] = evil.into();
    world.define_workspace("acme", &workspace).await;
    let mut integration = definitions::integration();
    integration["name"] = evil.into();
    world.define("crm", &integration).await;
    let token =
        signed(&json!({ "iss": "acme", "id": "u", "name": evil, "exp": in_an_hour() }), WORKSPACE_SECRET);
    let start = Start::new().with(&json!({ "token": token, "customState": evil, "name": evil }));
    let page = page(&world.browser(), &start).await;
    for tag in ["<script", "<img", "onerror=alert(1)>\""] {
        assert!(!page.body.contains(tag), "{tag}: {}", page.body);
    }
    assert!(page.body.contains("&#60;script&#62;"), "{}", page.body);
}
