use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::demo_provider::oauth2::client::{CLIENT_ID, CLIENT_SECRET};
use crate::demo_provider::oauth2::testing::{OTHER_REDIRECT_URI, REDIRECT_URI, Server, VERIFIER, form};

const TOKEN: &str = "/demo-provider/token";

fn refused(error: &str) -> (u16, String) {
    (400, error.to_owned())
}

#[tokio::test]
async fn a_code_buys_tokens_that_the_api_takes() {
    let server = Server::start();
    let code = server.code("none").await;
    let answer = server.exchange(&code).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let json = answer.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3600);
    assert_eq!(json["scope"], "profile contacts");
    assert!(json["refresh_token"].is_string());
    let token = answer.text_of("access_token");
    assert_eq!(server.api_status(&token).await, StatusCode::OK);
    server.pass(Duration::from_hours(1));
    assert_eq!(server.api_status(&token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_second_use_of_a_code_revokes_what_the_first_gave() {
    let server = Server::start();
    let code = server.code("none").await;
    let first = server.exchange(&code).await;
    assert_eq!(server.exchange(&code).await.error(), refused("invalid_grant"));
    let status = server.api_status(&first.text_of("access_token")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let refresh = server.refresh(&first.text_of("refresh_token")).await;
    assert_eq!(refresh.error(), refused("invalid_grant"));
}

#[tokio::test]
async fn a_code_lives_sixty_seconds() {
    let server = Server::start();
    let in_time = server.code("none").await;
    server.pass(Duration::from_secs(59));
    assert_eq!(server.exchange(&in_time).await.status, StatusCode::OK);
    let late = server.code("none").await;
    server.pass(Duration::from_mins(1));
    assert_eq!(server.exchange(&late).await.error(), refused("invalid_grant"));
}

#[tokio::test]
async fn a_code_is_bound_to_redirect_uri_verifier_and_client() {
    let server = Server::start();
    let wrong_verifier = VERIFIER.replace('d', "e");
    for (redirect_uri, verifier, error) in [
        (OTHER_REDIRECT_URI, VERIFIER, "invalid_grant"),
        ("", VERIFIER, "invalid_grant"),
        (REDIRECT_URI, &wrong_verifier, "invalid_grant"),
        (REDIRECT_URI, "", "invalid_request"),
    ] {
        let code = server.code("none").await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let answer = server.post(TOKEN, &fields).await;
        assert_eq!(answer.error(), refused(error), "{redirect_uri} {verifier}");
    }

    let code = server.code("none").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let stolen = server.post_as("other!+ID", "other:s%cret", TOKEN, &fields).await;
    assert_eq!(stolen.error(), refused("invalid_grant"));
    assert_eq!(server.exchange(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn clients_authenticate_by_header_or_body_but_not_both() {
    let server = Server::start();
    let code = server.code("none").await;
    let body = |secret| {
        form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
            ("client_id", CLIENT_ID),
            ("client_secret", secret),
        ])
    };
    let request = |body: String| {
        Request::post(TOKEN)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    let unauthenticated = server.send(request(body(""))).await;
    assert_eq!(unauthenticated.error(), (401, "invalid_client".to_owned()));
    let wrong = server.send(request(body("wrong"))).await;
    assert_eq!(wrong.error(), (401, "invalid_client".to_owned()));
    let challenge = wrong.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with("Basic "));
    assert_eq!(wrong.headers[header::CACHE_CONTROL], "no-store");
    let both = [("grant_type", "authorization_code"), ("client_secret", CLIENT_SECRET)];
    assert_eq!(server.post(TOKEN, &both).await.error(), refused("invalid_request"));
    let other_id = [("grant_type", "authorization_code"), ("client_id", "other!+ID")];
    assert_eq!(server.post(TOKEN, &other_id).await.error(), refused("invalid_request"));
    assert_eq!(server.send(request(body(CLIENT_SECRET))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn malformed_requests_are_invalid() {
    let server = Server::start();
    let error = async |fields: &[(&str, &str)]| server.post(TOKEN, fields).await.error();
    assert_eq!(error(&[]).await, refused("invalid_request"));
    assert_eq!(error(&[("grant_type", "password")]).await, refused("unsupported_grant_type"));
    assert_eq!(error(&[("grant_type", "authorization_code")]).await, refused("invalid_request"));
    assert_eq!(error(&[("grant_type", "refresh_token")]).await, refused("invalid_request"));
    let twice = [("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
    assert_eq!(error(&twice).await, refused("invalid_request"));

    let json =
        Request::post(TOKEN).header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
    assert_eq!(server.send(json).await.error(), refused("invalid_request"));
}

#[tokio::test]
async fn the_counters_count_what_arrived() {
    let server = Server::start();
    let code = server.code("none").await;
    let refresh_token = server.exchange(&code).await.text_of("refresh_token");
    server.exchange("unknown").await;
    server.refresh(&refresh_token).await;
    server.post("/demo-provider/revoke", &[("token", "unknown")]).await;
    let stats = Request::get("/demo-provider/stats").body(Body::empty()).unwrap();
    let expected = serde_json::json!({
        "authorizations": 1,
        "tokenRequests": 3,
        "codeExchanges": 2,
        "refreshes": 1,
        "revocations": 1,
        "temporaryCredentials": 0,
        "tokenCredentials": 0,
    });
    assert_eq!(server.send(stats).await.json(), expected);
}
