use http::header::CONTENT_TYPE;
use serde_json::json;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn post(query: &str, content_type: &str, body: impl Into<Bytes>) -> Result<StartRequest> {
    let request = Request::post(format!("/connection-popup?{query}"))
        .header(CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap();
    StartRequest::parse(&request)
}

fn get(query: &str) -> Result<StartRequest> {
    StartRequest::parse(&Request::get(format!("/connection-popup?{query}")).body(Bytes::new()).unwrap())
}

fn payload(json: &Value) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &json.to_string()).finish()
}

fn refusal(result: Result<StartRequest>) -> (ErrorKey, String) {
    let error = result.unwrap_err();
    (error.key(), error.data().get("field").and_then(Value::as_str).unwrap_or_default().to_owned())
}

#[test]
fn every_form_of_the_contract_says_the_same() {
    let parameters = json!({
        "integrationKey": "crm", "token": "t", "connectionParameters": { "a": 1 },
        "allowMultipleConnections": true, "customState": "s",
    });
    let forms = [
        get(
            "integrationKey=crm&token=t&connectionParameters=%7B%22a%22%3A1%7D&allowMultipleConnections=true&customState=s",
        ),
        post("", FORM, payload(&parameters)),
        post("", &format!("{FORM}; charset=utf-8"), payload(&parameters)),
        post("", JSON, parameters.to_string()),
        post("", JSON, json!({ "payload": parameters }).to_string()),
        post("", JSON, json!({ "payload": parameters.to_string() }).to_string()),
    ];
    for start in forms {
        let start = start.unwrap();
        assert_eq!(start.wanted.integration.as_deref(), Some("crm"));
        assert_eq!(start.token.expose(), "t");
        assert_eq!(start.wanted.connection_parameters.expose()["a"], 1);
        assert!(start.wanted.allow_multiple_connections);
        assert_eq!(start.wanted.custom_state.as_deref(), Some("s"));
    }
}

#[test]
fn query_and_payload_are_merged_as_the_sdks_send_them() {
    let body = payload(&json!({ "token": "t", "input": { "a": "b" }, "redirectUri": "https://x.example/" }));
    let start = post("integrationId=i1&connectionId=c1&requestId=r1", FORM, body).unwrap();
    assert_eq!(start.wanted.integration.as_deref(), Some("i1"));
    assert_eq!(start.wanted.connection_id.as_ref().map(ConnectionId::as_str), Some("c1"));
    assert_eq!(start.request_id.as_deref(), Some("r1"));
    assert_eq!(start.wanted.connection_parameters.expose()["a"], "b");
}

#[test]
fn a_parameter_given_twice_must_say_the_same() {
    let conflict = |field: &str| (ErrorKey::ParameterConflict, field.to_owned());
    let body = payload(&json!({ "token": "t", "integrationKey": "crm", "allowMultipleConnections": true }));
    assert!(post("token=t&allowMultipleConnections=true", FORM, body.clone()).is_ok());
    assert_eq!(refusal(post("token=u", FORM, body.clone())), conflict("token"));
    assert_eq!(
        refusal(post("allowMultipleConnections=false", FORM, body)),
        conflict("allowMultipleConnections")
    );
    assert_eq!(refusal(get("token=t&integrationKey=a&integrationKey=b")), conflict("integrationKey"));
    let both =
        json!({ "token": "t", "integrationKey": "crm", "input": {}, "connectionParameters": { "a": 1 } });
    assert_eq!(refusal(post("", JSON, both.to_string())), conflict("connectionParameters"));
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(refusal(get("integrationKey=crm")), (ErrorKey::NotAuthenticated, "token".to_owned()));
    assert_eq!(refusal(get("token=t")), (ErrorKey::ParameterMissing, "integrationKey".to_owned()));
    assert_eq!(refusal(get("token=&integrationKey=crm")), (ErrorKey::NotAuthenticated, "token".to_owned()));
}

