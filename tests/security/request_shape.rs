//! Requests that cannot be read, or mean two things.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::integration;
use tests::{Start, World};

use crate::refused::{assert_refused, assert_refused_at_target};

const FORM: &str = "application/x-www-form-urlencoded";
const POPUP: &str = "/connection-popup";

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_no_json_object_names_itself() {
    let world = World::new().await;
    let start = Start::new();
    let expected = refusal(400, "request_malformed", "payload");
    for payload in ["", "{", "not json", "[]", "\"text\"", "5", "null", "{\"a\":1}x", "{\"a\":\u{0}}"] {
        let request = start.post_form(POPUP, &[("payload", payload)]);
        assert_refused(&world, &world.browser(), &request, &expected, payload).await;
    }
    let request = start.post(POPUP, "application/json", json!({ "payload": 5 }).to_string());
    assert_refused(&world, &world.browser(), &request, &expected, "a number").await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_json_object_names_itself() {
    let world = World::new().await;
    let expected = refusal(400, "request_malformed", "body");
    for body in ["{", "[]", "5", "payload={}"] {
        let request = Start::new().post(POPUP, "application/json", body);
        assert_refused(&world, &world.browser(), &request, &expected, body).await;
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_64_kib_is_not_read() {
    let world = World::new().await;
    let expected = refusal(413, "request_too_large", "");
    let padded = |size: usize| {
        let mut start = Start::new();
        start.payload["connectionParameters"] = json!({ "a": "" });
        let unpadded = start.payload.to_string().len();
        start.payload["connectionParameters"]["a"] = "x".repeat(size - unpadded).into();
        start.post(POPUP, "application/json", start.payload.to_string())
    };
    assert_refused(&world, &world.browser(), &padded(64 * 1024 + 1), &expected, "JSON").await;
    let form = Start::new().post(POPUP, FORM, "x".repeat(64 * 1024 + 1));
    assert_refused(&world, &world.browser(), &form, &expected, "form").await;
    assert_eq!(world.browser().send(padded(64 * 1024)).await.status.as_u16(), 303);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_given_twice_with_different_values_names_itself() {
    let world = World::new().await;
    let start = Start::new();
    let payload = start.payload.to_string();
    let twice = |name: &str| payload.replacen('{', &format!("{{\"{name}\":\"other\","), 1);
    let link = format!("{POPUP}?{}&customState=a&customState=b", start.query());
    let link = Request::get(link).body(Bytes::new()).unwrap();
    for (field, request) in [
        (
            "integrationKey",
            start.post_form("/connection-popup?integrationKey=other", &[("payload", &payload)]),
        ),
        ("token", start.post_form("/connection-popup?token=other", &[("payload", &payload)])),
        (
            "redirectUri",
            start.post_form(POPUP, &[("payload", &payload), ("redirectUri", "https://a.example/")]),
        ),
        ("customState", start.post(POPUP, FORM, format!("{}&customState=a&customState=b", start.query()))),
        ("customState", link),
        ("token", start.post_form(POPUP, &[("payload", &payload), ("payload", "{\"token\":\"other\"}")])),
        ("token", start.post_form(POPUP, &[("payload", &twice("token"))])),
        ("redirectUri", start.post(POPUP, "application/json", twice("redirectUri"))),
    ] {
        let expected = refusal(400, "parameter_conflict", field);
        assert_refused(&world, &world.browser(), &request, &expected, field).await;
    }
    let names = Start::new().with(&json!({ "input": { "a": 1 }, "connectionParameters": { "a": 2 } }));
    let expected = refusal(400, "parameter_conflict", "connectionParameters");
    assert_refused(&world, &world.browser(), &names.form(), &expected, "both names").await;
}

#[tokio::test(start_paused = true)]
async fn an_id_and_a_key_of_two_integrations_are_a_conflict() {
    let world = World::new().await;
    world.define("other", &integration()).await;
    let start = Start::new().with(&json!({ "integrationId": "other", "integrationKey": "crm" }));
    let expected = ("parameter_conflict", "integrationKey");
    assert_refused_at_target(&world, &world.browser(), &start.form(), expected, "two").await;
}

#[tokio::test(start_paused = true)]
async fn parameters_of_the_wrong_type_name_themselves() {
    let world = World::new().await;
    for (field, value) in [
        ("connectionParameters", json!([])),
        ("connectionParameters", json!("[]")),
        ("connectionParameters", json!("{")),
        ("connectionParameters", json!(5)),
        ("connectorParameters", json!([1])),
        ("integrationKey", json!(5)),
        ("connectionId", json!({ "a": 1 })),
        ("name", json!(["a"])),
        ("authOptionKey", json!(true)),
        ("allowMultipleConnections", json!("yes")),
        ("allowMultipleConnections", json!(1)),
        ("customState", json!({ "a": 1 })),
        ("redirectUri", json!(["https://app.example/connected"])),
        ("token", json!(["a"])),
    ] {
        let start = Start::new().with(&json!({ field: value }));
        let expected = refusal(400, "request_malformed", field);
        assert_refused(&world, &world.browser(), &start.form(), &expected, &format!("{field} {value}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_that_are_too_long_name_themselves() {
    let world = World::new().await;
    for (field, limit) in [
        ("customState", 2048),
        ("redirectUri", 2048),
        ("name", 255),
        ("connectionId", 128),
        ("integrationKey", 128),
    ] {
        let start = Start::new().with(&json!({ field: "x".repeat(limit + 1) }));
        let expected = refusal(400, "request_malformed", field);
        assert_refused(&world, &world.browser(), &start.form(), &expected, field).await;
    }
}

#[tokio::test(start_paused = true)]
async fn other_content_types_are_refused() {
    let world = World::new().await;
    let payload = Start::new().payload.to_string();
    let expected = refusal(415, "media_type_unsupported", "Content-Type");
    for content_type in [
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/jsonx",
        "",
        "nonsense",
    ] {
        let request = Start::new().post(POPUP, content_type, payload.clone());
        assert_refused(&world, &world.browser(), &request, &expected, content_type).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let start = Start::new().with(&json!({ "integrationKey": null }));
    let expected = refusal(400, "parameter_missing", "integrationKey");
    assert_refused(&world, &world.browser(), &start.form(), &expected, "integration").await;
}

#[tokio::test(start_paused = true)]
async fn unknown_things_are_not_found_at_the_target() {
    let world = World::new().await;
    for (changes, field) in [
        (json!({ "integrationKey": "nothing" }), "integrationKey"),
        (json!({ "integrationKey": null, "integrationId": "nothing" }), "integrationKey"),
        (json!({ "integrationKey": "00000000000000000000000000000000" }), "integrationKey"),
        (json!({ "integrationKey": "../crm" }), "integrationKey"),
        (json!({ "authOptionKey": "nothing" }), "authOptionKey"),
        (json!({ "connectionId": "nothing" }), "connectionId"),
    ] {
        let start = Start::new().with(&changes);
        let case = changes.to_string();
        assert_refused_at_target(&world, &world.browser(), &start.form(), ("not_found", field), &case).await;
    }
}

#[tokio::test(start_paused = true)]
async fn input_that_does_not_fit_its_schema_names_the_field_and_never_the_value() {
    let mut definition = integration();
    definition["authOptions"][0]["inputSchema"] = json!({
        "type": "object",
        "required": ["subdomain"],
        "properties": { "subdomain": { "type": "string", "pattern": "^[a-z0-9-]+$" } },
    });
    let world = World::with(&definition).await;
    for input in [json!({}), json!({ "subdomain": "evil.example/SECRET" }), json!({ "subdomain": 5 })] {
        let start = Start::new().with(&json!({ "connectionParameters": input }));
        let expected = ("input_invalid", "connectionParameters.subdomain");
        let case = input.to_string();
        let answer = assert_refused_at_target(&world, &world.browser(), &start.form(), expected, &case).await;
        assert!(!answer.location().contains("SECRET"), "{}", answer.location());
    }
}

/// Even where the schema takes anything, what a customer enters cannot choose the host.
#[tokio::test(start_paused = true)]
async fn input_cannot_lead_an_address_elsewhere() {
    let template = "https://${parameters.subdomain}.provider.example/oauth/authorize";
    let mut definition = tests::definitions::integration_with(&json!({ "authorizeUri": template }));
    definition["authOptions"][0]["inputSchema"] = json!({ "type": "object" });
    let world = World::with(&definition).await;
    for subdomain in
        ["evil.example/", "evil.example#", "evil.example?", "a@evil.example/", "evil.example\\", "", "a b"]
    {
        let start = Start::new().with(&json!({ "connectionParameters": { "subdomain": subdomain } }));
        let expected = ("input_invalid", "connectionParameters.subdomain");
        assert_refused_at_target(&world, &world.browser(), &start.form(), expected, subdomain).await;
    }
    let missing: Value = json!({ "connectionParameters": {} });
    let start = Start::new().with(&missing);
    let expected = ("input_invalid", "connectionParameters.subdomain");
    assert_refused_at_target(&world, &world.browser(), &start.form(), expected, "missing").await;
}
