//! Answers without `state`. An error may end the one flow that it can belong to; a code is never taken.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;
use tests::answer::refusal;
use tests::definitions::{api_key, integration, integration_with};
use tests::world::{AtProvider, callback_path};
use tests::{Browser, Start, World};

use crate::refused::assert_refused;

const DENIED: &str = "error=access_denied";

async fn begun(world: &World) -> (Browser, AtProvider) {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    (browser, at_provider)
}

/// The answer changes nothing, and the flow goes on.
async fn assert_nothing_comes_of(world: &World, browser: &Browser, path_and_query: &str, case: &str) {
    let request = Request::get(path_and_query).body(Bytes::new()).unwrap();
    assert_refused(world, browser, &request, &refusal(400, "state_missing", "state"), case).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_the_only_flow_that_it_can_belong_to() {
    let denials = json!({ "denials": ["user_cancelled_login"] });
    let world = World::with(&integration_with(&denials)).await;
    for (error, key) in [
        ("access_denied", "authorization_denied"),
        ("user_cancelled_login", "authorization_denied"),
        ("server_error", "authorization_error"),
    ] {
        let (browser, at_provider) = begun(&world).await;
        let answered = browser.get(&format!("{}?error={error}", callback_path())).await;
        let result = browser.get(answered.location()).await;
        assert_eq!(result.redirected_refusal(), refusal(303, key, ""));
        // It has ended: a code that comes later is not exchanged.
        let later = browser.get(&at_provider.consent()).await;
        assert_eq!(browser.get(later.location()).await.redirected_refusal().key, key);
        // And the next try is a flow of its own.
        world.begin(&browser, &Start::new()).await;
        let again = browser.get(&format!("{}?{DENIED}", callback_path())).await;
        assert_eq!(browser.get(again.location()).await.redirected_refusal().key, "authorization_denied");
    }
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_posted_error_does_too() {
    let world = World::new().await;
    let (browser, _) = begun(&world).await;
    let posted = browser.post_cross_site(&callback_path(), DENIED.to_owned()).await;
    let answered = browser.get(posted.location()).await;
    let result = browser.get(answered.location()).await;
    assert_eq!(result.redirected_refusal().key, "authorization_denied");
}

/// The whole point of `state`: a code of somebody else's must not get into the customer's connection.
#[tokio::test(start_paused = true)]
async fn a_code_is_never_taken_whatever_comes_with_it() {
    for config in [json!({}), json!({ "callbackNames": { "code": "other_code" } })] {
        let world = World::with(&integration_with(&config)).await;
        for query in ["code=evil", "other_code=evil", "code=evil&error=", "error=&other_code=evil&state="] {
            let (browser, at_provider) = begun(&world).await;
            assert_nothing_comes_of(&world, &browser, &format!("{}?{query}", callback_path()), query).await;
            let form = query.to_owned();
            let posted = browser.post_cross_site(&callback_path(), form).await;
            assert_eq!(browser.get(posted.location()).await.refusal().key, "state_missing", "{query}");
            let denied = browser.get(&at_provider.back(&[("error", "access_denied")])).await;
            assert!(denied.location().starts_with("/connection-result/"), "{query}: the flow was gone");
        }
        let (browser, _) = begun(&world).await;
        let both = format!("{}?code=evil&other_code=evil&{DENIED}", callback_path());
        let answered = browser.get(&both).await;
        assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "authorization_denied");
        assert!(world.provider.calls().is_empty());
        assert!(world.dump().await.connections.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_could_belong_to_two_flows_or_none_ends_nothing() {
    let world = World::new().await;
    world.define("other", &integration()).await;
    let own = format!("{}?{DENIED}", callback_path());
    let (browser, first) = begun(&world).await;
    let other = world.browser();
    assert_nothing_comes_of(&world, &other, &own, "another browser").await;
    for path in ["/oauth-callback", "/oauth-callback/", "/oauth-callback/crm"] {
        assert_nothing_comes_of(&world, &browser, &format!("{path}?{DENIED}"), path).await;
    }
    let id = tests::definitions::integration_id("acme", "other");
    assert_nothing_comes_of(&world, &browser, &format!("/oauth-callback/{id}?{DENIED}"), "another").await;
    world.begin(&browser, &Start::new()).await;
    assert_nothing_comes_of(&world, &browser, &own, "two flows").await;
    let answered = browser.get(&first.consent()).await;
    browser.get(answered.location()).await.assert_connected();
    // One of the two has ended, so the other is meant.
    let answered = browser.get(&own).await;
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "authorization_denied");
    let asked = world.provider.calls().len();
    let (browser, _) = begun(&world).await;
    world.clock.advance(Duration::from_mins(15));
    assert_nothing_comes_of(&world, &browser, &own, "expired").await;
    assert_eq!(world.provider.calls().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_planted_cookie_ends_nobodys_flow() {
    let world = World::new().await;
    let (victim, at_provider) = begun(&world).await;
    let attacker = world.browser();
    for value in ["nonsense", &"A".repeat(43)] {
        attacker.plant_cookie(&victim.cookie_names()[0], value);
    }
    assert_nothing_comes_of(&world, &attacker, &format!("{}?{DENIED}", callback_path()), "planted").await;
    let answered = victim.get(&at_provider.consent()).await;
    victim.get(answered.location()).await.assert_connected();
}

/// A start that waits behind the form is a record of the same kind, but no provider answers it.
#[tokio::test(start_paused = true)]
async fn a_start_that_waits_for_its_customer_is_not_ended() {
    let world = World::with(&api_key()).await;
    let browser = world.browser();
    browser.for_a_person().send(Start::new().form()).await;
    assert_eq!(browser.cookie_names().len(), 1);
    assert_nothing_comes_of(&world, &browser, &format!("{}?{DENIED}", callback_path()), "waiting").await;
}

/// The issuer is judged first here too (RFC 9207 §2.4).
#[tokio::test(start_paused = true)]
async fn an_error_of_another_issuer_is_not_believed() {
    let issuer = json!({ "issuer": "https://provider.example" });
    let world = World::with(&integration_with(&issuer)).await;
    let (browser, _) = begun(&world).await;
    let answered = browser.get(&format!("{}?{DENIED}&iss=https://evil.example", callback_path())).await;
    assert_eq!(browser.get(answered.location()).await.redirected_refusal().key, "issuer_mismatch");
}
