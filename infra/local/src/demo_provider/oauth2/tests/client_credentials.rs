use axum::http::{Request, StatusCode, header};

use crate::demo_provider::oauth2::client::{MACHINE_ID, MACHINE_SECRET};
use crate::demo_provider::oauth2::testing::{Server, form};

const TOKEN: &str = "/demo-provider/token";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn a_machine_gets_a_token_by_header_or_body_and_no_refresh_token() {
    let server = Server::start();
    let audience = ("audience", "http://127.0.0.1:9000/demo-provider/api");
    let by_header = server.post_as(MACHINE_ID, MACHINE_SECRET, TOKEN, &[GRANT, audience]).await;
    let body = form(&[GRANT, ("client_id", MACHINE_ID), ("client_secret", MACHINE_SECRET)]);
    let request = Request::post(TOKEN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into());
    let by_body = server.send(request.unwrap()).await;
    for answer in [by_header, by_body] {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(answer.json().get("refresh_token").is_none());
        assert_eq!(server.api_status(&answer.text_of("access_token")).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let server = Server::start();
    let wrong_secret = server.post_as(MACHINE_ID, "wrong", TOKEN, &[GRANT]).await;
    assert_eq!(wrong_secret.error(), (401, "invalid_client".to_owned()));
    let post = async |fields: &[(&str, &str)]| {
        server.post_as(MACHINE_ID, MACHINE_SECRET, TOKEN, fields).await.error()
    };
    let refused = |error: &str| (400, error.to_owned());
    assert_eq!(post(&[GRANT, ("audience", "https://else.example")]).await, refused("invalid_request"));
    assert_eq!(post(&[GRANT, ("scope", "everything")]).await, refused("invalid_scope"));
    let code = [("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "v")];
    assert_eq!(post(&code).await, refused("unauthorized_client"));
    // The client of users, for its part, gets no token for itself.
    assert_eq!(server.post(TOKEN, &[GRANT]).await.error(), refused("unauthorized_client"));
}
