//! Clients that authenticate by a JWT (RFC 7523 §2.2).

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, integration_with, merge};
use tests::jwt::{SigningKey, verified_by_secret};
use tests::provider::{Call, Reply};
use tests::tokens::{WORKSPACE, admin};
use tests::{Start, World};

const TOKEN_URI: &str = "https://provider.example/oauth/token";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client's JWT in a request that has nothing else of the client but its identifier.
fn assertion(call: &Call, client_id: &str) -> String {
    assert_eq!(call.parameter("client_id").as_deref(), Some(client_id));
    assert_eq!(call.parameter("client_assertion_type").as_deref(), Some(JWT_BEARER));
    assert_eq!((call.parameter("client_secret"), call.header("authorization")), (None, ""));
    call.parameter("client_assertion").unwrap()
}

#[track_caller]
fn assert_claims(claims: &Value, client_id: &str, audience: &str) {
    let (iat, jti) = (claims["iat"].as_i64().unwrap(), claims["jti"].as_str().unwrap());
    let expected = json!({
        "iss": client_id, "sub": client_id, "aud": audience, "iat": iat, "exp": iat + 300, "jti": jti,
    });
    assert_eq!(*claims, expected);
}

#[tokio::test(start_paused = true)]
async fn every_request_of_the_client_has_a_new_jwt_of_its_key() {
    let key = SigningKey::rsa();
    let world = World::with(&integration_with(&json!({
        "clientSecret": null, "privateKey": key.pem, "clientAuthLocation": "private_key_jwt",
        "clientAssertion": { "keyId": "K1", "header": { "x5t": "thumb" } },
        "refreshUri": "https://provider.example/refresh", "revocationUri": "https://provider.example/revoke",
    })))
    .await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    world.provider.always("/refresh", Reply::json(200, &tests::provider::tokens()));
    world.provider.always("/revoke", Reply::json(200, &json!({})));
    let refresh = format!("/connections/{id}/refresh-credentials");
    assert!(world.api(Method::POST, &refresh, &admin(WORKSPACE), None).await.status.is_success());
    world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    let mut ids = Vec::new();
    for path in ["/oauth/token", "/refresh", "/revoke"] {
        let call = world.provider.calls_to(path).pop().unwrap();
        let (header, claims) = key.verified(&assertion(&call, "client!+ID"));
        assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "K1", "x5t": "thumb" }), "{path}");
        assert_claims(&claims, "client!+ID", TOKEN_URI);
        ids.push(claims["jti"].as_str().unwrap().to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let dump = format!("{:?}", world.dump().await);
    assert!(!dump.contains("PRIVATE KEY") && !dump.contains(&key.pem[40..80]));
}

#[tokio::test(start_paused = true)]
async fn the_client_secret_signs_where_the_provider_has_no_key() {
    let world = World::with(&integration_with(&json!({
        "clientAuthLocation": "client_secret_jwt", "clientAssertion": { "audience": "https://provider.example" },
    })))
    .await;
    world.connect(&world.browser(), &Start::new()).await.assert_connected();
    let call = world.provider.token_request();
    let (header, claims) = verified_by_secret(CLIENT_SECRET.as_bytes(), &assertion(&call, "client!+ID"));
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT" }));
    assert_claims(&claims, "client!+ID", "https://provider.example");
}

/// A client-credentials option by private key: of the customer's own client, unless the key is the team's.
fn grant(changes: &Value) -> Value {
    let property = json!({ "type": "string" });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "keys", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["clientId"],
            "properties": { "clientId": property, "privateKey": property },
        },
        "config": { "tokenUri": TOKEN_URI, "clientAuthLocation": "private_key_jwt" },
    }]);
    merge(&mut definition["authOptions"][0]["config"], changes);
    definition
}

#[tokio::test(start_paused = true)]
async fn a_client_of_the_customers_brings_its_key() {
    let key = SigningKey::p256();
    let assertion_of = json!({ "algorithm": "ES256", "key": "${parameters.privateKey}" });
    let world = World::with(&grant(&json!({ "clientAssertion": assertion_of }))).await;
    let entering = |key: &str| {
        Start::new().with(&json!({ "connectionParameters": { "clientId": "theirs", "privateKey": key } }))
    };
    world.browser().send(entering(&key.pem).form()).await.assert_connected();
    let call = world.provider.token_request();
    let (header, claims) = key.verified(&assertion(&call, "theirs"));
    assert_eq!(header["alg"], "ES256");
    assert_claims(&claims, "theirs", TOKEN_URI);
    let unread = world.browser().send(entering("no key").form()).await;
    let expected = refusal(303, "input_invalid", "connectionParameters.privateKey");
    assert_eq!(unread.redirected_refusal(), expected);
    world.provider.next("/oauth/token", Reply::json(401, &json!({ "error": "invalid_client" })));
    let refused = world.browser().send(entering(&key.pem).form()).await;
    assert_eq!(refused.redirected_refusal().key, "credentials_rejected");
}

