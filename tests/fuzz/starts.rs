//! Starts: the same parameters mean the same in every form that the contract allows, and what is refused is named.

use std::fmt::Write as _;

use arbitrary::Unstructured;
use bytes::Bytes;
use flow::start::StartRequest;
use flow::web::request_fields::Fields;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::grammar::{TEXTS, chance, json_of, one_of};
use crate::inputs::{Inputs, assert_reached};
use crate::refusals::{MARK, assert_names_field, assert_silent};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn request(content_type: &[u8], query: &str, body: Vec<u8>) -> Option<Request<Bytes>> {
    let request = Request::post(format!("/connection-popup?{query}")).header(CONTENT_TYPE, content_type);
    request.body(body.into()).ok()
}

/// Percent-encodes every byte: no serializer's idea of what must be encoded.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
}

fn form_of(parameters: &Map<String, Value>) -> String {
    let pairs = parameters.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={}", encoded(name), encoded(&text))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The parameters of a start, each with a value that it may have.
fn parameters(draw: &mut Unstructured<'_>) -> Map<String, Value> {
    let mut parameters = Map::from_iter([("token".to_owned(), json!(MARK))]);
    for name in [
        "integrationId",
        "integrationKey",
        "connectionId",
        "name",
        "authOptionKey",
        "customState",
        "redirectUri",
        "requestId",
    ] {
        let text = *one_of(draw, TEXTS);
        if name == "integrationKey" || chance(draw, 1, 2) {
            // An empty one counts as absent, and these are no secrets.
            let is_usable = !text.is_empty() && text != MARK;
            parameters.insert(name.to_owned(), json!(if is_usable { text } else { "x" }));
        }
    }
    for name in ["connectionParameters", "connectorParameters"] {
        if chance(draw, 1, 2) {
            let value = json_of(draw, 2);
            parameters.insert(name.to_owned(), json!({ "a": value, "secret": MARK }));
        }
    }
    if chance(draw, 1, 2) {
        parameters.insert("allowMultipleConnections".to_owned(), json!(true));
    }
    parameters
}

#[test]
fn every_form_of_a_start_reads_back_the_same() {
    for input in Inputs::drawn("forms", 300) {
        let parameters = parameters(&mut Unstructured::new(&input));
        let (form, json) = (form_of(&parameters), Value::Object(parameters.clone()).to_string());
        let payload = format!("payload={}", encoded(&json));
        let requests = [
            request(b"", &form, Vec::new()),
            request(b"", &payload, Vec::new()),
            request(FORM.as_bytes(), "", form.clone().into_bytes()),
            request(FORM.as_bytes(), "", payload.clone().into_bytes()),
            // Twice the same is once.
            request(FORM.as_bytes(), &form, payload.into_bytes()),
            request(JSON.as_bytes(), "", json.clone().into_bytes()),
            request(JSON.as_bytes(), "", json!({ "payload": json }).to_string().into_bytes()),
            request(JSON.as_bytes(), "", json!({ "payload": parameters }).to_string().into_bytes()),
        ];
        for request in requests {
            let request = request.unwrap();
            let read = StartRequest::parse(&request).unwrap_or_else(|error| panic!("{error} in {request:?}"));
            let mut expected = Value::Object(parameters.clone());
            for name in ["connectionParameters", "connectorParameters"] {
                expected[name] = parameters.get(name).cloned().unwrap_or_else(|| json!({}));
            }
            expected["allowMultipleConnections"] = json!(parameters.contains_key("allowMultipleConnections"));
            assert_eq!(read.to_payload(), expected, "{request:?}");
            assert_silent(&format!("{read:?}"));
        }
    }
}

#[test]
fn what_is_no_start_is_refused_by_name() {
    let words = &[
        "payload=",
        "token=",
        "&",
        "=",
        "%7B",
        "%",
        "+",
        "null",
        "{}",
        "[]",
        "\"",
        "\\u0000",
        "\\ud800",
        "input",
        "connectionParameters",
        "{\"a\":",
        "application/json",
        FORM,
        "; charset=utf-16",
        "multipart/form-data",
    ];
    let (mut read, mut refused) = (0, 0);
    for input in Inputs::mutated("starts", 10_000).with_words(words) {
        // The content type, the query, and the body.
        let mut lines = input.splitn(3, |byte| *byte == b'\n');
        let (content_type, query) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let body = lines.next().unwrap_or_default().to_vec();
        let Some(request) = request(content_type, &String::from_utf8_lossy(query), body) else { continue };
        match StartRequest::parse(&request) {
            Ok(start) => {
                read += 1;
                let payload = start.to_payload();
                let again = self::request(JSON.as_bytes(), "", payload.to_string().into_bytes()).unwrap();
                assert_eq!(StartRequest::parse(&again).unwrap().to_payload(), payload, "{request:?}");
                let names = ["token", "connectionParameters", "connectorParameters"];
                let mut others =
                    payload.as_object().unwrap().iter().filter(|(name, _)| !names.contains(&&***name));
                if !others.any(|(_, value)| value.to_string().contains(MARK)) {
                    assert_silent(&format!("{start:?}"));
                }
            }
            Err(error) => {
                refused += 1;
                assert_names_field(&error);
            }
        }
        let mut fields = Fields::of_query(request.uri().query().unwrap_or_default());
        for taken in
            [fields.text("token", 64).map(drop), fields.flag("flag").map(drop), fields.object("a").map(drop)]
        {
            taken.err().iter().for_each(assert_names_field);
        }
    }
    assert_reached(read > 100 && refused > 500, &format!("{read} {refused}"));
}
