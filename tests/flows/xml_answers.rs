//! Services that answer in XML: a login, a token endpoint, calls after connecting, a test, and an API.

use http::Method;
use serde_json::{Value, json};
use tests::definitions::{integration_with, merge};
use tests::provider::{Reply, tokens};
use tests::tokens::{CUSTOMER, WORKSPACE, customer};
use tests::{Start, World};

use crate::refresh::{HOUR, connected, refreshes, renewed};

fn xml(status: u16, body: &str) -> Reply {
    Reply::body(status, "text/xml; charset=utf-8", body)
}

fn option_with(changes: &Value) -> Value {
    let mut definition = integration_with(&json!({}));
    merge(&mut definition["authOptions"][0], changes);
    definition
}

/// As at services that speak SOAP: the session is an element of the login's answer.
fn soap() -> Value {
    let property = json!({ "type": "string" });
    let mut definition = integration_with(&json!({}));
    definition["authOptions"] = json!([{
        "key": "login", "type": "client-credentials",
        "inputSchema": { "type": "object", "required": ["user"], "properties": { "user": property } },
        "config": { "login": {
            "uri": "https://provider.example/soap",
            "body": "<Envelope><Body><login>${parameters.user}</login></Body></Envelope>", "bodyFormat": "xml",
            "expect": { "body": { "Envelope.Body.Fault": null } },
            "response": { "session": "Envelope.Body.session.#text", "org": "Envelope.Body.session.@org" },
        } },
        "apiClient": { "headers": { "X-Session": "${credentials.session}" } },
        "test": { "path": "/me", "expect": { "body": { "user.state": "active" } } },
        "afterConnect": [{
            "path": "/sites", "choose": { "items": "sites.site", "value": "@id", "label": "name", "as": "site" },
        }],
    }]);
    definition
}

#[tokio::test(start_paused = true)]
async fn a_login_a_call_and_a_test_can_answer_in_xml() {
    let world = World::with(&soap()).await;
    let session =
        "<s:Envelope xmlns:s='urn:s'><s:Body><session org='7'>s&amp;1</session></s:Body></s:Envelope>";
    world.provider.always("/soap", xml(200, session));
    world.provider.always("/api/sites", xml(200, "<sites><site id='1'><name>Acme</name></site></sites>"));
    world.provider.always("/api/me", xml(200, "<?xml version='1.0'?><user><state>active</state></user>"));
    let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
    let id = world.browser().send(start.form()).await.connection_id();
    let credentials = world.secrets(&id).await["credentials"].clone();
    assert_eq!(credentials, json!({ "session": "s&1", "org": "7", "site": "1" }));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_such_xml_connects_nobody() {
    let laughs = "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'>]>\
                  <Envelope><Body><session org='7'>&c;</session></Body></Envelope>";
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let fault = "<Envelope><Body><Fault/><session org='7'>s</session></Body></Envelope>";
    for (body, key) in [
        (laughs, "token_response_invalid"),
        (&deep, "token_response_invalid"),
        ("<Envelope><Body><session>s</session></Body></Envelope>", "token_response_invalid"),
        (fault, "credentials_rejected"),
    ] {
        let world = World::with(&soap()).await;
        world.provider.always("/soap", xml(200, body));
        let start = Start::new().with(&json!({ "connectionParameters": { "user": "ada" } }));
        let result = world.browser().send(start.form()).await;
        assert_eq!(result.redirected_refusal().key, key, "{}", &body[..body.len().min(80)]);
        assert!(world.dump().await.connections.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_can_answer_in_xml_its_errors_too() {
    let places = json!({ "access_token": "oauth.token.@value", "refresh_token": "oauth.refresh", "expires_in": "oauth.for" });
    let errors = json!([{ "body": { "oauth.error.@code": "gone" }, "means": "grant" }]);
    let definition = integration_with(&json!({ "tokenResponse": places, "tokenErrors": errors }));
    let world = World::with(&definition).await;
    let answer = "<oauth><token value='t!+1'/><refresh>r!+1</refresh><for>3600</for></oauth>";
    world.provider.next("/oauth/token", xml(200, answer));
    let id = connected(&world).await;
    assert_eq!(world.secrets(&id).await["credentials"]["access_token"], "t!+1");
    world.clock.advance(HOUR);
    world.provider.always("/oauth/token", xml(400, "<oauth><error code='gone'/></oauth>"));
    world.read_secrets(&id).await;
    assert_eq!(world.connection(&id).await.json()["disconnected"], true);
}

#[tokio::test(start_paused = true)]
async fn an_api_can_say_in_xml_that_the_token_ended() {
    let definition = option_with(&json!({ "apiClient": {
        "headers": { "Authorization": "Bearer ${credentials.access_token}" },
        "expired": [{ "status": 403, "body": { "Error.Code": "ExpiredToken" } }],
    } }));
    for (code, is_expired) in [("ExpiredToken", true), ("AccessDenied", false)] {
        let world = World::with(&definition).await;
        world.provider.next("/oauth/token", Reply::json(200, &tokens()));
        let id = connected(&world).await;
        world.clock.advance(HOUR / 2);
        world.provider.always("/oauth/token", renewed(&json!({ "access_token": "access/2" })));
        world.provider.next("/api/me", xml(403, &format!("<Error><Code>{code}</Code></Error>")));
        let path = format!("/connections/{id}/proxy/me");
        world.api(Method::GET, &path, &customer(WORKSPACE, CUSTOMER), None).await;
        assert_eq!(refreshes(&world), usize::from(is_expired), "{code}");
    }
}
