//! Answers that mean two things, or nothing.

use bytes::Bytes;
use http::Request;
use tests::answer::refusal;
use tests::world::callback_path;
use tests::{Start, World};

use crate::refused::assert_refused;

#[tokio::test(start_paused = true)]
async fn a_parameter_that_comes_twice_claims_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answer = at_provider.answer(&[("code", "a")]);
    for (field, query) in [
        ("code", format!("{answer}&code=b")),
        ("code", format!("{answer}&code=a")),
        ("code", format!("{answer}&c%6fde=b")),
        ("state", format!("{answer}&state=b")),
        ("iss", format!("{answer}&iss=a&iss=b")),
        ("error", format!("{answer}&error=a&error=")),
        ("error_description", format!("{answer}&error_description=a&error_description=b")),
    ] {
        let request = Request::get(format!("{}?{query}", callback_path())).body(Bytes::new()).unwrap();
        let expected = refusal(400, "parameter_conflict", field);
        assert_refused(&world, &browser, &request, &expected, &query).await;
        let posted = browser.post_cross_site(&callback_path(), query.clone()).await;
        assert_eq!(posted.refusal(), expected, "posted {query}");
    }
    let answered = browser.get(&at_provider.consent()).await;
    browser.get(answered.location()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_value_that_no_provider_sends_is_not_read() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let long = at_provider.answer(&[("code", &"x".repeat(8 * 1024 + 1))]);
    let request = Request::get(format!("{}?{long}", callback_path())).body(Bytes::new()).unwrap();
    assert_refused(&world, &browser, &request, &refusal(400, "request_malformed", "code"), "long").await;

    let form = at_provider.answer(&[("id_token", &"x".repeat(64 * 1024))]);
    let posted = browser.post_cross_site(&callback_path(), form).await;
    assert_eq!(posted.refusal(), refusal(413, "request_too_large", ""));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_code_and_error_ends_the_flow() {
    let world = World::new().await;
    for parameters in [&[][..], &[("code", "")], &[("error", "")], &[("session_state", "x")]] {
        let browser = world.browser();
        let at_provider = world.begin(&browser, &Start::new()).await;
        let answered = browser.get(&at_provider.back(parameters)).await;
        let result = browser.get(answered.location()).await.redirected_refusal();
        assert_eq!((result.key.as_str(), result.field.as_str()), ("code_missing", "code"), "{parameters:?}");
    }
    assert!(world.provider.calls().is_empty());
    assert!(world.dump().await.connections.is_empty());
}
