//! `"key": {"kms": "name"}`: JWTs whose key signs where it is kept.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, integration_with};
use tests::jwt::SigningKey;
use tests::kept_keys::KeptKey;
use tests::provider::Reply;
use tests::tokens::{self, CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

fn client() -> Value {
    json!({
        "clientSecret": null, "clientAuthLocation": "private_key_jwt",
        "clientAssertion": { "algorithm": "ES256", "key": { "kms": "crm-app" }, "keyId": "K1" },
        "revocationUri": "https://provider.example/revoke",
    })
}

/// An integration whose client, and whose calls, have JWTs of keys in KMS.
fn kept() -> Value {
    let mut definition = integration_with(&client());
    let option = &mut definition["authOptions"][0];
    option["signed"] = json!({ "call": {
        "algorithm": "ES256", "key": { "kms": "calls" }, "jti": true,
        "claims": { "nonce": "${random.nonce}", "path": "${request.path}", "token": "${credentials.access_token}" },
    } });
    option["apiClient"] = json!({ "headers": { "X-Nonce": "${random.nonce}", "X-App": "${signed.call}", "X-Again": "${signed.call}" } });
    definition
}

async fn world(definition: &Value) -> (World, Arc<KeptKey>) {
    let kept = Arc::new(KeptKey::new(SigningKey::p256()));
    (World::with(definition).await.signing_by(Arc::clone(&kept) as _), kept)
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

#[tokio::test(start_paused = true)]
async fn a_client_and_its_calls_are_signed_where_the_keys_are_kept() {
    let (world, kept) = world(&kept()).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    // The same JWT twice in a request is asked for once.
    assert_eq!(kept.take_asked(), ["acme/crm-app", "acme/calls"]);
    let (header, claims) =
        kept.key.verified(&world.provider.token_request().parameter("client_assertion").unwrap());
    assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT", "kid": "K1" }));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("client!+ID"), &json!("https://provider.example/oauth/token"))
    );
    let path = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    let mut ids = Vec::new();
    for call in world.provider.calls_to("/api/me") {
        let (_, claims) = kept.key.verified(call.header("x-app"));
        assert_eq!(call.header("x-app"), call.header("x-again"));
        assert_eq!(claims["nonce"], call.header("x-nonce"));
        assert_eq!(
            (&claims["path"], &claims["token"]),
            (&json!("/api/me"), &json!(tests::provider::ACCESS_TOKEN))
        );
        ids.push(claims["jti"].clone());
    }
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    let _ = kept.take_asked();
    world.provider.always("/revoke", Reply::json(200, &json!({})));
    let refresh = format!("/connections/{id}/refresh-credentials");
    assert!(world.api(Method::POST, &refresh, &admin(WORKSPACE), None).await.status.is_success());
    world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    assert_eq!(kept.take_asked(), ["acme/crm-app", "acme/crm-app"]);
    let revocation = world.provider.calls_to("/revoke").pop().unwrap();
    let _ = kept.key.verified(&revocation.parameter("client_assertion").unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_grant_by_assertion_is_signed_there_too() {
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "app", "type": "client-credentials",
        "signed": { "assertion": { "algorithm": "ES256", "key": { "kms": "app" } } },
        "config": {
            "tokenUri": "https://provider.example/oauth/token", "clientAuthLocation": "none",
            "grant": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "tokenRequest": { "add": { "assertion": "${signed.assertion}" } },
        },
        "test": { "path": "/me" },
    }]);
    let (world, kept) = world(&definition).await;
    world.browser().send(Start::new().form()).await.assert_connected();
    assert_eq!(kept.take_asked(), ["acme/app"]);
    let _ = kept.key.verified(&world.provider.token_request().parameter("assertion").unwrap());
}

/// The key is that of the workspace that has defined it, not of one that borrows the definition.
#[tokio::test(start_paused = true)]
async fn a_borrower_signs_with_the_keys_of_the_owner() {
    let world = World::empty().await;
    world.define_workspace(ROOT, &definitions::workspace(ROOT)).await;
    let mut shared = integration_with(&client());
    shared["shared"] = true.into();
    let answer =
        world.api(Method::PUT, "/integrations/shared-crm", &tokens::admin(ROOT), Some(&shared)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let borrowing = json!({
        "name": "CRM of ours",
        "authOptions": [{ "key": "shared", "type": "proxy", "config": { "proxyKey": "shared-crm" } }],
    });
    let kept = Arc::new(KeptKey::new(SigningKey::p256()));
    let world = world.defined(&borrowing).await.signing_by(Arc::clone(&kept) as _);
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    assert_eq!(kept.take_asked(), ["root/crm-app"]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_without_such_keys_says_so_and_sends_no_code() {
    let world = World::with(&kept()).await;
    let answer = world.connect(&world.browser(), &Start::new()).await;
    assert_eq!(answer.redirected_refusal(), refusal(303, "configuration_invalid", "key.kms"));
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_no_key_in_kms_signs_is_refused_when_it_is_put() {
    let world = World::new().await;
    let at = |setting: &str| format!("authOptions[0].signed.call.{setting}");
    for (name, value, field) in [
        ("algorithm", json!("HS256"), at("algorithm")),
        ("algorithm", json!("EdDSA"), at("algorithm")),
        ("keyEncoding", json!("pem"), at("keyEncoding")),
        ("key", json!({ "kms": "../root/calls" }), at("key.kms")),
        ("key", json!({ "kms": "" }), at("key.kms")),
        ("key", json!({ "kms": 1 }), at("key")),
        ("key", json!({ "kms": "calls", "region": "x" }), at("key")),
        ("key", json!({}), at("key")),
    ] {
        let mut definition = kept();
        definition["authOptions"][0]["signed"]["call"][name] = value.clone();
        let answer = put(&world, &definition).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{value}: {}", answer.body);
    }
    let mut by_secret = integration_with(&json!({
        "clientAuthLocation": "client_secret_jwt", "clientAssertion": { "key": { "kms": "crm-app" } },
    }));
    let field = "authOptions[0].config.clientAssertion.key";
    assert_eq!(put(&world, &by_secret).await.refusal(), refusal(400, "request_malformed", field));
    // What it signs goes to no host that a customer enters.
    by_secret = kept();
    by_secret["authOptions"][0]["inputSchema"] =
        json!({ "type": "object", "properties": { "host": { "type": "string" } } });
    by_secret["baseUri"] = "https://${parameters.host}/api".into();
    let path = "/integrations/another";
    let answer = world.api(Method::PUT, path, &admin(WORKSPACE), Some(&by_secret)).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "baseUri"));
}