#[tokio::test(start_paused = true)]
async fn no_customer_is_blamed_for_the_teams_key() {
    let key = SigningKey::rsa();
    let world = World::with(&grant(&json!({ "clientId": "ours", "privateKey": key.pem }))).await;
    let start = Start::new().with(&json!({ "connectionParameters": { "clientId": "unused" } }));
    world.browser().send(start.form()).await.assert_connected();
    let (_, claims) = key.verified(&assertion(&world.provider.token_request(), "ours"));
    assert_claims(&claims, "ours", TOKEN_URI);
    world.provider.always("/oauth/token", Reply::json(401, &json!({ "error": "invalid_client" })));
    let refused = world.browser().send(start.form()).await;
    assert_eq!(refused.redirected_refusal().key, "client_rejected");
}

#[tokio::test(start_paused = true)]
async fn an_assertion_that_cannot_be_made_is_refused_when_it_is_put() {
    let world = World::new().await;
    let config = |setting: &str| format!("authOptions[0].config.{setting}");
    let pem = SigningKey::p256().pem;
    let by_key = |changes: Value| {
        let mut all =
            json!({ "clientSecret": null, "clientAuthLocation": "private_key_jwt", "privateKey": pem });
        merge(&mut all, &changes);
        integration_with(&all)
    };
    let by_secret = |changes: Value| {
        integration_with(&json!({ "clientAuthLocation": "client_secret_jwt", "clientAssertion": changes }))
    };
    let mut no_secret = by_secret(json!({}));
    no_secret["authOptions"][0]["config"]["clientSecret"] = Value::Null;
    for (definition, field) in [
        (by_key(json!({ "privateKey": null })), config("privateKey")),
        // An RS256 key is no P-256 key.
        (by_key(json!({})), config("privateKey")),
        (by_key(json!({ "clientAssertion": { "algorithm": "HS256" } })), config("clientAssertion.algorithm")),
        (by_key(json!({ "clientAssertion": { "key": pem } })), config("clientAssertion.key")),
        (
            by_key(json!({ "clientAssertion": { "algorithm": "ES256", "audience": "${parameters.x}" } })),
            config("clientAssertion.audience"),
        ),
        (
            by_key(json!({ "clientAssertion": { "algorithm": "ES256", "kid": "1" } })),
            config("clientAssertion.kid"),
        ),
        (by_secret(json!({ "algorithm": "ES256" })), config("clientAssertion.algorithm")),
        (by_secret(json!({ "key": "${parameters.x}" })), config("clientAssertion.key")),
        (no_secret, config("clientSecret")),
        (integration_with(&json!({ "clientAssertion": {} })), config("clientAssertion")),
    ] {
        let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(&definition)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{}", answer.body);
        assert!(!answer.body.contains(&pem[40..80]), "{}", answer.body);
    }
    let definition = by_key(json!({ "clientAssertion": { "algorithm": "ES256" } }));
    let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(&definition)).await;
    assert!(answer.status.is_success(), "{}", answer.body);
}

/// Where the secret is kept back, the client is a public one; a grant cannot do without its key.
#[tokio::test(start_paused = true)]
async fn the_own_key_signs_nothing_for_a_host_of_the_customers() {
    let key = SigningKey::rsa();
    let host = json!({ "type": "object", "properties": { "host": { "type": "string" } } });
    let mut definition = integration_with(&json!({
        "clientSecret": null, "privateKey": key.pem, "clientAuthLocation": "private_key_jwt",
        "tokenUri": "https://${parameters.host}/oauth/token",
    }));
    definition["authOptions"][0]["inputSchema"] = host.clone();
    let world = World::empty().await.defined(&integration_with(&json!({}))).await;
    let put = async |definition: &Value| {
        world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(definition)).await
    };
    assert_eq!(put(&definition).await.refusal().field, "authOptions[0].config.tokenUri");
    definition["authOptions"][0]["customerHost"] = true.into();
    assert!(put(&definition).await.status.is_success());
    let start = Start::new()
        .with(&json!({ "integrationKey": "new", "connectionParameters": { "host": "provider.example" } }));
    world.connect(&world.browser(), &start).await.assert_connected();
    let call = world.provider.token_request();
    assert_eq!(call.parameter("client_assertion"), None);
    let mut grant = grant(&json!({
        "clientId": "ours", "privateKey": key.pem, "tokenUri": "https://${parameters.host}/oauth/token",
    }));
    grant["authOptions"][0]["inputSchema"] = host;
    grant["authOptions"][0]["customerHost"] = true.into();
    assert_eq!(put(&grant).await.refusal().field, "authOptions[0].config.tokenUri");
}
