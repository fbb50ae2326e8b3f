use axum::http::{StatusCode, header};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::demo_provider::oauth2::testing::Server;

#[tokio::test]
async fn the_chosen_error_answers_the_code() {
    let server = Server::start();
    for (error, status) in [
        ("invalid_request", 400),
        ("invalid_client", 401),
        ("invalid_grant", 400),
        ("unauthorized_client", 400),
        ("unsupported_grant_type", 400),
        ("invalid_scope", 400),
    ] {
        let code = server.code(&format!("token.{error}")).await;
        assert_eq!(server.exchange(&code).await.error(), (status, error.to_owned()));
    }
}

#[tokio::test]
async fn answers_lack_what_was_chosen() {
    let server = Server::start();
    let code = server.code("token.no_expires_in").await;
    let answer = server.exchange(&code).await.json();
    assert!(answer.get("expires_in").is_none() && answer.get("refresh_token").is_some());

    let code = server.code("token.no_refresh_token").await;
    let answer = server.exchange(&code).await.json();
    assert!(answer.get("expires_in").is_some() && answer.get("refresh_token").is_none());
}

#[tokio::test]
async fn answers_come_in_the_chosen_shape() {
    let server = Server::start();
    let code = server.code("token.not_json").await;
    let not_json = server.exchange(&code).await;
    assert_eq!(not_json.status, StatusCode::OK);
    assert!(not_json.text.starts_with('<'));

    let code = server.code("token.form_encoded").await;
    let form = server.exchange(&code).await;
    assert_eq!(form.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    let mut pairs = form_urlencoded::parse(form.text.as_bytes());
    let token = pairs.find(|(name, _)| name == "access_token").unwrap().1;
    assert_eq!(server.api_status(&token).await, StatusCode::OK);

    let code = server.code("token.http_500").await;
    assert_eq!(server.exchange(&code).await.status, StatusCode::INTERNAL_SERVER_ERROR);

    let code = server.code("token.oversized").await;
    let oversized = server.exchange(&code).await;
    assert_eq!(oversized.status, StatusCode::OK);
    assert!(oversized.text.len() > 8_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_five_seconds_late_and_good() {
    let server = Server::start();
    let code = server.code("token.slow").await;
    let before = Instant::now();
    let answer = server.exchange(&code).await;
    assert_eq!(before.elapsed().as_secs(), 5);
    assert_eq!(server.api_status(&answer.text_of("access_token")).await, StatusCode::OK);
}
