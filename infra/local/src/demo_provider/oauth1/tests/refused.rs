use std::time::Duration;

use axum::http::{StatusCode, header};

use crate::demo_provider::oauth1::testing::{CALLBACK, Server, Token, signature};

const REQUEST_TOKEN: &str = "/demo-provider/oauth1/request-token";

/// Sends a request for temporary credentials whose parameters were changed after, or before, they were signed.
async fn with(server: &Server, change: impl Fn(&mut Vec<(String, String)>), signed: bool) -> (u16, String) {
    let mut parameters = server.parameters(&Token::default(), &[("oauth_callback", CALLBACK)]);
    if signed {
        change(&mut parameters);
    }
    let signature = signature("POST", REQUEST_TOKEN, &parameters, "");
    parameters.push(("oauth_signature".to_owned(), signature));
    if !signed {
        change(&mut parameters);
    }
    let answer = server.call_with("POST", REQUEST_TOKEN, &parameters).await;
    (answer.status.as_u16(), answer.text)
}

fn set(parameters: &mut Vec<(String, String)>, name: &str, value: &str) {
    parameters.retain(|(given, _)| given != name);
    parameters.push((name.to_owned(), value.to_owned()));
}

#[tokio::test]
async fn a_changed_request_is_refused() {
    let server = Server::start();
    for (name, value) in [
        ("oauth_nonce", "other"),
        ("oauth_timestamp", "1"),
        ("oauth_callback", "https://client.example/callback?evil"),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_signature_method", "RSA-SHA1"),
        ("oauth_signature_method", "PLAINTEXT"),
        ("oauth_signature", "AAAA"),
        ("oauth_signature", "not base64!"),
        ("oauth_consumer_key", "other"),
    ] {
        let (status, text) = with(&server, |parameters| set(parameters, name, value), false).await;
        assert_eq!((status, text.as_str()), (401, "The signature is wrong"), "{name}={value}");
    }
}

#[tokio::test]
async fn what_is_missing_or_unsupported_is_a_bad_request() {
    let server = Server::start();
    let without = async |name: &str| {
        with(&server, |parameters| parameters.retain(|(given, _)| given != name), true).await.0
    };
    for name in
        ["oauth_consumer_key", "oauth_signature_method", "oauth_timestamp", "oauth_nonce", "oauth_callback"]
    {
        assert_eq!(without(name).await, 400, "{name}");
    }
    let given =
        async |name: &str, value: &str| with(&server, |parameters| set(parameters, name, value), true).await;
    assert_eq!(given("oauth_signature_method", "HMAC-MD5").await.0, 400);
    assert_eq!(given("oauth_version", "2.0").await.0, 400);
    assert_eq!(given("oauth_version", "1.0").await.0, 200);
    assert_eq!(given("oauth_timestamp", "soon").await.0, 401);
    assert_eq!(given("oauth_callback", "https://client.example/elsewhere").await.0, 401);
    assert_eq!(given("oauth_consumer_key", "stranger").await.0, 401);
    let twice = |parameters: &mut Vec<(String, String)>| {
        parameters.push(("oauth_nonce".to_owned(), "again".to_owned()));
    };
    assert_eq!(with(&server, twice, true).await.0, 400);
}

#[tokio::test]
async fn a_request_is_taken_once() {
    let server = Server::start();
    let token = server.token("none").await.token();
    let path = "/demo-provider/api/me";
    let mut parameters = server.parameters(&token, &[]);
    let signature = signature("GET", path, &parameters, &token.secret);
    parameters.push(("oauth_signature".to_owned(), signature));
    assert_eq!(server.call_with("GET", path, &parameters).await.status, StatusCode::OK);
    let replayed = server.call_with("GET", path, &parameters).await;
    assert_eq!(
        (replayed.status, replayed.text.as_str()),
        (StatusCode::UNAUTHORIZED, "The nonce was used before")
    );
    assert!(replayed.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("OAuth "));
    // Long after, the nonce is forgotten, and the timestamp is refused instead.
    server.pass(Duration::from_mins(11));
    assert_eq!(server.call_with("GET", path, &parameters).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wrong_verifier_uses_the_temporary_credentials_up() {
    let server = Server::start();
    let temporary = server.temporary().await;
    let back = server.authorize(&temporary.token, "allow", "none").await;
    let verifier = back.location_parameter("oauth_verifier").unwrap();
    assert_eq!(server.exchange(&temporary, "wrong").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.exchange(&temporary, &verifier).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn unauthorized_and_expired_credentials_buy_nothing() {
    let server = Server::start();
    let temporary = server.temporary().await;
    assert_eq!(server.exchange(&temporary, "x").await.status, StatusCode::UNAUTHORIZED);
    let late = server.temporary().await;
    server.pass(Duration::from_mins(10));
    let page = server.get(&format!("/demo-provider/oauth1/authorize?oauth_token={}", late.token)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}
