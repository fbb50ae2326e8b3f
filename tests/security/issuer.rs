//! The `iss` of an answer (RFC 9207).

use serde_json::json;
use tests::definitions::integration_with;
use tests::{Start, World};

const ISSUER: &str = "https://provider.example";

/// How a flow ends whose answer has these parameters: `connected` or a key.
async fn ends(world: &World, parameters: &[(&str, &str)]) -> String {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let before = world.provider.calls().len();
    let answered = browser.get(&at_provider.back(parameters)).await;
    let result = browser.get(answered.location()).await;
    if result.location().contains("connectionId=") {
        return "connected".to_owned();
    }
    assert_eq!(world.provider.calls().len(), before, "the code was sent somewhere");
    let refusal = result.redirected_refusal();
    assert_eq!(refusal.field, if refusal.key == "issuer_mismatch" { "iss" } else { "" });
    refusal.key
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_known_must_be_the_one_that_answers_if_it_says_so() {
    let world = World::with(&integration_with(&json!({ "issuer": ISSUER }))).await;
    for (iss, expected) in [
        (Some(ISSUER), "connected"),
        (None, "connected"),
        (Some("https://evil.example"), "issuer_mismatch"),
        (Some("https://provider.example/"), "issuer_mismatch"),
        (Some("https://PROVIDER.example"), "issuer_mismatch"),
        (Some("https://provider.example.evil.example"), "issuer_mismatch"),
    ] {
        let mut parameters = vec![("code", "a")];
        parameters.extend(iss.map(|iss| ("iss", iss)));
        assert_eq!(ends(&world, &parameters).await, expected, "{iss:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_always_says_so_must() {
    let config = json!({ "issuer": ISSUER, "authorizationResponseIssParameterSupported": true });
    let world = World::with(&integration_with(&config)).await;
    assert_eq!(ends(&world, &[("code", "a"), ("iss", ISSUER)]).await, "connected");
    assert_eq!(ends(&world, &[("code", "a")]).await, "issuer_mismatch");
    assert_eq!(ends(&world, &[("code", "a"), ("iss", "")]).await, "issuer_mismatch");
}

/// RFC 9207 §2.4: the issuer first, or an attacker's server could choose which error is shown.
#[tokio::test(start_paused = true)]
async fn the_issuer_is_judged_before_the_error_and_the_code() {
    let world = World::with(&integration_with(&json!({ "issuer": ISSUER }))).await;
    let evil = ("iss", "https://evil.example");
    assert_eq!(ends(&world, &[("error", "access_denied"), evil]).await, "issuer_mismatch");
    assert_eq!(ends(&world, &[evil]).await, "issuer_mismatch");
    assert_eq!(ends(&world, &[("error", "access_denied"), ("iss", ISSUER)]).await, "authorization_denied");
}
