//! `signing`: requests that are signed by a key which the service knows too.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use protocol::clock::Clock;
use protocol::random::hex;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::browser::api_request;
use tests::definitions::{integration_with, merge};
use tests::jwt::SigningKey;
use tests::provider::{Call, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

/// An option of keys that the customer enters.
fn keys(api_client: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    let property = json!({ "type": "string" });
    definition["authOptions"] = json!([{
        "key": "keys", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["id", "secret"],
            "properties": { "id": property, "secret": property, "token": property },
        },
        "apiClient": api_client,
        "test": { "path": "/me?b=2&a=1" },
    }]);
    definition
}

fn hmac_sha1() -> Value {
    json!({
        "signing": {
            "type": "hmac", "algorithm": "sha1", "key": "${credentials.secret}",
            "message": "${request.date}\n${request.method}\n${request.host}\n${request.path}\n${request.parameters}",
        },
        "headers": { "Date": "${request.date}" },
        "basic": { "username": "${credentials.id}", "password": "${request.signature}" },
    })
}

fn aws() -> Value {
    json!({ "signing": {
        "type": "aws-sigv4", "service": "dynamodb", "region": "eu-west-1",
        "accessKeyId": "${credentials.id}", "secretAccessKey": "${credentials.secret}", "sessionToken": "${credentials.token?}",
    } })
}

fn entering() -> Start {
    Start::new().with(&json!({ "connectionParameters": { "id": "ID1", "secret": "s3cret!+" } }))
}

async fn connected(world: &World) -> String {
    world.browser().send(entering().form()).await.connection_id()
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/crm", &admin(WORKSPACE), Some(definition)).await
}

fn sha1_of(text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"s3cret!+");
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}

fn basic_of(call: &Call) -> String {
    let encoded = call.header("authorization").strip_prefix("Basic ").unwrap();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_request_is_signed_anew_over_its_own_parts() {
    let mut definition = keys(&hmac_sha1());
    definition["authOptions"][0]["revoke"] =
        json!({ "path": "/revoke", "body": { "z": "ä b", "a": "${credentials.id}" } });
    let world = World::with(&definition).await;
    world.provider.always("/api/revoke", Reply::json(200, &json!({})));
    let id = connected(&world).await;
    world.clock.advance(std::time::Duration::from_secs(61));
    let path = format!("/connections/{id}/proxy/me?x=%7e&x=a+b");
    world.api(Method::PUT, &path, &customer(WORKSPACE, CUSTOMER), Some(&json!({ "n": 1 }))).await;
    world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    let calls = world.provider.calls();
    let expected = [
        ("GET", "/api/me", "a=1&b=2"),
        ("PUT", "/api/me", "x=a%20b&x=~"),
        ("POST", "/api/revoke", "a=ID1&z=%C3%A4%20b"),
    ];
    assert_eq!(calls.len(), expected.len());
    for (call, (method, path, parameters)) in calls.iter().zip(expected) {
        let date = call.header("date");
        assert!(date.ends_with(" GMT"), "{date}");
        let message = format!("{date}\n{method}\nprovider.example\n{path}\n{parameters}");
        assert_eq!(basic_of(call), format!("ID1:{}", sha1_of(&message)), "{path}");
    }
    assert_ne!(calls[0].header("date"), calls[1].header("date"));
}

#[tokio::test(start_paused = true)]
async fn a_signature_in_the_query_covers_the_rest_of_it() {
    let api_client = json!({
        "signing": {
            "type": "hmac", "algorithm": "sha1", "key": "${credentials.secret}",
            "message": "${request.timestamp}${request.method}${request.target}${request.body}",
        },
        "query": { "key": "${credentials.id}", "at": "${request.timestamp}", "sign": "${request.signature}" },
    });
    let world = World::with(&keys(&api_client)).await;
    connected(&world).await;
    let call = world.provider.calls().pop().unwrap();
    let at = world.clock.now().seconds();
    let target = format!("/api/me?b=2&a=1&at={at}&key=ID1");
    let signature = sha1_of(&format!("{at}GET{target}"));
    assert_eq!(call.uri, format!("https://provider.example{target}&sign={signature}"));
}

/// What a caller wrote into the place of the signature is replaced, and not signed.
#[tokio::test(start_paused = true)]
async fn a_caller_cannot_sign() {
    let world = World::with(&keys(&json!({
        "signing": { "type": "hmac", "algorithm": "sha1", "key": "${credentials.secret}", "message": "${request.query}" },
        "query": { "sign": "${request.signature}" },
    })))
    .await;
    let id = connected(&world).await;
    let path = format!("/connections/{id}/proxy/me?x=1&sign=mine");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    let call = world.provider.calls().pop().unwrap();
    let signed = sha1_of("x=1&sign=mine");
    assert_eq!(call.uri, format!("https://provider.example/api/me?x=1&sign={signed}"));
}

#[tokio::test(start_paused = true)]
async fn a_digest_of_the_password_makes_a_user_name_token() {
    let world = World::with(&keys(&json!({
        "signing": {
            "type": "digest", "algorithm": "sha1", "encoding": "hex-base64",
            "message": "${random.nonce}${request.dateTime}${credentials.secret}",
        },
        "headers": { "X-WSSE": "${credentials.id} ${request.signature} ${random.nonce} ${request.dateTime}" },
    })))
    .await;
    connected(&world).await;
    let call = world.provider.calls().pop().unwrap();
    let [id, signature, nonce, at] = call.header("x-wsse").split(' ').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let text = format!("{nonce}{at}s3cret!+");
    let hash = hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref());
    assert_eq!((id, signature.to_owned()), ("ID1", STANDARD.encode(hash)));
    assert_eq!(nonce.len(), 22);
}

