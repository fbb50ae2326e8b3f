//! How connection requests end: by one connection, by being cancelled, or because their time is over.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::{parameter, refusal};
use tests::definitions::{self, REDIRECT_URI, integration_with};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};

use crate::connection_requests::{
    at_provider, cancelled, consented, denied, made, now, opened, own_page, path_of, pressed,
};
use crate::erased_customer::{a_moment_later, erase};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_failure_leaves_the_request_as_it_is_and_is_told() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    let browser = world.browser().for_a_person();
    let flow = at_provider(&browser, &request).await;
    let page = denied(&browser, &flow).await;
    assert_eq!(own_page(&page), (403, true));
    assert!(page.body.contains("open the link again"), "{}", page.body);

    let failed = now(&world, &request).await;
    assert_eq!(
        (&failed["status"], &failed["lastError"]["key"]),
        (&json!("pending"), &json!("authorization_denied"))
    );
    let reference = failed["lastError"]["reference"].as_str().unwrap();
    assert!(page.body.contains(reference));
    // A later success forgets it.
    consented(&browser, &at_provider(&browser, &request).await).await;
    let ended = now(&world, &request).await;
    assert_eq!((&ended["status"], &ended["lastError"]), (&json!("success"), &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn two_flows_of_one_request_end_and_one_has_connected() {
    let revocable = integration_with(&json!({ "revocationUri": "https://provider.example/oauth/revoke" }));
    for more in [false, true] {
        let world = World::with(&revocable).await;
        world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
        let request =
            made(&world, &json!({ "allowMultipleConnections": more, "redirectUri": REDIRECT_URI })).await;
        let (one, other) = (world.browser().for_a_person(), world.browser().for_a_person());
        let (at_one, at_other) = tokio::join!(at_provider(&one, &request), at_provider(&other, &request));
        let (first, second) = tokio::join!(consented(&one, &at_one), consented(&other, &at_other));
        let ids: Vec<_> = [&first, &second]
            .into_iter()
            .filter_map(|result| parameter(&result.away(), "connectionId"))
            .collect();
        assert_eq!(ids.len(), 1, "{} {}", first.location(), second.location());
        let refused = if parameter(&first.away(), "error").is_some() { &first } else { &second };
        assert_eq!(refused.redirected_refusal().key, "connection_request_used");
        assert_eq!(now(&world, &request).await["resultConnectionId"], ids[0]);
        assert_eq!(world.dump().await.slot_ids(), ids);
        // The provider may have one grant for both: what the other one lives by is not revoked.
        assert!(world.provider.calls_to("/oauth/revoke").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_sent_twice_at_once_connects_once() {
    let world = World::empty().await.defined(&definitions::api_key()).await;
    let given = json!({ "allowMultipleConnections": true, "redirectUri": REDIRECT_URI });
    let request = made(&world, &given).await;
    let browser = world.browser().for_a_person();
    let form = pressed(&browser, &request).await;
    let form = Form::read(&form).fill("input/subdomain", "acme").fill("input/apiKey", definitions::API_KEY);
    let (first, second) = tokio::join!(browser.send(form.submit()), browser.send(form.submit()));
    let connected =
        [&first, &second].into_iter().filter(|result| result.location().contains("connectionId=")).count();
    assert_eq!(connected, 1, "{} {}", first.location(), second.location());
    assert_eq!(world.dump().await.live_connections().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_cancelled_or_too_old_connects_nothing_any_more() {
    for cancels in [true, false] {
        let world = World::new().await;
        let request = made(&world, &json!({ "expiresIn": 600 })).await;
        let browser = world.browser().for_a_person();
        // One customer is at the provider, another has only opened the link.
        let flow = at_provider(&browser, &request).await;
        let other = world.browser().for_a_person();
        let page = opened(&other, &request).await;
        let (status, key, words) = if cancels {
            cancelled(&world, &request).await;
            cancelled(&world, &request).await;
            ("cancelled", "connection_request_cancelled", "was withdrawn")
        } else {
            world.clock.advance(10 * MINUTE);
            ("error", "connection_request_expired", "is too old")
        };
        let shown = now(&world, &request).await;
        assert_eq!(shown["status"], status);
        assert_eq!(shown["resultError"]["key"] == key, !cancels, "{shown}");
        for answer in [opened(&other, &request).await, other.send(Form::read(&page).submit()).await] {
            assert_eq!(own_page(&answer), (410, true));
            assert!(answer.body.contains(words), "{}", answer.body);
        }
        let answered = browser.get(&flow.consent()).await;
        let result = if cancels { browser.get(answered.location()).await } else { answered };
        assert!(result.status.is_client_error(), "{}", result.status);
        assert_eq!(world.dump().await.live_connections().len(), 0);
        assert_eq!(now(&world, &request).await["status"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_began_in_time_connects_nothing_after_the_requests_end() {
    let world = World::new().await;
    let request = made(&world, &json!({ "expiresIn": 60 })).await;
    let browser = world.browser().for_a_person();
    let flow = at_provider(&browser, &request).await;
    // The callback comes in time, and its exchange takes until after the end.
    world.clock.advance(Duration::from_millis(59_999));
    let clock = world.clock.clone();
    world.wire.meanwhile("UpdateItem", async move { clock.advance(Duration::from_millis(2)) });
    let result = consented(&browser, &flow).await;
    assert_eq!(own_page(&result), (410, true));
    assert!(result.body.contains("is too old"), "{}", result.body);
    assert_eq!(world.provider.calls_to("/oauth/token").len(), 1);
    assert_eq!(world.dump().await.live_connections().len(), 0);
    assert_eq!(now(&world, &request).await["resultError"]["key"], "connection_request_expired");
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_asks_for_any_more_is_not_found() {
    let world = World::new().await;
    let request = made(&world, &json!({})).await;
    world.clock.advance(Duration::from_hours(7 * 24) + 30 * MINUTE);
    let answer = world.api(Method::GET, &path_of(&request), &admin(WORKSPACE), None).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "connectionRequestId"));
}

#[tokio::test(start_paused = true)]
async fn a_link_made_before_its_customer_was_erased_connects_nothing() {
    let world = World::new().await;
    let week = json!({ "expiresIn": 604_800, "redirectUri": REDIRECT_URI });
    let request = made(&world, &week).await;
    a_moment_later(&world);
    assert_eq!(erase(&world).await.status, 200);
    world.clock.advance(Duration::from_mins(7 * 24 * 60 - 1));
    let browser = world.browser().for_a_person();
    let flow = at_provider(&browser, &request).await;
    let refused = consented(&browser, &flow).await.redirected_refusal();
    assert_eq!(refused.key, "customer_erased");
    assert_eq!(world.dump().await.live_connections().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_write_of_a_request_that_arrives_once_more_changes_anything() {
    let world = World::new().await;
    world.wire.keep_writes();
    let browser = world.browser().for_a_person();
    let request = made(&world, &json!({})).await;
    let flow = at_provider(&browser, &request).await;
    let answered = browser.get(&flow.back(&[("error", "access_denied")])).await;
    browser.get(answered.location()).await;
    world.clock.advance(MINUTE);
    consented(&browser, &at_provider(&browser, &request).await).await;
    cancelled(&world, &request).await;
    let other = made(&world, &json!({})).await;
    cancelled(&world, &other).await;
    // What was opened, and comes back too late.
    let third = made(&world, &json!({})).await;
    let flow = at_provider(&browser, &third).await;
    cancelled(&world, &third).await;
    consented(&browser, &flow).await;
    world.assert_late_writes_change_nothing().await;
}
