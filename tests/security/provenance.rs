//! Started on purpose: who may start a flow without asking the customer first.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;
use tests::answer::refusal;
use tests::{Start, World, definitions};

use crate::refused::assert_refused;

const APP: &str = "https://app.example";
const OWN: &str = "https://linkspan.example";
const EVIL: &str = "https://evil.example";

type Headers<'a> = &'a [(&'static str, &'a str)];

fn request(method: &Method, headers: Headers<'_>) -> Request<Bytes> {
    let start = Start::new().from(headers);
    if *method == Method::POST { start.form() } else { start.link("/connection-popup") }
}

const STRAIGHT_ON: &[(Method, Headers<'_>)] = &[
    (Method::POST, &[("origin", APP)]),
    (Method::POST, &[("origin", APP), ("sec-fetch-site", "cross-site")]),
    (Method::POST, &[]),
    (Method::GET, &[]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "https://app.example/a?b=c")]),
    (Method::GET, &[("sec-fetch-site", "same-site"), ("referer", "https://app.example/")]),
];

const ASKED_FIRST: &[(Method, Headers<'_>)] = &[
    (Method::POST, &[("origin", "null")]),
    (
        Method::POST,
        &[("origin", "null"), ("sec-fetch-site", "cross-site"), ("referer", "https://app.example/")],
    ),
    (Method::POST, &[("sec-fetch-site", "cross-site")]),
    (Method::GET, &[("sec-fetch-site", "none")]),
    (Method::GET, &[("sec-fetch-site", "cross-site")]),
    (Method::GET, &[("sec-fetch-site", "same-site")]),
    // Our own pages vouch for nothing: a definition can make one of them lead to a start.
    (Method::GET, &[("sec-fetch-site", "same-origin")]),
    (Method::GET, &[("sec-fetch-site", "same-origin"), ("referer", "https://linkspan.example/x")]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "https://linkspan.example/x")]),
    (Method::POST, &[("origin", "null"), ("sec-fetch-site", "same-origin")]),
    (Method::POST, &[("sec-fetch-site", "same-origin")]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "https://evil.example/")]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "https://app.example.evil.example/")]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "https://app.example@evil.example/")]),
    (Method::GET, &[("sec-fetch-site", "cross-site"), ("referer", "http://app.example/")]),
    (
        Method::GET,
        &[("origin", "null"), ("sec-fetch-site", "cross-site"), ("referer", "https://app.example/")],
    ),
];

