//! What an auditor asks for: who wrote a definition, who read secrets, who used the proxy, who ended a connection. And what
//! an operator asks for: the starts and the forms that failed.

use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{integration, workspace};
use tests::form::Form;
use tests::logs::Logs;
use tests::provider::Reply;
use tests::tokens::{ROOT, WORKSPACE, in_an_hour, secret_of};
use tests::{Start, World, tokens};

/// A management token of a person, signed with a key that has a name.
fn of_a_person(workspace: &str) -> String {
    let claims =
        json!({ "iss": workspace, "isAdmin": true, "sub": "grace@acme.example", "exp": in_an_hour() });
    let header = Header { kid: Some("key-7".to_owned()), ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(secret_of(workspace).as_bytes());
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

fn assert_says(line: &Value, fields: &[(&str, Value)]) {
    for (field, value) in fields {
        assert_eq!(&line[field], value, "{field}: {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_said_with_who_did_it() {
    let world = World::new().await;
    let connection = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let path = |rest: &str| format!("/connections/{connection}{rest}");
    let (root, admin) = (of_a_person(ROOT), of_a_person(WORKSPACE));
    let renamed = integration();
    let new = workspace("beta");
    let cases = [
        (Method::PUT, "/workspaces/beta".to_owned(), &root, Some(&new), "workspace created"),
        (Method::PUT, "/workspaces/beta".to_owned(), &root, Some(&new), "workspace changed"),
        (Method::PUT, "/integrations/crm2".to_owned(), &admin, Some(&renamed), "integration created"),
        (Method::PUT, "/integrations/crm2".to_owned(), &admin, Some(&renamed), "integration changed"),
        (Method::PATCH, "/integrations/crm2".to_owned(), &admin, Some(&json!({})), "integration changed"),
        (Method::DELETE, "/workspaces/beta".to_owned(), &root, None, "workspace deleted"),
        (Method::DELETE, "/integrations/crm2".to_owned(), &admin, None, "integration deleted"),
        (Method::GET, path("?includeSecrets=true"), &admin, None, "secrets read"),
        (Method::GET, path("/proxy/me"), &admin, None, "sent through the proxy"),
        (Method::POST, path("/disconnect"), &admin, None, "disconnected"),
        (Method::DELETE, path(""), &admin, None, "archived"),
        (Method::POST, path("/restore"), &admin, None, "restored"),
        (Method::GET, "/customers/user-1/export".to_owned(), &admin, None, "customer exported"),
        (Method::DELETE, path("?erase=true"), &admin, None, "erased"),
        (Method::DELETE, "/customers/user-1".to_owned(), &admin, None, "customer erased"),
    ];
    for (method, path, token, body, message) in cases {
        let logs = Logs::record();
        let answer = world.api(method, &path, token, body).await;
        assert!(answer.status.is_success(), "{message}: {}", answer.body);
        let line = logs.line();
        let who = [
            ("message", message.into()),
            ("subject", "grace@acme.example".into()),
            ("key_id", "key-7".into()),
            ("signed_by", "secret".into()),
            ("workspace", if path.starts_with("/workspaces") { ROOT } else { WORKSPACE }.into()),
        ];
        assert_says(&line, &who);
        let what = match path.split('/').nth(1) {
            Some("workspaces") => ("target", "beta"),
            Some("integrations") => ("integration", "crm2"),
            Some("customers") => ("customer", "user-1"),
            _ => ("connection", &*connection),
        };
        assert_says(&line, &[(what.0, what.1.into())]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_that_signed_is_named_by_its_setting() {
    let world = World::new().await;
    let pair = tokens::Pair::p256();
    let mut definition = workspace(WORKSPACE);
    definition["publicKeys"] = json!([pair.public_pem]);
    definition["secret"] = "another!+secret/another!+secret/another!+secret".into();
    definition["previousSecretUntil"] = "2026-01-01T00:30:00Z".into();
    world.define_workspace(WORKSPACE, &definition).await;
    let claims = json!({ "iss": WORKSPACE, "id": "user-1", "exp": in_an_hour() });
    for (token, setting) in [
        (pair.sign(&claims), "publicKeys[0]"),
        (tokens::customer(WORKSPACE, "user-1"), "previous secret"),
        (tokens::signed(&claims, "another!+secret/another!+secret/another!+secret"), "secret"),
    ] {
        let logs = Logs::record();
        let answer = world.api(Method::GET, "/self", &token, None).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        assert_says(&logs.line(), &[("signed_by", setting.into()), ("customer", "user-1".into())]);
    }
    let logs = Logs::record();
    world.api(Method::GET, "/self", &tokens::signed(&claims, "nobody's"), None).await;
    let line = logs.line();
    assert_eq!((line.get("signed_by"), line.get("customer")), (None, None), "nothing is believed: {line}");
}

/// Whose name somebody made up is not repeated.
#[tokio::test(start_paused = true)]
async fn a_token_is_refused_in_the_name_of_a_workspace_that_exists() {
    let world = World::new().await;
    for (workspace, path, claimed) in [
        (WORKSPACE, "/self", Some(WORKSPACE)),
        (ROOT, "/workspaces/beta", Some(ROOT)),
        ("typed!+secret/1", "/self", None),
    ] {
        let claims = json!({ "iss": workspace, "id": "user-1", "isAdmin": true, "exp": in_an_hour() });
        let token = tokens::signed(&claims, "what somebody guesses the secret to be");
        let logs = Logs::record();
        let answer = world.api(Method::GET, path, &token, None).await;
        assert_eq!(answer.refusal(), refusal(401, "not_authenticated", "token"));
        let line = logs.line();
        assert_eq!(line.get("claimed_workspace").and_then(Value::as_str), claimed, "{line}");
        let kind = claimed.map(|_| "not_signed_by_workspace");
        assert_eq!(line.get("kind").and_then(Value::as_str), kind, "{line}");
        assert_eq!((line.get("workspace"), line.get("customer")), (None, None), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_refused_says_why() {
    let world = World::new().await;
    for (start, message, key) in [
        (Start::new().with(&json!({ "token": "none" })), "start refused", "not_authenticated"),
        (Start::new().from(&[("origin", "https://evil.example")]), "start refused", "origin_not_allowed"),
        (Start::new().with(&json!({ "integrationKey": "none" })), "start failed", "not_found"),
    ] {
        let logs = Logs::record();
        world.browser().send(start.form()).await;
        assert_says(&logs.line(), &[("message", message.into()), ("key", key.into())]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_says_that_it_was_shown_and_why_it_was_refused() {
    let definition = json!({
        "name": "Example CRM", "baseUri": "https://provider.example/api",
        "authOptions": [{
            "key": "api-key", "type": "client-credentials",
            "inputSchema": { "type": "object", "required": ["apiKey"],
                "properties": { "apiKey": { "type": "string", "maxLength": 5 } } },
            "apiClient": { "headers": { "X-Api-Key": "${credentials.apiKey}" } },
            "test": { "method": "GET", "path": "/me" },
        }],
    });
    let world = World::with(&definition).await;
    let browser = world.browser().for_a_person();
    let logs = Logs::record();
    let form = Form::read(&browser.send(Start::new().form()).await);
    assert_says(&logs.line(), &[("message", "form shown".into()), ("option", "api-key".into())]);
    drop(logs);

    let logs = Logs::record();
    browser.send(form.clone().fill("input/apiKey", "typed!").submit()).await;
    let line = logs.line();
    assert_says(&line, &[("message", "form refused".into()), ("field", "/apiKey".into())]);
    assert!(!line.to_string().contains("typed"), "{line}");
    drop(logs);

    let logs = Logs::record();
    world.provider.next("/api/me", Reply::body(401, "text/plain", "no"));
    browser.send(form.clone().fill("input/apiKey", "typd").submit()).await;
    let fields = [
        ("message", "form refused".into()),
        ("key", "credentials_rejected".into()),
        ("status", 401.into()),
        ("step", "test".into()),
    ];
    let line = logs.line();
    assert_says(&line, &fields);
    assert!(!line.to_string().contains("typd"), "{line}");
    drop(logs);

    let logs = Logs::record();
    let cancelled = browser.send(form.press(Some(("cancel", "1")))).await;
    assert_eq!(cancelled.redirected_refusal(), refusal(303, "authorization_denied", ""));
    assert_says(&logs.line(), &[("message", "start failed".into()), ("key", "authorization_denied".into())]);
}
