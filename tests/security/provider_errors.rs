//! Errors of the authorization endpoint (RFC 6749 §4.1.2.1).

use serde_json::Value;
use tests::answer::parameter;
use tests::{Answer, Start, World};

async fn result(world: &World, parameters: &[(&str, &str)]) -> Answer {
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    let answered = browser.get(&at_provider.back(parameters)).await;
    browser.get(answered.location()).await
}

fn error_data(result: &Answer) -> Value {
    serde_json::from_str(&parameter(&result.away(), "errorData").unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_error_of_the_rfc_has_its_key_and_its_code() {
    let world = World::new().await;
    for (code, key) in [
        ("access_denied", "authorization_denied"),
        ("invalid_request", "authorization_error"),
        ("unauthorized_client", "authorization_error"),
        ("unsupported_response_type", "authorization_error"),
        ("invalid_scope", "authorization_error"),
        ("server_error", "authorization_error"),
        ("temporarily_unavailable", "authorization_error"),
    ] {
        let result = result(&world, &[("error", code), ("error_description", "no")]).await;
        let data = error_data(&result);
        assert_eq!(data["type"], "connection", "{code}");
        assert_eq!(data["key"], key, "{code}");
        assert_eq!(data["data"]["providerError"], code);
    }
    assert!(world.provider.calls().is_empty());
    assert!(world.dump().await.connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_beside_a_code_is_an_error() {
    let world = World::new().await;
    let result = result(&world, &[("code", "a"), ("error", "access_denied")]).await;
    assert_eq!(error_data(&result)["key"], "authorization_denied");
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_in_its_own_words_is_repeated_nowhere() {
    let world = World::new().await;
    let logs = tests::logs::Logs::record();
    let words = "PROVIDER-WORDS <script>alert(1)</script> sk_live_secret";
    for parameters in [
        &[("error", "access_denied"), ("error_description", words), ("error_uri", words)][..],
        &[("error", words), ("error_description", words)],
        &[("error", "PROVIDER-WORDS")],
    ] {
        let result = result(&world, parameters).await;
        assert!(!result.location().contains("PROVIDER-WORDS"), "{}", result.location());
        assert!(!result.location().contains("script"), "{}", result.location());
    }
    let start = Start::new().with(&serde_json::json!({ "redirectUri": null }));
    let browser = world.browser().for_a_person();
    let at_provider = world.begin(&browser, &start).await;
    let answered = browser.get(&at_provider.back(&[("error", words), ("error_description", words)])).await;
    let page = browser.get(answered.location()).await;
    assert!(page.body.contains("authorization_error"), "{}", page.body);
    assert!(!page.body.contains("PROVIDER-WORDS") && !page.body.contains("alert("), "{}", page.body);
    assert!(!world.dump().await.contains(b"PROVIDER-WORDS"));
    assert!(!logs.text().contains("PROVIDER-WORDS"));
    assert!(logs.text().contains("authorization_denied"), "the log was recorded");
}