#[tokio::test(start_paused = true)]
async fn a_login_is_signed_too_and_a_jwt_names_the_request() {
    let key = SigningKey::p256();
    let mut definition = keys(&json!({ "headers": { "Authorization": "Bearer ${signed.call}" } }));
    merge(
        &mut definition["authOptions"][0],
        &json!({
            "config": { "login": {
                "uri": "https://provider.example/login", "body": { "id": "${parameters.id}" }, "response": { "token": "t" },
                "signing": {
                    "type": "hmac", "algorithm": "sha1", "key": "${parameters.secret}",
                    "message": "${request.contentType} ${request.body}",
                },
                "headers": { "X-Sign": "${request.signature}" },
            } },
            "signed": { "call": {
                "algorithm": "ES256", "key": "${parameters.secret}",
                "claims": { "uri": "${request.method} ${request.host}${request.path}", "token": "${credentials.token}" },
            } },
        }),
    );
    let world = World::with(&definition).await;
    world.provider.always("/login", Reply::json(200, &json!({ "t": "T1" })));
    let entered = json!({ "connectionParameters": { "id": "ID1", "secret": key.pem } });
    world.browser().send(Start::new().with(&entered).form()).await.assert_connected();
    let login = world.provider.calls_to("/login").pop().unwrap();
    let shared = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.pem.as_bytes());
    let expected = hex(hmac::sign(&shared, br#"application/json {"id":"ID1"}"#).as_ref());
    assert_eq!(login.header("x-sign"), expected);
    let call = world.provider.calls_to("/api/me").pop().unwrap();
    let (_, claims) = key.verified(call.header("authorization").strip_prefix("Bearer ").unwrap());
    assert_eq!((&claims["uri"], &claims["token"]), (&json!("GET provider.example/api/me"), &json!("T1")));
}

#[tokio::test(start_paused = true)]
async fn aws_gets_its_own_headers_of_a_caller_and_a_signature_over_them() {
    let world = World::with(&keys(&aws())).await;
    let id = connected(&world).await;
    let path = format!("/connections/{id}/proxy/me");
    let mut request =
        api_request(&Method::POST, &path, &customer(WORKSPACE, CUSTOMER), Some(&json!({ "n": 1 })));
    for (name, value) in [
        ("x-amz-target", "DynamoDB_20120810.ListTables"),
        ("x-amz-security-token", "mine"),
        ("x-amz-date", "mine"),
        ("x-forwarded-for", "1.2.3.4"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = world.browser().send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = world.provider.calls().pop().unwrap();
    let signature = call.header("authorization");
    assert!(
        signature.contains("Credential=ID1/") && signature.contains("/eu-west-1/dynamodb/"),
        "{signature}"
    );
    assert!(
        signature.contains("SignedHeaders=accept;content-type;host;x-amz-date;x-amz-target,"),
        "{signature}"
    );
    assert_eq!(call.header("x-amz-target"), "DynamoDB_20120810.ListTables");
    assert!(call.header("x-amz-date").ends_with('Z'));
    assert!(
        !call.headers.contains_key("x-amz-security-token") && !call.headers.contains_key("x-forwarded-for")
    );
    assert!(!format!("{:?}", call.headers).contains("Signature="), "the signature is sensitive");
}

/// A merge patch (RFC 7396).
fn patch(target: &mut Value, changes: &Value) {
    let Some(changes) = changes.as_object() else { return *target = changes.clone() };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, change) in changes {
        match change {
            Value::Null => drop(target.as_object_mut().unwrap().remove(name)),
            change => patch(&mut target[name], change),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_sign_is_refused_when_it_is_put() {
    let world = World::new().await;
    let at = |setting: &str| format!("authOptions[0].apiClient.{setting}");
    for (base, changes, field) in [
        (hmac_sha1(), json!({ "signing": { "key": "literal" } }), at("signing.key")),
        (hmac_sha1(), json!({ "signing": { "key": "${credentials.secret || 'text'}" } }), at("signing.key")),
        (hmac_sha1(), json!({ "signing": { "key": "${credentials.other}" } }), at("signing.key")),
        (hmac_sha1(), json!({ "signing": { "keyEncoding": "pem" } }), at("signing.keyEncoding")),
        (hmac_sha1(), json!({ "signing": { "algorithm": "md4" } }), at("signing")),
        (hmac_sha1(), json!({ "signing": { "other": 1 } }), at("signing")),
        (hmac_sha1(), json!({ "signing": { "message": "fixed" } }), at("signing.message")),
        (hmac_sha1(), json!({ "signing": { "message": "${request.signature}" } }), at("signing.message")),
        (hmac_sha1(), json!({ "signing": { "message": "${request.other}" } }), at("signing.message")),
        (hmac_sha1(), json!({ "basic": { "password": "x" } }), at("signing")),
        (hmac_sha1(), json!({ "signing": null }), at("basic.password")),
        (aws(), json!({ "signing": { "region": null } }), at("signing.region")),
        (aws(), json!({ "headers": { "Authorization": "x" } }), at("signing")),
        (aws(), json!({ "headers": { "X-A": "${request.signature}" } }), at("headers.X-A")),
    ] {
        let mut api_client = base;
        patch(&mut api_client, &changes);
        let answer = put(&world, &keys(&api_client)).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{changes}: {}", answer.body);
    }
    let mut elsewhere = keys(&hmac_sha1());
    elsewhere["authOptions"][0]["test"]["headers"] = json!({ "X-At": "${request.timestamp}" });
    let field = "authOptions[0].test.headers.X-At";
    assert_eq!(put(&world, &elsewhere).await.refusal(), refusal(400, "request_malformed", field));
    let mut signed_twice = tests::definitions::oauth1();
    signed_twice["authOptions"][0]["apiClient"] = aws();
    assert_eq!(put(&world, &signed_twice).await.refusal(), refusal(400, "request_malformed", &at("signing")));
}

/// As where another service of the same account proves the keys.
#[tokio::test(start_paused = true)]
async fn a_test_can_be_signed_in_another_way_than_the_requests() {
    let mut definition = keys(&aws());
    let mut signing = aws()["signing"].clone();
    merge(&mut signing, &json!({ "service": "sts", "region": "us-east-1" }));
    definition["authOptions"][0]["test"] = json!({ "path": "/me", "signing": signing });
    let world = World::with(&definition).await;
    let id = connected(&world).await;
    let path = format!("/connections/{id}/proxy/me");
    world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    let scopes: Vec<String> = world
        .provider
        .calls()
        .iter()
        .map(|call| call.header("authorization").split('/').skip(2).take(2).collect::<Vec<_>>().join("/"))
        .collect();
    assert_eq!(scopes, ["us-east-1/sts", "eu-west-1/dynamodb"]);
}

#[tokio::test(start_paused = true)]
async fn a_tests_own_signature_needs_a_place_in_what_every_request_has() {
    let world = World::new().await;
    let hash = hmac_sha1()["signing"].clone();
    let basic = json!({ "basic": { "username": "${credentials.id}", "password": "x" } });
    for (api_client, signing) in [
        (hmac_sha1(), aws()["signing"].clone()),
        (basic, aws()["signing"].clone()),
        (json!({ "headers": { "X-Id": "${credentials.id}" } }), hash),
    ] {
        let mut definition = keys(&api_client);
        definition["authOptions"][0]["test"]["signing"] = signing;
        let field = "authOptions[0].test.signing";
        assert_eq!(put(&world, &definition).await.refusal(), refusal(400, "request_malformed", field));
    }
}
