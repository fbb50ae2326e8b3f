use axum::http::{StatusCode, header};

use crate::demo_provider::oauth1::testing::{CALLBACK, Server, Token};

#[tokio::test]
async fn the_three_steps_give_a_token_that_the_api_takes() {
    let server = Server::start();
    let path = "/demo-provider/oauth1/request-token";
    let callback = format!("{CALLBACK}?state=st%26te");
    let answer = server.call("POST", path, &Token::default(), &[("oauth_callback", &callback)]).await;
    assert_eq!(answer.field("oauth_callback_confirmed").as_deref(), Some("true"));
    let temporary = answer.token();
    let back = server.authorize(&temporary.token, "allow", "none").await;
    assert!(back.location().starts_with(&format!("{callback}&oauth_token=")), "{}", back.location());
    assert_eq!(back.location_parameter("oauth_token").as_deref(), Some(temporary.token.as_str()));
    let verifier = back.location_parameter("oauth_verifier").unwrap();
    let token = server.exchange(&temporary, &verifier).await.token();
    let me = server.me(&token).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.text);
    assert!(me.text.contains("Ada Lovelace"));
    // Temporary credentials are used up, and never were good for the API.
    assert_eq!(server.exchange(&temporary, &verifier).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.me(&temporary).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_pages_are_demo_mails() {
    let server = Server::start();
    let token = server.temporary().await.token;
    let page = server.get(&format!("/demo-provider/oauth1/authorize?oauth_token={token}")).await;
    let sign_in = server.get(&page.location()).await;
    assert!(sign_in.text.contains("Demo Mail") && !sign_in.text.contains("Demo CRM"));
}

#[tokio::test]
async fn a_denial_comes_back_and_ends_the_credentials() {
    let server = Server::start();
    let temporary = server.temporary().await;
    let back = server.authorize(&temporary.token, "deny", "none").await;
    assert_eq!(back.location_parameter("denied").as_deref(), Some(temporary.token.as_str()));
    assert_eq!(back.location_parameter("oauth_verifier"), None);
    let again = server.get(&format!("/demo-provider/oauth1/authorize?oauth_token={}", temporary.token)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn it_fails_as_the_user_chose() {
    let server = Server::start();
    assert_eq!(server.token("access.refused").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.token("access.http_500").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(server.token("access.empty").await.field("oauth_token"), None);
    let temporary = server.temporary().await;
    let wrong = server.authorize(&temporary.token, "allow", "callback.wrong_token").await;
    assert_ne!(wrong.location_parameter("oauth_token"), Some(temporary.token));
    let temporary = server.temporary().await;
    let none = server.authorize(&temporary.token, "allow", "callback.no_verifier").await;
    assert_eq!(none.location_parameter("oauth_verifier"), None);
}

#[tokio::test]
async fn it_fails_as_the_request_asks() {
    let server = Server::start();
    let ask = async |fail: &str| {
        let path = format!("/demo-provider/oauth1/request-token?demo_fail={fail}");
        server.call("POST", &path, &Token::default(), &[("oauth_callback", CALLBACK)]).await
    };
    assert_eq!(ask("request.unconfirmed").await.field("oauth_callback_confirmed"), None);
    assert_eq!(ask("request.refused").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("request.http_500").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    // A fault that happens later is preselected on the consent page.
    let token = ask("access.refused").await.token().token;
    server.authorize(&server.temporary().await.token, "deny", "none").await;
    let page = server.get(&format!("/demo-provider/oauth1/authorize?oauth_token={token}")).await;
    let consent = server.get(&page.location()).await;
    assert!(consent.text.contains(r#"<option value="access.refused" selected>"#), "{}", consent.text);
    assert!(consent.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("'none'"));
}