const REFUSED: &[(Method, Headers<'_>)] = &[
    (Method::POST, &[("origin", EVIL)]),
    (
        Method::POST,
        &[("origin", EVIL), ("sec-fetch-site", "cross-site"), ("referer", "https://app.example/")],
    ),
    (Method::POST, &[("origin", "https://app.example.evil.example")]),
    (Method::POST, &[("origin", "https://evil.app.example")]),
    (Method::POST, &[("origin", "http://app.example")]),
    (Method::POST, &[("origin", "https://app.example:8443")]),
    (Method::POST, &[("origin", "https://app.example https://evil.example")]),
    (Method::POST, &[("origin", "chrome-extension://abcdefgh")]),
    (Method::POST, &[("origin", "")]),
    (Method::GET, &[("origin", EVIL)]),
    (Method::POST, &[("origin", OWN), ("sec-fetch-site", "same-origin")]),
    (Method::GET, &[("origin", OWN)]),
];

#[tokio::test(start_paused = true)]
async fn the_workspaces_own_pages_and_what_is_no_browser_go_straight_on() {
    let world = World::new().await;
    for (method, headers) in STRAIGHT_ON {
        let answer = world.browser().send(request(method, headers)).await;
        assert_eq!(answer.status.as_u16(), 303, "{method} {headers:?}");
        assert!(answer.location().starts_with("https://provider.example/"), "{method} {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whom_nobody_vouches_for_is_asked_first_and_nothing_has_happened() {
    let world = World::new().await;
    for (method, headers) in ASKED_FIRST {
        let before = world.dump().await;
        let browser = world.browser();
        let page = browser.send(request(method, headers)).await;
        assert_eq!(page.status.as_u16(), 200, "{method} {headers:?}");
        assert!(page.body.contains("Continue to Example CRM"), "{method} {headers:?}");
        // The start waits in a record of its own, bound to this browser.
        assert_eq!(browser.cookie_names().len(), 1, "{method} {headers:?}");
        let after = world.dump().await;
        assert_eq!(after.flows.len(), before.flows.len() + 1, "{method} {headers:?}");
        assert_eq!(after.connections, before.connections, "{method} {headers:?}");
        assert_eq!(world.provider.calls().len(), 0, "{method} {headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_sites_are_refused() {
    let world = World::new().await;
    for (method, headers) in REFUSED {
        let expected = refusal(403, "origin_not_allowed", "Origin");
        let case = format!("{method} {headers:?}");
        assert_refused(&world, &world.browser(), &request(method, headers), &expected, &case).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_turns_the_question_off_still_refuses_other_sites() {
    let world = World::new().await;
    let mut workspace = definitions::workspace("acme");
    workspace["confirmStart"] = json!(false);
    world.define_workspace("acme", &workspace).await;
    for (method, headers) in STRAIGHT_ON.iter().chain(ASKED_FIRST) {
        let answer = world.browser().send(request(method, headers)).await;
        assert_eq!(answer.status.as_u16(), 303, "{method} {headers:?}");
    }
    for (method, headers) in REFUSED {
        let expected = refusal(403, "origin_not_allowed", "Origin");
        assert_refused(&world, &world.browser(), &request(method, headers), &expected, "off").await;
    }
}

#[tokio::test(start_paused = true)]
async fn listed_origins_take_the_place_of_those_of_the_targets() {
    let world = World::new().await;
    let mut workspace = definitions::workspace("acme");
    workspace["origins"] = json!(["https://portal.example"]);
    world.define_workspace("acme", &workspace).await;
    let answer = world.browser().send(request(&Method::POST, &[("origin", "https://portal.example")])).await;
    assert_eq!(answer.status.as_u16(), 303);
    let expected = refusal(403, "origin_not_allowed", "Origin");
    let app = request(&Method::POST, &[("origin", APP)]);
    assert_refused(&world, &world.browser(), &app, &expected, "no longer listed").await;
}

#[tokio::test(start_paused = true)]
async fn a_prefetch_starts_nothing() {
    let world = World::new().await;
    let before = world.dump().await;
    for header in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("purpose", "preview"),
        ("x-purpose", "preview"),
        ("x-purpose", "Prefetch"),
        ("x-moz", "prefetch"),
        ("sec-purpose", "caf\u{e9}, prefetch"),
    ] {
        for method in [Method::GET, Method::POST] {
            let browser = world.browser();
            let answer = browser.send(request(&method, &[("origin", APP), header])).await;
            assert_eq!(answer.status.as_u16(), 503, "{header:?}");
            assert!(browser.cookie_names().is_empty());
        }
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn only_a_page_an_iframe_or_a_program_starts_something() {
    let world = World::new().await;
    for destination in [
        "image", "script", "style", "font", "audio", "worker", "manifest", "frame", "embed", "object", "",
        "é",
    ] {
        let expected = refusal(403, "origin_not_allowed", "Sec-Fetch-Dest");
        let request = request(&Method::GET, &[("sec-fetch-dest", destination)]);
        assert_refused(&world, &world.browser(), &request, &expected, destination).await;
    }
    for destination in ["document", "empty"] {
        let answer = world.browser().send(request(&Method::GET, &[("sec-fetch-dest", destination)])).await;
        assert_eq!(answer.status.as_u16(), 303, "{destination}");
    }
}

/// Without `Origin` and `Sec-Fetch-Site` a start is a program's, and goes straight on.
#[tokio::test(start_paused = true)]
async fn a_header_that_cannot_be_read_is_never_taken_for_an_absent_one() {
    let world = World::new().await;
    let refused = refusal(403, "origin_not_allowed", "Origin");
    for method in [Method::GET, Method::POST] {
        for origin in [&[APP, "caf\u{e9}"][..], &["caf\u{e9}"], &[APP, APP], &[APP, EVIL], &["null", APP]] {
            let headers: Vec<_> = origin.iter().map(|value| ("origin", *value)).collect();
            let request = request(&method, &headers);
            assert_refused(&world, &world.browser(), &request, &refused, &format!("{origin:?}")).await;
        }
        for headers in [
            &[("sec-fetch-site", "caf\u{e9}")][..],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("referer", "https://app.example/"),
                ("referer", "caf\u{e9}"),
            ],
        ] {
            let page = world.browser().send(request(&method, headers)).await;
            assert_eq!(page.status.as_u16(), 200, "{headers:?}");
            assert!(page.body.contains("Continue to Example CRM"), "{headers:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_callback_never_looks_at_the_origin() {
    let world = World::new().await;
    for headers in [
        &[("origin", EVIL), ("sec-fetch-site", "cross-site")][..],
        &[("origin", "null")],
        &[("referer", "https://provider.example/")],
    ] {
        let browser = world.browser();
        let callback = world.begin(&browser, &Start::new()).await.consent();
        let path = callback.strip_prefix(OWN).unwrap();
        let request = headers.iter().fold(Request::get(path), |r, (name, value)| r.header(*name, *value));
        let answered = browser.send(request.body(Bytes::new()).unwrap()).await;
        browser.get(answered.location()).await.assert_connected();
    }
}
