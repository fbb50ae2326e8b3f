//! How the token request authenticates the client (RFC 6749 §2.3), to the letter.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tests::definitions::integration_with;
use tests::provider::Call;
use tests::{Start, World};

async fn token_request(config: &Value) -> Call {
    let world = World::with(&integration_with(config)).await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    world.provider.token_request()
}

fn shown(call: &Call) -> String {
    let mut headers: Vec<String> =
        call.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    format!("{} {}\n{}\n\n{}", call.method, call.uri, headers.join("\n"), call.body.replace('&', "\n&"))
}

#[tokio::test(start_paused = true)]
async fn unless_told_otherwise_the_client_authenticates_in_the_body() {
    let call = token_request(&json!({})).await;
    assert_snapshot!(shown(&call), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=authorization_code
    &code=code%21%2B1%2Fa
    &code_verifier=whOA_Hq5G69uMRC7wjhIedjMzEx_Rh8Q_Gf0bnoB5Cw
    &client_id=client%21%2BID
    &redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279
    &client_secret=client%21%2Bsecret%2F1
    ");
    assert!(call.header("authorization").is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_headers_both_parts_are_form_encoded_first() {
    let call = token_request(&json!({ "clientAuthLocation": "headers" })).await;
    assert_snapshot!(shown(&call), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    authorization: Basic Y2xpZW50JTIxJTJCSUQ6Y2xpZW50JTIxJTJCc2VjcmV0JTJGMQ==
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=authorization_code
    &code=code%21%2B1%2Fa
    &code_verifier=whOA_Hq5G69uMRC7wjhIedjMzEx_Rh8Q_Gf0bnoB5Cw
    &redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279
    ");
    assert_eq!((call.parameter("client_id"), call.parameter("client_secret")), (None, None));
}

#[tokio::test(start_paused = true)]
async fn both_sends_the_same_in_headers_and_in_the_body() {
    let call = token_request(&json!({ "clientAuthLocation": "both" })).await;
    assert_snapshot!(shown(&call), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    authorization: Basic Y2xpZW50JTIxJTJCSUQ6Y2xpZW50JTIxJTJCc2VjcmV0JTJGMQ==
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=authorization_code
    &code=code%21%2B1%2Fa
    &code_verifier=whOA_Hq5G69uMRC7wjhIedjMzEx_Rh8Q_Gf0bnoB5Cw
    &client_id=client%21%2BID
    &redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279
    &client_secret=client%21%2Bsecret%2F1
    ");
}

#[tokio::test(start_paused = true)]
async fn a_public_client_sends_its_id_alone() {
    let call = token_request(&json!({ "clientAuthLocation": "none" })).await;
    assert_snapshot!(shown(&call), @r"
    POST https://provider.example/oauth/token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    user-agent: Linkspan/0.1.0

    grant_type=authorization_code
    &code=code%21%2B1%2Fa
    &code_verifier=whOA_Hq5G69uMRC7wjhIedjMzEx_Rh8Q_Gf0bnoB5Cw
    &client_id=client%21%2BID
    &redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279
    ");
    assert_eq!(call.parameter("client_secret"), None);
    assert!(call.header("authorization").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_secret_sends_its_id_alone() {
    let call = token_request(&json!({ "clientSecret": null })).await;
    assert_eq!(call.parameter("client_id").as_deref(), Some("client!+ID"));
    assert_eq!(call.parameter("client_secret"), None);
}

#[tokio::test(start_paused = true)]
async fn without_pkce_neither_challenge_nor_verifier_is_sent() {
    let world = World::with(&integration_with(&json!({ "skipPkce": true }))).await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    browser.get(&at_provider.consent()).await;
    assert_eq!(at_provider.parameter("code_challenge"), None);
    assert_eq!(at_provider.parameter("code_challenge_method"), None);
    assert_eq!(world.provider.token_request().parameter("code_verifier"), None);
}
