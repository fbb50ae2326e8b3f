//! `${signed.…}`: JWTs that an option signs, by the customer's key or by the team's own.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{integration_with, merge};
use tests::jwt::{SigningKey, verified_by_secret};
use tests::provider::Reply;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

/// An option whose calls carry a JWT that the customer's own key signs.
fn entered_key(signed: &Value) -> Value {
    let property = json!({ "type": "string" });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "key", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["issuer", "privateKey"],
            "properties": { "issuer": property, "privateKey": property, "keyId": property, "note": property },
        },
        "signed": { "token": signed },
        "apiClient": { "headers": { "Authorization": "Bearer ${signed.token}" } },
        "test": { "path": "/me" },
    }]);
    definition
}

fn es256() -> Value {
    json!({
        "algorithm": "ES256", "key": "${parameters.privateKey}", "keyId": "${parameters.keyId?}",
        "claims": { "iss": "${parameters.issuer}", "aud": "example-v1", "scope": ["GET /me"], "n": 1, "x": "${parameters.note?}" },
        "header": { "typ": "at+jwt" },
        "lifetime": 1200, "jti": true,
    })
}

fn entering(parameters: &Value) -> Start {
    Start::new().with(&json!({ "connectionParameters": parameters }))
}

fn bearer(header: &str) -> &str {
    header.strip_prefix("Bearer ").unwrap()
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

#[tokio::test(start_paused = true)]
async fn each_call_carries_a_new_jwt_of_the_customers_key() {
    let key = SigningKey::p256();
    let world = World::with(&entered_key(&es256())).await;
    let entered = json!({ "issuer": "issuer!+", "privateKey": key.pem, "keyId": "K1" });
    let id = world.browser().send(entering(&entered).form()).await.connection_id();
    world.clock.advance(Duration::from_mins(1));
    world
        .api(Method::GET, &format!("/connections/{id}/proxy/me"), &customer(WORKSPACE, CUSTOMER), None)
        .await;
    let calls = world.provider.calls_to("/api/me");
    let jwts: Vec<(Value, Value)> =
        calls.iter().map(|call| key.verified(bearer(call.header("authorization")))).collect();
    assert_eq!(jwts.len(), 2);
    let issued: Vec<i64> = jwts.iter().map(|(_, claims)| claims["iat"].as_i64().unwrap()).collect();
    assert_eq!(issued[1] - issued[0], 60);
    assert_ne!(jwts[0].1["jti"], jwts[1].1["jti"]);
    for (header, claims) in jwts {
        assert_eq!(header, json!({ "alg": "ES256", "kid": "K1", "typ": "at+jwt" }));
        let (iat, jti) = (claims["iat"].as_i64().unwrap(), claims["jti"].as_str().unwrap());
        assert_eq!(jti.len(), 22);
        let expected = json!({
            "iss": "issuer!+", "aud": "example-v1", "scope": ["GET /me"], "n": 1, "iat": iat, "exp": iat + 1200, "jti": jti,
        });
        assert_eq!(claims, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_read_is_the_customers_to_correct() {
    let world = World::with(&entered_key(&es256())).await;
    let field = "connectionParameters.privateKey";
    for key in ["no key!+", &SigningKey::rsa().pem] {
        let entered = json!({ "issuer": "a", "privateKey": key });
        let answer = world.browser().send(entering(&entered).form()).await;
        assert_eq!(answer.redirected_refusal(), refusal(303, "input_invalid", field));
        assert!(!answer.location().contains("no+key") && !answer.location().contains("MII"));
    }
    assert_eq!(world.provider.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_can_be_a_jwk_which_names_itself() {
    let key = SigningKey::p256();
    for (key_id, kid) in [(None, "own"), (Some("K1"), "K1")] {
        let mut signed = es256();
        merge(&mut signed, &json!({ "keyEncoding": "jwk", "header": null }));
        let world = World::with(&entered_key(&signed)).await;
        let mut entered = json!({ "issuer": "a", "privateKey": key.jwk("own") });
        if let Some(key_id) = key_id {
            entered["keyId"] = key_id.into();
        }
        world.browser().send(entering(&entered).form()).await.assert_connected();
        let call = world.provider.calls().pop().unwrap();
        let (header, _) = key.verified(bearer(call.header("authorization")));
        assert_eq!(header, json!({ "alg": "ES256", "kid": kid, "typ": "JWT" }));
    }
    let mut signed = es256();
    merge(&mut signed, &json!({ "keyEncoding": "jwk", "algorithm": "HS256" }));
    let refused = put(&World::new().await, &entered_key(&signed)).await;
    let field = "authOptions[0].signed.token.keyEncoding";
    assert_eq!(refused.refusal(), refusal(400, "request_malformed", field));
}

/// As where the issuer's name has the fingerprint of the key in it.
#[tokio::test(start_paused = true)]
async fn a_claim_can_name_the_public_half_of_the_key() {
    let key = SigningKey::rsa();
    let issuer = "${upper(parameters.issuer)}.SHA256:${publicKeySha256(parameters.privateKey)}";
    let mut signed = es256();
    merge(&mut signed, &json!({ "algorithm": "RS256", "claims": { "iss": issuer } }));
    let world = World::with(&entered_key(&signed)).await;
    let entered = json!({ "issuer": "acme", "privateKey": key.pem });
    world.browser().send(entering(&entered).form()).await.assert_connected();
    let call = world.provider.calls().pop().unwrap();
    let (_, claims) = key.verified(bearer(call.header("authorization")));
    assert_eq!(claims["iss"], format!("ACME.SHA256:{}", key.fingerprint()));

    let entered = json!({ "issuer": "acme", "privateKey": "no key" });
    let answer = world.browser().send(entering(&entered).form()).await;
    let field = "connectionParameters.privateKey";
    assert_eq!(answer.redirected_refusal(), refusal(303, "input_invalid", field));
    for broken in ["${publicKeySha256('a')}", "${publicKeySha256(parameters.issuer, parameters.note)}"] {
        merge(&mut signed, &json!({ "claims": { "iss": broken } }));
        assert_eq!(put(&world, &entered_key(&signed)).await.status.as_u16(), 400, "{broken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_key_is_written_as_the_provider_has_it() {
    for (encoding, key, bytes) in [
        (json!(null), "secret!+", &b"secret!+"[..]),
        (json!("text"), "secret!+", b"secret!+"),
        (json!("hex"), "00ff10", &[0, 255, 16]),
        (json!("base64"), "AP8Q", &[0, 255, 16]),
    ] {
        let mut signed = json!({ "algorithm": "HS256", "key": "${parameters.privateKey}", "nbf": true });
        merge(&mut signed, &json!({ "keyEncoding": encoding }));
        let world = World::with(&entered_key(&signed)).await;
        let entered = json!({ "issuer": "a", "privateKey": key });
        world.browser().send(entering(&entered).form()).await.assert_connected();
        let call = world.provider.calls().pop().unwrap();
        let (header, claims) = verified_by_secret(bytes, bearer(call.header("authorization")));
        let iat = claims["iat"].as_i64().unwrap();
        assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT" }));
        assert_eq!(claims, json!({ "iat": iat, "nbf": iat, "exp": iat + 300 }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_object_is_signed_by_the_teams_own_key() {
    let key = SigningKey::rsa();
    let mut definition = integration_with(&json!({
        "privateKey": key.pem, "extra": { "request": "${signed.request}", "nonce": "${random.nonce}" },
    }));
    definition["authOptions"][0]["signed"] =
        json!({ "request": { "algorithm": "RS256", "claims": { "nonce": "${random.nonce}" } } });
    let world = World::with(&definition).await;
    let at_provider = world.begin(&world.browser(), &Start::new()).await;
    let (_, claims) = key.verified(&at_provider.parameter("request").unwrap());
    assert_eq!(claims["nonce"].as_str(), at_provider.parameter("nonce").as_deref());
    let dump = format!("{:?}", world.dump().await);
    let shown = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await;
    for text in [dump, shown.body] {
        assert!(!text.contains("PRIVATE KEY") && !text.contains(&key.pem[40..80]));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_signed_is_refused_when_it_is_put() {
    let world = World::new().await;
    let own = "authOptions[0].config.privateKey";
    let at = |setting: &str| format!("authOptions[0].signed.token.{setting}");
    let pem = SigningKey::p256().pem;
    for (changes, field) in [
        (json!({ "key": null }), own.to_owned()),
        (json!({ "key": pem }), at("key")),
        (json!({ "key": "a${parameters.privateKey}" }), at("key")),
        (json!({ "key": "${parameters.privateKey || 'secret!+'}" }), at("key")),
        (json!({ "key": "${parameters.other}" }), at("key")),
        (json!({ "keyEncoding": "text" }), at("keyEncoding")),
        (json!({ "algorithm": "HS256", "keyEncoding": "pem" }), at("keyEncoding")),
        (json!({ "algorithm": "none" }), at("algorithm")),
        (json!({ "claims": { "exp": 1 } }), at("claims.exp")),
        (json!({ "claims": { "iss": { "a": ["${parameters.other}"] } } }), at("claims.iss.a[0]")),
        (json!({ "claims": { "act": "${signed.token}" } }), at("claims")),
        (json!({ "header": { "alg": "none" } }), at("header.alg")),
        (json!({ "lifetime": 0 }), at("lifetime")),
        (json!({ "lifetimes": 1 }), at("lifetimes")),
    ] {
        let mut definition = entered_key(&es256());
        merge(&mut definition["authOptions"][0]["signed"]["token"], &changes);
        let answer = put(&world, &definition).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{changes}: {}", answer.body);
        assert!(!answer.body.contains(&pem[40..80]) && !answer.body.contains("secret!+"), "{}", answer.body);
    }
    for key in ["no key", &SigningKey::rsa().pem] {
        let mut definition = entered_key(&es256());
        merge(&mut definition["authOptions"][0]["signed"]["token"], &json!({ "key": null }));
        definition["authOptions"][0]["config"] = json!({ "privateKey": key });
        assert_eq!(put(&world, &definition).await.refusal(), refusal(400, "request_malformed", own));
    }
    let mut early = integration_with(&json!({ "extra": { "request": "${signed.a}" }, "privateKey": pem }));
    early["authOptions"][0]["signed"] =
        json!({ "a": { "algorithm": "ES256", "claims": { "sub": "${credentials.sub}" } } });
    let field = "authOptions[0].config.extra.request";
    assert_eq!(put(&world, &early).await.refusal(), refusal(400, "request_malformed", field));
}

/// What the team's own key signs goes to no host that a customer enters, and to no new one without the key.
#[tokio::test(start_paused = true)]
async fn what_the_own_key_signs_is_as_secret_as_the_key() {
    let key = SigningKey::p256();
    let world = World::new().await;
    let mut definition = integration_with(&json!({ "clientAuthLocation": "none" }));
    let option = &mut definition["authOptions"][0];
    option["config"]["clientSecret"] = Value::Null;
    option["inputSchema"] = json!({ "type": "object", "properties": { "host": { "type": "string" } } });
    option["config"]["privateKey"] = key.pem.as_str().into();
    option["signed"] = json!({ "app": { "algorithm": "ES256" } });
    option["test"]["headers"] = json!({ "X-App": "${signed.app}" });
    assert!(put(&world, &definition).await.status.is_success());
    for base in ["https://${parameters.host}/api", "${credentials.instance_url}"] {
        let mut entered = definition.clone();
        entered["baseUri"] = base.into();
        assert_eq!(put(&world, &entered).await.refusal().field, "baseUri", "{base}");
        entered["authOptions"][0]["customerHost"] = true.into();
        assert_eq!(put(&world, &entered).await.refusal().field, "baseUri", "{base}");
        entered["authOptions"][0]["customerHostGetsSecret"] = true.into();
        assert!(put(&world, &entered).await.status.is_success(), "{base}");
        assert!(put(&world, &definition).await.status.is_success());
    }
    let mut moved = definition.clone();
    moved["authOptions"][0]["config"].as_object_mut().unwrap().remove("privateKey");
    assert!(put(&world, &moved).await.status.is_success());
    moved["baseUri"] = "https://elsewhere.example".into();
    let expected = refusal(400, "parameter_missing", "authOptions[0].config.privateKey");
    assert_eq!(put(&world, &moved).await.refusal(), expected);
    // Nothing signed goes there now.
    moved["authOptions"][0]["test"]["headers"] = json!({});
    assert!(put(&world, &moved).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_revokes_is_signed_too() {
    let key = SigningKey::p256();
    let mut definition = integration_with(&json!({ "privateKey": key.pem }));
    let option = &mut definition["authOptions"][0];
    option["signed"] =
        json!({ "app": { "algorithm": "ES256", "claims": { "sub": "${credentials.access_token}" } } });
    option["revoke"] = json!({ "path": "/revoke", "headers": { "Authorization": "Bearer ${signed.app}" } });
    let world = World::with(&definition).await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.provider.always("/api/revoke", Reply::json(200, &json!({})));
    world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    let call = world.provider.calls_to("/api/revoke").pop().unwrap();
    let (_, claims) = key.verified(bearer(call.header("authorization")));
    assert_eq!(claims["sub"], tests::provider::ACCESS_TOKEN);
}
