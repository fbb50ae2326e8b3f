//! A customer connects an account.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use insta::assert_snapshot;
use serde_json::json;
use tests::answer::parameter;
use tests::{Start, World, tokens};

#[tokio::test(start_paused = true)]
async fn a_customer_connects_an_account() {
    let world = World::new().await;
    let browser = world.browser();
    let start = Start::new().with(&json!({ "customState": "a b&c=d#é", "name": "My CRM" }));

    let begun = browser.send(start.form()).await;
    assert_snapshot!(begun.location(), @"https://provider.example/oauth/authorize?response_type=code&client_id=client%21%2BID&state=gAXwLUP6BufQWF-2TJYdV-MYsnoUXIV7zTpr20E_9_w&code_challenge=Ap88ZsCs0gZhj--bgeHSMIoIAvko4nTHn-go5npt_Hk&code_challenge_method=S256&redirect_uri=https%3A%2F%2Flinkspan.example%2Foauth-callback%2Ffdd9e593761aae79750bee50fc233279&scope=read+write");
    assert_snapshot!(begun.cookies().join("\n"), @"__Host-f-6cDQces-hAwtrVnidi5_Vw=Xe5N1g_40LqZAP6R6Q4Nz2XwVw1CxDH3J9AwDdcNxDE; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=4500");

    let state = parameter(&begun.away(), "state").unwrap();
    let callback = parameter(&begun.away(), "redirect_uri").unwrap();
    let answered = browser.get(&format!("{callback}?code=abc&state={state}")).await;
    assert_snapshot!(answered.location(), @"/connection-result/6cDQces-hAwtrVnidi5_Vw#");
    assert!(answered.cookies().is_empty(), "{:?}", answered.cookies());

    let result = browser.get(answered.location()).await;
    assert_snapshot!(result.location(), @"https://app.example/connected?connectionId=0b5000b73a53f0916c93c68f&customState=a%20b%26c%3Dd%23%C3%A9");
    assert!(result.cookies().is_empty(), "{:?}", result.cookies());
}

#[tokio::test(start_paused = true)]
async fn the_connection_can_be_read_at_once() {
    let world = World::new().await;
    let browser = world.browser();
    let id = world.connect(&browser, &Start::new()).await.connection_id();
    let mut connection = world.connection(&id).await.json();
    connection.sort_all_objects();
    assert_snapshot!(serde_json::to_string_pretty(&connection).unwrap(), @r#"
    {
      "authOptionKey": "oauth",
      "connected": true,
      "createdAt": "2026-01-01T00:00:00.000Z",
      "disconnected": false,
      "grantedScopes": [
        "read",
        "write"
      ],
      "id": "0b5000b73a53f0916c93c68f",
      "integration": {
        "id": "fdd9e593761aae79750bee50fc233279",
        "key": "crm",
        "logoUri": "",
        "name": "Example CRM"
      },
      "integrationId": "fdd9e593761aae79750bee50fc233279",
      "lastActiveAt": "2026-01-01T00:00:00.000Z",
      "name": "Example CRM",
      "nextCredentialsRefreshAt": "2026-01-01T00:45:00.000Z",
      "state": "READY",
      "tenantId": "user-1",
      "updatedAt": "2026-01-01T00:00:00.000Z",
      "userId": "user-1",
      "version": "1-1767225600000"
    }
    "#);
    let secrets = world.secrets(&id).await;
    assert_snapshot!(serde_json::to_string_pretty(&secrets["credentials"]).unwrap(), @r#"
    {
      "access_token": "access!+token/1",
      "token_type": "Bearer",
      "expires_in": 3600,
      "refresh_token": "refresh!+token/1",
      "scope": "read write"
    }
    "#);

    let token = tokens::customer(tokens::WORKSPACE, tokens::CUSTOMER);
    let list = world.api(Method::GET, "/connections?integrationKey=crm", &token, None).await.json();
    assert_eq!(list["items"], json!([connection]));
}

#[tokio::test(start_paused = true)]
async fn the_code_verifier_is_the_one_that_was_promised() {
    let world = World::new().await;
    let browser = world.browser();
    let at_provider = world.begin(&browser, &Start::new()).await;
    browser.get(&at_provider.consent()).await;

    let verifier = world.provider.token_request().parameter("code_verifier").unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    assert_eq!(at_provider.parameter("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(at_provider.parameter("code_challenge"), Some(challenge));
    assert_eq!(verifier.len(), 43);

    let next = world.begin(&browser, &Start::new()).await;
    assert_ne!(next.parameter("code_challenge"), at_provider.parameter("code_challenge"));
    assert_ne!(next.state(), at_provider.state());
}

#[tokio::test(start_paused = true)]
async fn new_credentials_are_proved_before_they_are_stored() {
    let world = World::new().await;
    world.connect(&world.browser(), &Start::new()).await;
    let calls = world.provider.calls_to("/api/me");
    assert_eq!(calls.len(), 1);
    assert_eq!((&calls[0].method, calls[0].uri.as_str()), (&Method::GET, "https://provider.example/api/me"));
    assert_eq!(calls[0].header("authorization"), "Bearer access!+token/1");
}
