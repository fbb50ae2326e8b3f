//! What a workspace's manager puts in, and what never comes out.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, integration, integration_with, workspace};
use tests::tokens::{ROOT, WORKSPACE_SECRET, admin, customer};

#[tokio::test(start_paused = true)]
async fn secrets_that_were_put_are_never_returned() {
    let world = World::new().await;
    for (path, token) in [
        ("/integrations/crm", admin("acme")),
        ("/integrations/crm", customer("acme", "user-1")),
        ("/integrations", admin("acme")),
        ("/integrations", customer("acme", "user-1")),
        ("/workspaces/acme", admin(ROOT)),
    ] {
        let answer = world.api(Method::GET, path, &token, None).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
        for secret in [CLIENT_SECRET, WORKSPACE_SECRET, "clientSecret"] {
            assert!(!answer.body.contains(secret), "{path}: {}", answer.body);
        }
    }
    for (path, token, body) in [
        ("/integrations/crm", admin("acme"), integration()),
        ("/workspaces/acme", admin(ROOT), workspace("acme")),
    ] {
        let answer = world.api(Method::PUT, path, &token, Some(&body)).await;
        assert_eq!(answer.status.as_u16(), 200);
        for secret in [CLIENT_SECRET, WORKSPACE_SECRET, "clientSecret"] {
            assert!(!answer.body.contains(secret), "{path}: {}", answer.body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_generated_is_shown_once() {
    let world = World::empty().await;
    let mut definition = workspace("acme");
    definition.as_object_mut().unwrap().remove("secret");
    let first = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&definition)).await.json();
    let secret = first["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 96);
    assert!(!world.dump().await.contains(secret.as_bytes()));
    let again = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&definition)).await.json();
    assert_eq!(again.get("secret"), None);
    let token = tests::tokens::signed(
        &json!({ "iss": "acme", "isAdmin": true, "exp": tests::tokens::in_an_hour() }),
        secret,
    );
    assert_eq!(world.api(Method::GET, "/integrations", &token, None).await.status.as_u16(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_secret_that_is_not_mentioned_stays_and_null_removes_it() {
    let world = World::new().await;
    let unmentioned = integration_with(&json!({ "clientSecret": null }));
    world.define("crm", &unmentioned).await;
    world.connect(&world.browser(), &tests::Start::new()).await.assert_connected();
    assert_eq!(world.provider.token_request().parameter("client_secret").as_deref(), Some(CLIENT_SECRET));

    let mut removed = integration();
    removed["authOptions"][0]["config"]["clientSecret"] = json!(null);
    world.define("crm", &removed).await;
    world.connect(&world.browser(), &tests::Start::new()).await.assert_connected();
    let last = world.provider.calls_to("/oauth/token").pop().unwrap();
    assert_eq!(last.parameter("client_secret"), None);
}

/// Integrations that hold the secret where it does not fit, and the setting that is named then.
fn misfits(secret: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("authOptions[0].config", {
            let mut body = integration();
            body["authOptions"][0]["config"] = secret.into();
            body
        }),
        ("authOptions[0].config.clientSecret", integration_with(&json!({ "clientSecret": [secret] }))),
        ("authOptions[0].config.scopes", integration_with(&json!({ "scopes": secret }))),
        ("authOptions[0].config.extra", integration_with(&json!({ "extra": secret }))),
        ("authOptions[0].config.skipPkce", integration_with(&json!({ "skipPkce": secret }))),
        ("authOptions[0].config.extra.state", integration_with(&json!({ "extra": { "state": secret } }))),
        (
            "authOptions[0].config.callbackParameters",
            integration_with(&json!({ "callbackParameters": ["code"] })),
        ),
        (
            "authOptions[0].config.callbackParameters",
            integration_with(&json!({
                "callbackNames": { "code": "spapi_oauth_code" }, "callbackParameters": ["spapi_oauth_code"],
            })),
        ),
        (
            "authOptions[0].config.callbackNames.code",
            integration_with(&json!({ "callbackNames": { "code": "state" } })),
        ),
        (
            "authOptions[0].config.callbackNames.code",
            integration_with(&json!({ "callbackNames": { "code": " " } })),
        ),
        (
            "authOptions[0].config.callbackNames.state",
            integration_with(&json!({ "callbackNames": { "state": secret } })),
        ),
        ("authOptions[0].config.redirectUriValue", integration_with(&json!({ "redirectUriValue": " " }))),
        (
            "authOptions[0].config.nonce",
            integration_with(&json!({ "nonce": true, "extra": { "nonce": "${random.nonce}" } })),
        ),
        (
            "authOptions[0].config.nonce",
            integration_with(
                &json!({ "nonce": true, "authorizationRequest": { "names": { "nonce": null } } }),
            ),
        ),
        (
            "authOptions[0].config.nonce",
            integration_with(&json!({ "nonce": true, "grant": "client_credentials" })),
        ),
        (
            "authOptions[0].config.redirectUriValue",
            integration_with(&json!({ "redirectUriValue": "${parameters.name}" })),
        ),
        (
            "authOptions[0].config.redirectUriValue",
            integration_with(&json!({ "redirectUriValue": "${credentials.name}" })),
        ),
        (
            "authOptions[0].config.callbackHmac.parameter",
            integration_with(&json!({ "callbackHmac": { "parameter": "state" } })),
        ),
        ("authOptions[0].config.callbackHmac", integration_with(&json!({ "callbackHmac": secret }))),
        ("authOptions[0].config.clientSecret", {
            let mut body = integration_with(&json!({ "callbackHmac": { "parameter": "hmac" } }));
            body["authOptions"][0]["config"]["clientSecret"] = json!(null);
            body
        }),
        (
            "authOptions[0].config.callbackParameters",
            integration_with(&json!({
                "callbackHmac": { "parameter": "hmac" }, "callbackParameters": ["hmac"],
            })),
        ),
        ("authOptions[0].config.denials[1]", integration_with(&json!({ "denials": ["a", ""] }))),
        ("authOptions", {
            let mut body = integration();
            body["authOptions"] = json!([]);
            body
        }),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_named_and_its_value_is_not_repeated() {
    let world = World::new().await;
    let before = world.dump().await;
    let secret = "s3cret!+value";
    for (field, body) in misfits(secret) {
        let answer = world.api(Method::PUT, "/integrations/new", &admin("acme"), Some(&body)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{}", answer.body);
        assert!(!answer.body.contains("s3cret"), "{}", answer.body);
    }
    for (field, changes) in [
        ("publicKeys", json!({ "publicKeys": secret })),
        ("secret", json!({ "secret": "too short" })),
        ("secret", json!({ "secret": { "value": secret } })),
        ("redirectUris[0]", json!({ "redirectUris": ["http://app.example/"] })),
        ("redirectUris[0]", json!({ "redirectUris": ["http://127.0.0.1:*/*"] })),
        ("origins[0]", json!({ "origins": ["*"] })),
    ] {
        let mut body = workspace("acme");
        tests::definitions::merge(&mut body, &changes);
        let answer = world.api(Method::PUT, "/workspaces/acme", &admin(ROOT), Some(&body)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{}", answer.body);
        assert!(!answer.body.contains("s3cret") && !answer.body.contains("too short\""), "{}", answer.body);
    }
    assert_eq!(world.dump().await, before);
}
