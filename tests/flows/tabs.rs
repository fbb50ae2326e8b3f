//! Several flows in one browser, and one flow looked at more than once.

use tests::answer::refusal;
use tests::{Start, World};

#[tokio::test(start_paused = true)]
async fn tabs_do_not_clobber_each_other() {
    let world = World::new().await;
    let browser = world.browser();
    let first = world.begin(&browser, &Start::new().by("user-1")).await;
    let second = world.begin(&browser, &Start::new().by("user-2")).await;
    let third = world.begin(&browser, &Start::new().by("user-3")).await;
    assert_eq!(browser.cookie_names().len(), 3);
    for (at_provider, customer) in [(second, "user-2"), (third, "user-3"), (first, "user-1")] {
        let answered = browser.get(&at_provider.consent()).await;
        let id = browser.get(answered.location()).await.connection_id();
        assert_eq!(world.secrets(&id).await["userId"], customer);
    }
}

#[tokio::test(start_paused = true)]
async fn the_callback_can_be_reloaded() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let first = browser.get(&at_provider.consent()).await;
    let id = browser.get(first.location()).await.connection_id();
    let before = world.dump().await;
    for _ in 0..3 {
        let again = browser.get(&at_provider.consent()).await;
        assert_eq!(again.location(), first.location());
        assert_eq!(browser.get(again.location()).await.connection_id(), id);
    }
    assert_eq!(world.dump().await, before);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_result_can_be_read_until_a_minute_after_the_flow_expires() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.consent()).await;
    let first = browser.get(answered.location()).await;
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(290));
        assert_eq!(browser.get(answered.location()).await.location(), first.location());
    }
    world.clock.advance(std::time::Duration::from_secs(91));
    assert_eq!(browser.get(answered.location()).await.refusal(), refusal(400, "state_expired", ""));
}

#[tokio::test(start_paused = true)]
async fn a_browser_keeps_the_cookies_of_its_newest_twenty_flows() {
    let world = World::new().await;
    let browser = world.browser();
    browser.plant_cookie("session", "not ours");
    let mut flows = Vec::new();
    for _ in 0..24 {
        flows.push(world.begin(&browser, &Start::new()).await);
    }
    assert_eq!(browser.cookie_names().len(), 21);
    let given_up = browser.get(&flows[3].consent()).await;
    assert_eq!(given_up.refusal(), refusal(403, "browser_mismatch", ""));

    // Tabs that start at the same time do not see each other's cookies.
    for other in ["a", "b", "c", "d"] {
        browser.plant_cookie(&format!("__Host-f-{}", other.repeat(22)), "x");
    }
    // The oldest flow of all finishes: its own cookie stays, or a reload would fail.
    let names = browser.cookie_names();
    let answered = browser.get(&flows[4].consent()).await;
    let mut kept = names[..2].to_vec();
    kept.extend_from_slice(&names[6..]);
    assert_eq!(browser.cookie_names(), kept);
    browser.get(answered.location()).await.assert_connected();
    assert_eq!(browser.cookie_names(), kept);

    let newest = browser.get(&flows[23].consent()).await;
    browser.get(newest.location()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_looks_before_they_agreed_is_told_to_finish() {
    let world = World::new().await;
    let browser = world.browser();
    world.begin(&browser, &Start::new()).await;
    let flow = browser.cookie_names()[0].strip_prefix("__Host-f-").unwrap().to_owned();
    let result = browser.get(&format!("/connection-result/{flow}")).await;
    assert_eq!(result.status.as_u16(), 202);
    assert_eq!(result.json()["status"], "not_authorized");
    let page = browser.for_a_person().get(&format!("/connection-result/{flow}")).await;
    assert!(page.body.contains("Not finished yet"), "{}", page.body);
}
