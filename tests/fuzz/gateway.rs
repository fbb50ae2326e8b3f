//! API Gateway's events: what a handler is given is what the event says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flow::deps::HttpService;
use http::Response;
use lambda_http::Context;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn};

use crate::inputs::{Inputs, assert_reached};

const EVENTS: [&str; 5] = [
    include_str!("../lambda/events/api-get.json"),
    include_str!("../lambda/events/callback-get.json"),
    include_str!("../lambda/events/finish-get.json"),
    include_str!("../lambda/events/initiate-get.json"),
    include_str!("../lambda/events/initiate-post.json"),
];

/// A handler that answers with what it was given.
fn echo() -> HttpService {
    HttpService::new(service_fn(|request: http::Request<Bytes>| async move {
        let (head, body) = request.into_parts();
        let given = json!({
            "method": head.method.as_str(),
            "path": head.uri.path(),
            "query": head.uri.query(),
            "body": STANDARD.encode(body),
        });
        Ok(Response::new(Bytes::from(given.to_string())))
    }))
}

#[tokio::test]
async fn a_handler_is_given_what_the_event_says() {
    let words = &[
        "\"rawPath\":\"",
        "\"isBase64Encoded\":true",
        "\"body\":\"",
        "null",
        "%",
        "#",
        "?",
        "\\u0000",
        "\\ud800",
        "\u{e9}",
        "//",
        "..",
        "\"version\":\"1.0\"",
        "\"headers\":{\"host\":\"",
        "\"cookies\":[",
        "GET",
        "\"method\":\"A B\"",
    ];
    let (mut handled, mut unread) = (0, 0);
    for input in Inputs::drawn("gateway", 3_000).and(EVENTS).with_words(words) {
        let Ok(event) = serde_json::from_slice::<Value>(&input) else { continue };
        let Ok(request) = serde_json::from_value::<LambdaRequest>(event.clone()) else {
            unread += 1;
            continue;
        };
        let LambdaRequest::ApiGatewayV2(_) = &request else { continue };
        // The runtime's library ends the process by a body that is no base64, a host that is none, or a path without `/`:
        // API Gateway sends none of these.
        let is_broken = |body: &str| STANDARD.decode(body).is_err();
        if event["isBase64Encoded"] == true && event["body"].as_str().is_some_and(is_broken) {
            continue;
        }
        let raw_path = event["rawPath"].as_str().unwrap_or_default();
        let headers = &event["headers"];
        let head = [&headers["host"], &headers["x-forwarded-proto"], &event["requestContext"]["stage"]];
        if head != ["connect.example.com", "https", "$default"] || !raw_path.starts_with('/') {
            continue;
        }
        let answer =
            lambda::adapt(echo()).oneshot(LambdaEvent::new(request, Context::default())).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        let Ok(given) = serde_json::from_str::<Value>(answer["body"].as_str().unwrap_or_default()) else {
            panic!("{event} was not handed over: {answer}");
        };
        handled += 1;
        let decoded = |text: &Value| {
            let bytes: Vec<u8> = percent_decode_str(text.as_str().unwrap_or_default()).collect();
            bytes
        };
        assert_eq!(decoded(&given["path"]), raw_path.as_bytes(), "{event}");
        assert_eq!(decoded(&given["query"]), decoded(&event["rawQueryString"]), "{event}");
        if event["body"].is_null() {
            assert_eq!(given["body"], "", "{event}");
        } else if event["isBase64Encoded"] == false {
            assert_eq!(given["body"], STANDARD.encode(event["body"].as_str().unwrap()), "{event}");
        } else if event["isBase64Encoded"] == true {
            assert_eq!(given["body"], event["body"], "{event}");
        }
    }
    assert_reached(handled > 200 && unread > 20, &format!("{handled} {unread}"));
}
