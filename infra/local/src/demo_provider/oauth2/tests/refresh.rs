use axum::http::StatusCode;

use crate::demo_provider::oauth2::testing::Server;

const INVALID_GRANT: (u16, &str) = (400, "invalid_grant");

async fn tokens(server: &Server) -> (String, String) {
    let code = server.code("none").await;
    let answer = server.exchange(&code).await;
    (answer.text_of("access_token"), answer.text_of("refresh_token"))
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let server = Server::start();
    let (_, first) = tokens(&server).await;
    let answer = server.refresh(&first).await;
    assert_eq!(answer.status, StatusCode::OK);
    let second = answer.text_of("refresh_token");
    assert_ne!(first, second);
    assert_eq!(server.api_status(&answer.text_of("access_token")).await, StatusCode::OK);
    assert_eq!(server.refresh(&second).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_reused_refresh_token_revokes_its_grant() {
    let server = Server::start();
    let (access, first) = tokens(&server).await;
    let second = server.refresh(&first).await.text_of("refresh_token");
    let (status, error) = server.refresh(&first).await.error();
    assert_eq!((status, error.as_str()), INVALID_GRANT);
    let (status, error) = server.refresh(&second).await.error();
    assert_eq!((status, error.as_str()), INVALID_GRANT);
    assert_eq!(server.api_status(&access).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_clients_refresh_token_is_refused_and_stays_good() {
    let server = Server::start();
    let (_, token) = tokens(&server).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let stolen = server.post_as("other!+ID", "other:s%cret", "/demo-provider/token", &fields).await;
    let (status, error) = stolen.error();
    assert_eq!((status, error.as_str()), INVALID_GRANT);
    assert_eq!(server.refresh(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn scope_narrows_and_never_widens() {
    let server = Server::start();
    let answer = server.authorize_with(&[("scope", "profile")], &[("decision", "allow")]).await;
    let code = answer.location_parameter("code").unwrap();
    let token = server.exchange(&code).await.text_of("refresh_token");
    let refresh = async |scope, token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        server.post("/demo-provider/token", &fields).await
    };
    for wider in ["profile contacts", "unheard-of"] {
        assert_eq!(refresh(wider, &token).await.error(), (400, "invalid_scope".to_owned()));
    }
    assert_eq!(refresh("profile", &token).await.text_of("scope"), "profile");
}
