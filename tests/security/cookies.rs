//! A browser's cookies: what others set does no harm, and ours do not pile up.

use http::{HeaderValue, Request};
use tests::answer::refusal;
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn whatever_a_sibling_application_sets_a_flow_goes_on() {
    let world = World::new().await;
    for other in
        ["theme=caf\u{e9}".as_bytes(), b"x=\xe9", b"\xff\xfe", b"a=\"b; c\"", b"=; ;", b"__Host-f-=x"]
    {
        let with_other = |path: &str| {
            let path = path.strip_prefix("https://linkspan.example").unwrap_or(path);
            let other = HeaderValue::from_bytes(other).unwrap();
            Request::get(path).header("cookie", other).body(bytes::Bytes::new()).unwrap()
        };
        let browser = world.browser();
        let provider = world.begin(&browser, &Start::new()).await;
        let called_back = browser.send(with_other(&provider.consent())).await;
        assert!(called_back.location().starts_with("/connection-result/"), "{}", called_back.location());
        browser.send(with_other(called_back.location())).await.assert_connected();
    }
}

/// Browsers keep `__Host-` names to the host itself. A name that begins with some other white space has no such prefix, so
/// an application beside ours can set it for the whole site.
#[tokio::test(start_paused = true)]
async fn a_cookie_that_only_looks_like_ours_is_none() {
    let world = World::new().await;
    for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}", "\u{feff}", "\t"] {
        let attacker = world.browser();
        let provider = world.begin(&attacker, &Start::new()).await;
        let (name, value) = (&attacker.cookie_names()[0], &attacker.cookie_values()[0]);
        let planted = HeaderValue::from_bytes(format!("{space}{name}={value}").as_bytes()).unwrap();
        let callback = provider.consent();
        let path = callback.strip_prefix("https://linkspan.example").unwrap();
        let request = Request::get(path).header("cookie", planted).body(bytes::Bytes::new()).unwrap();
        let answer = world.browser().send(request).await;
        assert_eq!(answer.refusal(), refusal(403, "browser_mismatch", ""), "{space:?}");
        assert!(world.provider.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_starts_flow_after_flow_leaves_no_more_than_twenty_cookies() {
    let world = World::new().await;
    let browser = world.browser();
    let asked = Start::new().from(&[("sec-fetch-site", "none")]);
    for number in 0..149 {
        let start = if number % 2 == 0 { Start::new().form() } else { asked.link("/connect") };
        browser.send(start).await;
        assert!(browser.cookie_names().len() <= 20, "{number}");
    }
    // The newest are those that are kept.
    let provider = world.begin(&browser, &Start::new()).await;
    let called_back = browser.get(&provider.consent()).await;
    browser.get(called_back.location()).await.assert_connected();
}