#[test]
fn a_connection_alone_says_what_to_reconnect() {
    let start = post("connectionId=c1", FORM, payload(&json!({ "token": "t", "requestId": "r1" }))).unwrap();
    assert_eq!(start.wanted.integration, None);
    assert_eq!(start.wanted.connection_id.as_ref().map(ConnectionId::as_str), Some("c1"));
    let Value::Object(again) = start.to_payload() else { panic!("a payload is an object") };
    let again = StartRequest::from_parameters(again).unwrap();
    assert_eq!(
        (again.wanted.integration, again.wanted.connection_id.as_ref().map(ConnectionId::as_str)),
        (None, Some("c1"))
    );
}

#[test]
fn what_is_malformed_is_named() {
    let base = json!({ "token": "t", "integrationKey": "crm" });
    for (name, value) in [
        ("connectionParameters", json!([1])),
        ("connectionParameters", json!("[1]")),
        ("connectionParameters", json!("{")),
        ("connectionParameters", json!(5)),
        ("allowMultipleConnections", json!("yes")),
        ("allowMultipleConnections", json!(1)),
        ("customState", json!({})),
        ("customState", json!("x".repeat(2049))),
        ("redirectUri", json!("x".repeat(2049))),
        ("name", json!(["a"])),
        ("token", json!(7)),
    ] {
        let mut parameters = base.clone();
        parameters[name] = value.clone();
        let expected = (ErrorKey::RequestMalformed, name.to_owned());
        assert_eq!(refusal(post("", JSON, parameters.to_string())), expected, "{name}: {value}");
        assert_eq!(refusal(post("", FORM, payload(&parameters))), expected, "{name}: {value}");
    }
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    for body in ["", "{", "[]", "null", "\"a\"", "{\"payload\":5}", "{\"payload\":\"[]\"}"] {
        let (key, _) = refusal(post("token=t", JSON, body.to_owned()));
        let expected = if body.is_empty() { ErrorKey::ParameterMissing } else { ErrorKey::RequestMalformed };
        assert_eq!(key, expected, "{body}");
    }
    assert_eq!(refusal(post("", FORM, "payload=%7B")), (ErrorKey::RequestMalformed, "payload".to_owned()));
}

#[test]
fn other_content_types_are_refused() {
    for content_type in ["multipart/form-data; boundary=x", "text/plain", "application/xml", "nonsense"] {
        let (key, field) = refusal(post("", content_type, "{}"));
        assert_eq!((key, field.as_str()), (ErrorKey::MediaTypeUnsupported, "Content-Type"), "{content_type}");
    }
}

#[test]
fn a_body_over_64_kib_is_refused() {
    assert!(post("token=t&integrationKey=crm", FORM, format!("x={}", "a".repeat(64 * 1024 - 2))).is_ok());
    let (key, _) =
        refusal(post("token=t&integrationKey=crm", FORM, format!("x={}", "a".repeat(64 * 1024 - 1))));
    assert_eq!(key, ErrorKey::RequestTooLarge);
}

#[test]
fn debug_shows_no_token_and_no_input() {
    let start =
        get("token=t!secret&integrationKey=crm&connectionParameters=%7B%22k%22%3A%22s!secret%22%7D").unwrap();
    assert!(!format!("{start:?}").contains("secret"), "{start:?}");
}

#[test]
fn a_name_that_stands_twice_in_one_json_text_is_a_conflict_too() {
    let twice = r#"{"integrationKey":"crm","token":"t","customState":"a","customState":"b"}"#;
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", twice).finish();
    for result in [post("", JSON, twice), post("", FORM, form)] {
        assert_eq!(refusal(result), (ErrorKey::ParameterConflict, "customState".to_owned()));
    }
    let same = twice.replace("\"b\"", "\"a\"");
    assert_eq!(post("", JSON, same).unwrap().wanted.custom_state.as_deref(), Some("a"));
}
