use axum::http::{StatusCode, header};

use crate::demo_provider::oauth2::testing::{
    Browser, ISSUER, REDIRECT_URI, Server, authorization_request, form,
};

#[tokio::test]
async fn allowing_sends_a_code_with_state_and_issuer() {
    let answer = Server::start().authorize(&[("decision", "allow")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.location().starts_with(&format!("{REDIRECT_URI}&code=")));
    assert_eq!(answer.location_parameter("state").as_deref(), Some("st&te"));
    assert_eq!(answer.location_parameter("iss").as_deref(), Some(ISSUER));
}

#[tokio::test]
async fn denying_and_saying_nothing_are_access_denied() {
    for decision in [&[("decision", "deny"), ("fail", "none")][..], &[]] {
        let answer = Server::start().authorize(decision).await;
        assert_eq!(answer.location_parameter("error").as_deref(), Some("access_denied"));
        assert_eq!(answer.location_parameter("state").as_deref(), Some("st&te"));
        assert_eq!(answer.location_parameter("iss").as_deref(), Some(ISSUER));
        assert_eq!(answer.location_parameter("code"), None);
    }
}

#[tokio::test]
async fn mistakes_that_the_client_is_told() {
    let server = Server::start();
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "profile admin", "invalid_scope"),
    ] {
        let answer = server.authorize_with(&[(name, value)], &[]).await;
        let given = answer.location_parameter("error");
        assert_eq!(given.as_deref(), Some(error), "{name}={value}");
        assert_eq!(answer.location_parameter("iss").as_deref(), Some(ISSUER));
    }
    let repeated = server.authorize_with(&[("scope", "profile"), ("scope", "contacts")], &[]).await;
    assert_eq!(repeated.location_parameter("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn mistakes_that_only_the_user_is_told() {
    let server = Server::start();
    for extra in [
        &[("client_id", "stranger")][..],
        &[("client_id", "")],
        &[("redirect_uri", "https://evil.example/")],
        &[("redirect_uri", "https://client.example/callback?keep=1&more=1")],
        &[("redirect_uri", "https://CLIENT.example/callback?keep=1")],
        &[("redirect_uri", "")],
        &[("redirect_uri", REDIRECT_URI), ("redirect_uri", "https://evil.example/")],
        &[("demo_fail", "unheard-of")],
    ] {
        let answer = server.authorize_with(extra, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{extra:?}");
        assert_eq!(answer.location(), "", "{extra:?}");
    }
}

#[tokio::test]
async fn the_chosen_error_comes_back() {
    let server = Server::start();
    for error in [
        "access_denied",
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
    ] {
        let name = format!("authorize.{error}");
        let chosen = server.authorize(&[("decision", "allow"), ("fail", &name)]).await;
        assert_eq!(chosen.location_parameter("error").as_deref(), Some(error));
        let asked = server.authorize_with(&[("demo_fail", &name)], &[("decision", "allow")]).await;
        assert_eq!(asked.location_parameter("error").as_deref(), Some(error));
    }
    let choice = [("decision", "allow"), ("fail", "none")];
    let overruled = server.authorize_with(&[("demo_fail", "authorize.server_error")], &choice).await;
    assert!(overruled.location_parameter("code").is_some());
    let wrong_iss = server.authorize(&[("decision", "allow"), ("fail", "authorize.wrong_iss")]).await;
    assert!(wrong_iss.location_parameter("code").is_some());
    assert_ne!(wrong_iss.location_parameter("iss").as_deref(), Some(ISSUER));
}

#[tokio::test]
async fn form_post_answers_with_a_form() {
    let server = Server::start();
    let mode = [("response_mode", "form_post"), ("state", "\"><b>")];
    let answer = server.authorize_with(&mode, &[("decision", "allow")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains(r#"action="https://client.example/callback?keep=1""#));
    assert!(answer.text.contains(r#"name="code""#));
    assert!(!answer.text.contains("<b>"));
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-"));
}

#[tokio::test]
async fn another_browser_cannot_answer_and_nobody_answers_twice() {
    let server = Server::start();
    let start = format!("/demo-provider/authorize?{}", form(&authorization_request()));
    let sign_in = |request| [("request", request), ("user_name", "ada"), ("password", "lovelace")];

    let mut victim = Browser::new(&server);
    let location = victim.get(&start).await.location();
    let own = location.split_once('=').unwrap().1;
    victim.post("/demo-provider/sign-in", &sign_in(own)).await;

    let mut attacker = Browser::new(&server);
    let location = attacker.get(&start).await.location();
    let foreign = location.split_once('=').unwrap().1;

    let allow = |request| [("request", request), ("decision", "allow")];
    let forged = victim.post("/demo-provider/consent", &allow(foreign)).await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    let signed_in = victim.post("/demo-provider/sign-in", &sign_in(foreign)).await;
    assert_eq!(signed_in.status, StatusCode::BAD_REQUEST);

    let answered = victim.post("/demo-provider/consent", &allow(own)).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER);
    let again = victim.post("/demo-provider/consent", &allow(own)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_wrong_password_signs_nobody_in() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    let start = format!("/demo-provider/authorize?{}", form(&authorization_request()));
    let location = browser.get(&start).await.location();
    let request = location.split_once('=').unwrap().1;
    let wrong = [("request", request), ("user_name", "ada"), ("password", "byron")];
    let answer = browser.post("/demo-provider/sign-in", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let consent = browser.get(&format!("/demo-provider/consent?request={request}")).await;
    assert_eq!(consent.location(), location);
}
