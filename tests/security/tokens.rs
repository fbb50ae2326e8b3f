//! Tokens that start nothing.

use serde_json::{Value, json};
use tests::answer::refusal;
use tests::tokens::{Pair, WORKSPACE_SECRET, in_an_hour, secret_of, signed, unsigned};
use tests::{Start, World, definitions, tokens};

use crate::refused::assert_refused;

fn claims() -> Value {
    json!({ "iss": "acme", "id": "user-1", "exp": in_an_hour() })
}

fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    definitions::merge(&mut claims, changes);
    claims
}

async fn assert_token_refused(world: &World, token: &Value, case: &str) {
    let start = Start::new().with(&json!({ "token": token }));
    let expected = refusal(401, "not_authenticated", "token");
    assert_refused(world, &world.browser(), &start.form(), &expected, case).await;
}

#[tokio::test(start_paused = true)]
async fn no_token_starts_nothing() {
    let world = World::new().await;
    for (case, token) in [("none", json!(null)), ("empty", json!("")), ("no token at all", json!("abc"))] {
        assert_token_refused(&world, &token, case).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_starts_nothing() {
    let world = World::new().await;
    let now = tests::clock::BEGINNING.seconds();
    for (case, changes) in [
        ("a second ago", json!({ "exp": now - 1 })),
        ("just now", json!({ "exp": now })),
        ("no exp", json!({ "exp": null })),
        ("exp as text", json!({ "exp": (now + 60).to_string() })),
        ("not yet valid", json!({ "nbf": now + 3600 })),
    ] {
        assert_token_refused(&world, &signed(&claims_with(&changes), WORKSPACE_SECRET).into(), case).await;
    }
    let soon = signed(&claims_with(&json!({ "exp": now + 1 })), WORKSPACE_SECRET);
    world.begin(&world.browser(), &Start::new().with(&json!({ "token": soon }))).await;
}

#[tokio::test(start_paused = true)]
async fn an_unsigned_token_starts_nothing() {
    let world = World::new().await;
    for algorithm in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        let token = unsigned(&json!({ "alg": algorithm, "typ": "JWT" }), &claims());
        assert_token_refused(&world, &token.into(), algorithm).await;
    }
    assert_token_refused(&world, &unsigned(&json!({}), &claims()).into(), "no alg").await;
}

#[tokio::test(start_paused = true)]
async fn a_public_keys_text_signs_nothing() {
    let world = World::empty().await;
    let pair = Pair::p256();
    let mut workspace = definitions::workspace("acme");
    definitions::merge(&mut workspace, &json!({ "secret": null, "publicKeys": [pair.public_pem] }));
    world.define_workspace("acme", &workspace).await;

    let good = Start::new().with(&json!({ "token": pair.sign(&claims()), "integrationKey": "crm" }));
    let answer = world.browser().send(good.form()).await;
    assert_eq!(answer.redirected_refusal().key, "not_found", "the key itself is in force");

    let trimmed = pair.public_pem.trim().to_owned();
    let body: String = pair.public_pem.lines().filter(|line| !line.starts_with('-')).collect();
    for secret in [pair.public_pem.clone(), trimmed, body, String::new()] {
        assert_token_refused(&world, &signed(&claims(), &secret).into(), "HS256").await;
    }
    assert_token_refused(&world, &Pair::p256().sign(&claims()).into(), "another key pair").await;
}

#[tokio::test(start_paused = true)]
async fn another_workspaces_signature_is_no_signature() {
    let world = World::new().await;
    world.define_workspace("other", &definitions::workspace("other")).await;
    for (case, token) in [
        ("signed by another workspace", signed(&claims(), &secret_of("other"))),
        ("signed by the root workspace", signed(&claims(), tokens::ROOT_SECRET)),
        ("names another workspace", signed(&claims_with(&json!({ "iss": "other" })), WORKSPACE_SECRET)),
        ("names two workspaces", signed(&claims_with(&json!({ "workspaceKey": "other" })), WORKSPACE_SECRET)),
        ("names no workspace", signed(&claims_with(&json!({ "iss": null })), WORKSPACE_SECRET)),
        ("names an unknown workspace", signed(&claims_with(&json!({ "iss": "nobody" })), WORKSPACE_SECRET)),
    ] {
        assert_token_refused(&world, &token.into(), case).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_whose_claims_were_changed_starts_nothing() {
    let world = World::new().await;
    let token = tokens::customer("acme", "user-1");
    let forged = signed(&claims_with(&json!({ "id": "victim" })), "guessed!+guessed!+guessed!+guessed!+");
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (forged_head, _) = forged.rsplit_once('.').unwrap();
    assert_token_refused(&world, &format!("{forged_head}.{signature}").into(), "other claims").await;
    assert_token_refused(&world, &format!("{head}.").into(), "no signature").await;
    assert_token_refused(&world, &format!("{head}.{}", &signature[1..]).into(), "a shorter signature").await;
}

#[tokio::test(start_paused = true)]
async fn a_token_must_name_one_customer() {
    let world = World::new().await;
    for (case, changes) in [
        ("nobody", json!({ "id": null })),
        ("an empty id", json!({ "id": "" })),
        ("two customers", json!({ "tenantKey": "user-2" })),
        ("an object", json!({ "id": { "a": 1 } })),
        ("a control character", json!({ "id": "user\u{0}1" })),
        ("too long", json!({ "id": "x".repeat(256) })),
    ] {
        assert_token_refused(&world, &signed(&claims_with(&changes), WORKSPACE_SECRET).into(), case).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_management_token_connects_nobody() {
    let world = World::new().await;
    let start = Start::new().with(&json!({ "token": tokens::admin("acme") }));
    let expected = refusal(403, "access_denied", "token");
    assert_refused(&world, &world.browser(), &start.form(), &expected, "admin").await;
}
