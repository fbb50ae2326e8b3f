use axum::http::StatusCode;

use crate::demo_provider::oauth2::testing::Server;

const REVOKE: &str = "/demo-provider/revoke";

#[tokio::test]
async fn revoking_an_access_token_leaves_the_refresh_token() {
    let server = Server::start();
    let code = server.code("none").await;
    let tokens = server.exchange(&code).await;
    let access = tokens.text_of("access_token");
    assert_eq!(server.post(REVOKE, &[("token", &access)]).await.status, StatusCode::OK);
    assert_eq!(server.api_status(&access).await, StatusCode::UNAUTHORIZED);
    let refreshed = server.refresh(&tokens.text_of("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::OK);
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_the_grant() {
    let server = Server::start();
    let code = server.code("none").await;
    let tokens = server.exchange(&code).await;
    let refresh = tokens.text_of("refresh_token");
    let hinted = [("token", refresh.as_str()), ("token_type_hint", "access_token")];
    assert_eq!(server.post(REVOKE, &hinted).await.status, StatusCode::OK);
    let access = tokens.text_of("access_token");
    assert_eq!(server.api_status(&access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(server.refresh(&refresh).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn unknown_tokens_are_as_good_as_revoked_and_clients_must_authenticate() {
    let server = Server::start();
    assert_eq!(server.post(REVOKE, &[("token", "unknown")]).await.status, StatusCode::OK);
    assert_eq!(server.post(REVOKE, &[]).await.error(), (400, "invalid_request".to_owned()));
    let stranger = server.post_as("stranger", "secret", REVOKE, &[("token", "unknown")]).await;
    assert_eq!(stranger.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn another_clients_token_is_not_revoked() {
    let server = Server::start();
    let code = server.code("none").await;
    let access = server.exchange(&code).await.text_of("access_token");
    let fields = [("token", access.as_str())];
    let foreign = server.post_as("other!+ID", "other:s%cret", REVOKE, &fields).await;
    assert_eq!(foreign.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(server.api_status(&access).await, StatusCode::OK);
}
