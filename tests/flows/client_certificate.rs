//! `clientCertificate`: clients that authenticate in the TLS handshake (RFC 8705). Which certificate a server is shown is
//! tested where it is shown; here, which request is made with which.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use protocol::http::client_certificate::ClientCertificate;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::integration_with;
use tests::provider::{Call, Reply};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

struct Certified {
    certificate: String,
    key: String,
}

impl Certified {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["client.example".to_owned()]).unwrap();
        let pem = |label: &str, der: &[u8]| {
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
        };
        Self {
            certificate: pem("CERTIFICATE", made.cert.der()),
            key: pem("PRIVATE KEY", &made.signing_key.serialize_der()),
        }
    }

    fn id(&self) -> [u8; 32] {
        ClientCertificate::read(&self.certificate, &self.key).unwrap().id()
    }
}

/// The team's certificate is a parameter of the integration, and its key a sealed one.
fn definition(certified: &Certified, for_api: bool) -> Value {
    let mut definition = integration_with(&json!({
        "clientSecret": null, "clientAuthLocation": "tls_client_auth",
        "refreshUri": "https://provider.example/refresh", "revocationUri": "https://provider.example/revoke",
    }));
    definition["parameters"] =
        json!({ "certificate": certified.certificate, "certificateKey": certified.key });
    definition["parametersSchema"] = json!({ "type": "object", "properties": {
        "certificate": { "type": "string" }, "certificateKey": { "type": "string", "isSensitive": true },
    } });
    definition["authOptions"][0]["clientCertificate"] = json!({
        "certificate": "${integration.certificate}", "key": "${integration.certificateKey}", "forApi": for_api,
    });
    definition
}

async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::PUT, "/integrations/another", &admin(WORKSPACE), Some(definition)).await
}

fn only(mut calls: Vec<Call>) -> Call {
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

#[tokio::test(start_paused = true)]
async fn the_endpoints_are_asked_with_it_and_the_api_only_if_it_shall_be() {
    for for_api in [false, true] {
        let certified = Certified::new();
        let world = World::with(&definition(&certified, for_api)).await;
        world.provider.always("/refresh", Reply::json(200, &tests::provider::tokens()));
        world.provider.always("/revoke", Reply::json(200, &json!({})));
        let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
        let refresh = format!("/connections/{id}/refresh-credentials");
        assert!(world.api(Method::POST, &refresh, &admin(WORKSPACE), None).await.status.is_success());
        let path = format!("/connections/{id}/proxy/me");
        world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
        world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
        for path in ["/oauth/token", "/refresh", "/revoke"] {
            let call = only(world.provider.calls_to(path));
            assert_eq!(call.certificate, Some(certified.id()), "{path}");
            assert_eq!(call.parameter("client_id").as_deref(), Some("client!+ID"), "{path}");
            assert_eq!((call.parameter("client_secret"), call.header("authorization")), (None, ""), "{path}");
        }
        let shown = for_api.then(|| certified.id());
        let api = world.provider.calls_to("/api/me");
        assert!(api.len() >= 2 && api.iter().all(|call| call.certificate == shown), "{for_api}");
        let stored = format!("{:?}", world.dump().await);
        let answer = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await;
        for text in [stored, answer.body] {
            assert!(!text.contains("PRIVATE KEY") && !text.contains(&certified.key[40..80]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_customer_can_bring_a_certificate_to_a_login() {
    let certified = Certified::new();
    let mut definition = integration_with(&json!({}));
    let property = json!({ "type": "string" });
    definition["authOptions"] = json!([{
        "key": "bank", "type": "client-credentials",
        "inputSchema": {
            "type": "object", "required": ["certificate", "key"], "properties": { "certificate": property, "key": property },
        },
        "clientCertificate": { "certificate": "${parameters.certificate}", "key": "${parameters.key}" },
        "config": { "login": { "uri": "https://provider.example/login", "response": { "token": "t" } } },
        "test": { "path": "/me" },
    }]);
    let world = World::with(&definition).await;
    world.provider.always("/login", Reply::json(200, &json!({ "t": "T1" })));
    let entering = |key: &str| {
        let entered = json!({ "certificate": certified.certificate, "key": key });
        Start::new().with(&json!({ "connectionParameters": entered }))
    };
    let strange = Certified::new().key;
    for wrong in ["no key!+", &strange] {
        let answer = world.browser().send(entering(wrong).form()).await;
        assert_eq!(answer.redirected_refusal(), refusal(303, "input_invalid", "connectionParameters.key"));
        assert!(!answer.location().contains("no+key") && !answer.location().contains("PRIVATE"));
    }
    assert_eq!(world.provider.calls().len(), 0);
    world.browser().send(entering(&certified.key).form()).await.assert_connected();
    assert_eq!(only(world.provider.calls_to("/login")).certificate, Some(certified.id()));
    assert_eq!(only(world.provider.calls_to("/api/me")).certificate, None);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_presented_is_refused_when_it_is_put() {
    let world = World::new().await;
    let certified = Certified::new();
    let at = |setting: &str| format!("authOptions[0].clientCertificate{setting}");
    for (pointer, value, field) in [
        ("/key", json!(certified.key), at(".key")),
        ("/key", json!("${credentials.key}"), at(".key")),
        ("/certificate", json!("${parameters.other}"), at(".certificate")),
        ("/forApi", json!("yes"), at(".forApi")),
        ("/other", json!(1), at(".other")),
        ("", Value::Null, at("")),
    ] {
        let mut changed = definition(&certified, true);
        let setting = &mut changed["authOptions"][0]["clientCertificate"];
        match pointer {
            "" => *setting = value.clone(),
            pointer => setting[&pointer[1..]] = value.clone(),
        }
        let answer = put(&world, &changed).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", &field), "{value}: {}", answer.body);
        assert!(!answer.body.contains(&certified.key[40..80]));
    }
    let mut oauth1 = tests::definitions::oauth1();
    let mut from = definition(&certified, true);
    oauth1["authOptions"][0]["clientCertificate"] = from["authOptions"][0]["clientCertificate"].take();
    oauth1["parametersSchema"] = from["parametersSchema"].take();
    oauth1["parameters"] = from["parameters"].take();
    assert_eq!(put(&world, &oauth1).await.refusal(), refusal(400, "request_malformed", &at("")));
}
