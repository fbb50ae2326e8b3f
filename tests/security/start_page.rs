//! The page that asks the customer whether they meant to start.

use serde_json::json;
use tests::tokens::{WORKSPACE_SECRET, in_an_hour, signed};
use tests::{Answer, Browser, Start, World, definitions};

async fn page(browser: &Browser, start: &Start) -> Answer {
    let link = start.clone().from(&[("sec-fetch-site", "none")]).link("/connect");
    browser.for_a_person().send(link).await
}

/// What the page's form would post.
fn payload(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"payload\" value=\"").unwrap();
    let (value, _) = rest.split_once('"').unwrap();
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
        .iter()
        .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[tokio::test(start_paused = true)]
async fn it_says_who_gets_access_to_what_and_cannot_be_framed() {
    let world = World::new().await;
    let browser = world.browser();
    let page = page(&browser, &Start::new()).await;
    assert_eq!(page.status.as_u16(), 200);
    for named in ["Acme &#38; Sons", "Example CRM", "Ada Example"] {
        assert!(page.body.contains(named), "{named}: {}", page.body);
    }
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(browser.cookie_names().is_empty());
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
    assert!(page.body.contains("<form method=\"post\" action=\"/connect\">"), "{}", page.body);
    let own = Start::new().from(&[("origin", "https://linkspan.example"), ("sec-fetch-site", "same-origin")]);
    let answer = browser.send(own.post_form("/connect", &[("payload", &payload(&page))])).await;
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

#[tokio::test(start_paused = true)]
async fn another_site_cannot_post_its_form() {
    let world = World::new().await;
    let browser = world.browser();
    let payload = payload(&page(&browser, &Start::new()).await);
    let before = world.dump().await;
    for headers in [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "same-site")],
    ] {
        let answer =
            browser.send(Start::new().from(headers).post_form("/connect", &[("payload", &payload)])).await;
        assert!(matches!(answer.status.as_u16(), 200 | 403), "{headers:?}");
        assert!(browser.cookie_names().is_empty(), "{headers:?}");
    }
    assert_eq!(world.dump().await, before);
}

/// What Chromium sends for the form of a page without a referrer.
#[tokio::test(start_paused = true)]
async fn its_own_form_goes_on_although_the_browser_names_no_origin() {
    let world = World::new().await;
    let browser = world.browser();
    let payload = payload(&page(&browser, &Start::new()).await);
    let own = Start::new().from(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
    let answer = browser.send(own.post_form("/connect", &[("payload", &payload)])).await;
    assert_eq!(answer.status, 303);
    assert_eq!(browser.cookie_names().len(), 1);
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
