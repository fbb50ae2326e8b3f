//! A callback counts only in the browser that began the flow, at the path that was announced, in time, and once.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tests::answer::refusal;
use tests::world::{AtProvider, callback_path};
use tests::{Browser, Start, World, definitions};

use crate::refused::assert_refused;

fn get(address: &str) -> Request<Bytes> {
    let path = address.strip_prefix("https://linkspan.example").unwrap_or(address);
    Request::get(path).body(Bytes::new()).unwrap()
}

/// Nobody burned the flow: its own browser still finishes it.
async fn assert_still_works(world: &World, browser: &Browser, at_provider: &AtProvider) {
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await.assert_connected();
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_state_is_no_flow() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    for query in ["", "?code=a", "?code=a&state=", "?error=&code=a"] {
        let request = get(&format!("{}{query}", callback_path()));
        assert_refused(&world, &browser, &request, &refusal(400, "state_missing", "state"), query).await;
    }
    assert_still_works(&world, &browser, &at_provider).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_state_is_no_flow() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let state = at_provider.state();
    let mut flipped = state.clone();
    flipped.replace_range(..1, if state.starts_with('A') { "B" } else { "A" });
    let flow = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    for wrong in ["x", &state[1..], &format!("{state}A"), &flipped, &flow, &browser.cookie_values()[0]] {
        let request = get(&format!("{}?code=a&state={wrong}", callback_path()));
        assert_refused(&world, &browser, &request, &refusal(400, "state_unknown", ""), wrong).await;
    }
    assert_still_works(&world, &browser, &at_provider).await;
}

#[tokio::test(start_paused = true)]
async fn an_expired_state_exchanges_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    world.clock.advance(Duration::from_mins(15));
    let expected = refusal(400, "state_expired", "");
    let late = browser.get(&at_provider.consent()).await;
    assert_eq!(late.redirected_refusal(), refusal(303, "state_expired", ""));
    assert!(world.provider.calls().is_empty());
    let flow = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    let result = get(&format!("/connection-result/{flow}"));
    assert_refused(&world, &browser, &result, &expected, "result").await;
}

#[tokio::test(start_paused = true)]
async fn a_flow_just_within_its_time_succeeds() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    world.clock.advance(Duration::from_millis(15 * 60 * 1000 - 1));
    let answered = browser.get(&at_provider.consent()).await;
    assert_eq!(answered.location().split('/').nth(1), Some("connection-result"));
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    // The provider took its time; the caller still hears of it.
    world.clock.advance(Duration::from_secs(59));
    let browser = browser.of(&world.functions);
    browser.get(answered.location()).await.assert_connected();
    world.clock.advance(Duration::from_millis(1001));
    assert_eq!(browser.get(answered.location()).await.refusal(), refusal(400, "state_expired", ""));
}

#[tokio::test(start_paused = true)]
async fn a_replayed_state_exchanges_nothing_again() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    assert_still_works(&world, &browser, &at_provider).await;
    let before = world.dump().await;
    // In its own browser, with another code: the result is what it was.
    let again = browser.get(&at_provider.back(&[("code", "stolen")])).await;
    browser.get(again.location()).await.assert_connected();
    // In another: nothing.
    let expected = refusal(403, "browser_mismatch", "");
    assert_refused(&world, &world.browser(), &get(&at_provider.consent()), &expected, "another browser")
        .await;
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn another_browser_can_neither_finish_nor_burn_a_flow() {
    let world = World::new().await;
    let victim = world.browser();
    let at_provider = world.begin(&victim, &Start::new()).await;
    let expected = refusal(403, "browser_mismatch", "");
    let callback = get(&at_provider.consent());
    let name = victim.cookie_names()[0].clone();
    let flow = name.strip_prefix("__Host-f-").unwrap().to_owned();
    let result = get(&format!("/connection-result/{flow}"));

    let bare = world.browser();
    let busy = world.browser();
    world.begin(&busy, &Start::new().by("user-2")).await;
    let forging = world.browser();
    forging.plant_cookie(&name, &busy.cookie_values()[0]);
    let nonsense = world.browser();
    nonsense.plant_cookie(&name, "nonsense");
    for (case, browser) in [("bare", bare), ("busy", busy), ("forging", forging), ("nonsense", nonsense)] {
        assert_refused(&world, &browser, &callback, &expected, case).await;
        let denial = get(&at_provider.back(&[("error", "access_denied")]));
        assert_refused(&world, &browser, &denial, &expected, case).await;
        assert_refused(&world, &browser, &result, &expected, case).await;
    }
    assert_still_works(&world, &victim, &at_provider).await;
}

/// Mix-up (RFC 9700 §4.4): an answer that arrives at another integration's address is not this provider's.
#[tokio::test(start_paused = true)]
async fn an_answer_at_another_integrations_address_claims_nothing() {
    let world = World::new().await;
    world.define("other", &definitions::integration()).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answer = at_provider.answer(&[("code", "a")]);
    let other = tests::definitions::integration_id("acme", "other");
    for path in [
        format!("/oauth-callback/{other}"),
        "/oauth-callback".to_owned(),
        "/oauth-callback/".to_owned(),
        format!("{}/", callback_path()),
        callback_path().to_uppercase().replace("/OAUTH-CALLBACK", "/oauth-callback"),
    ] {
        let expected = refusal(400, "integration_mismatch", "");
        assert_refused(&world, &browser, &get(&format!("{path}?{answer}")), &expected, &path).await;
    }
    assert_still_works(&world, &browser, &at_provider).await;
}

#[tokio::test(start_paused = true)]
async fn a_result_is_told_to_nobody_else() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let result = browser.get(&at_provider.consent()).await.location().to_owned();
    let other = world.browser();
    assert_refused(&world, &other, &get(&result), &refusal(403, "browser_mismatch", ""), "no cookie").await;
    for path in
        ["/connection-result/", "/connection-result/x", "/connection-result/../x", "/connection-result"]
    {
        let answer = other.send(get(path)).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    let unknown = get("/connection-result/AAAAAAAAAAAAAAAAAAAAAA");
    assert_refused(&world, &other, &unknown, &refusal(403, "browser_mismatch", ""), "unknown").await;
}
