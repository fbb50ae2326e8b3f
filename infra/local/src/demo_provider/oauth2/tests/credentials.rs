//! The credentials that the API takes besides OAuth: keys, and tokens for user name and password.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::demo_provider::oauth2::testing::{Answer, Server};

async fn with_key(server: &Server, path: &str, key: &str) -> Answer {
    let request = Request::get(format!("/demo-provider/api{path}")).header("X-Api-Key", key);
    server.send(request.body(Body::empty()).unwrap()).await
}

async fn log_in(server: &Server, body: &'static str) -> Answer {
    let request = Request::post("/demo-provider/login").header(header::CONTENT_TYPE, "application/json");
    server.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_key_stands_for_its_user() {
    let server = Server::start();
    let me = with_key(&server, "/me", "demo-api-key-grace").await;
    assert_eq!(me.text_of("userName"), "grace");
    assert!(!me.text.contains("hopper") && !me.text.contains("api-key"), "{}", me.text);
    for wrong in ["demo-api-key-", "demo-api-key-Grace", "x"] {
        let answer = with_key(&server, "/me", wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));
    }
}

#[tokio::test]
async fn a_company_is_shown_to_its_own_bookkeeper() {
    let server = Server::start();
    assert_eq!(with_key(&server, "/companies/engines", "demo-api-key-ada").await.status, StatusCode::OK);
    let other = with_key(&server, "/companies/compilers", "demo-api-key-ada").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn user_name_and_password_buy_a_token_for_an_hour() {
    let server = Server::start();
    let answer = log_in(&server, r#"{"user":"ada","password":"lovelace"}"#).await.json();
    assert_eq!(answer["data"]["ttl"], 3600);
    let token = answer["data"]["token"].as_str().unwrap();
    assert_eq!(server.api_status(token).await, StatusCode::OK);
    server.pass(Duration::from_hours(1));
    assert_eq!(server.api_status(token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wrong_login_is_refused() {
    let server = Server::start();
    let wrong = log_in(&server, r#"{"user":"ada","password":"hopper"}"#).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    // The machine has no password, so none is right.
    let machine = log_in(&server, r#"{"user":"demo-machine","password":""}"#).await;
    assert_eq!(machine.status, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&server, "user=ada").await.status, StatusCode::BAD_REQUEST);
}
