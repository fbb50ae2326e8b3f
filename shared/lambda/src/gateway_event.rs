//! Converts API Gateway's events into plain HTTP requests, and the responses back.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use flow::deps::HttpService;
use http::Response;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, IntoResponse, Request, RequestExt as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use tower::{Service, ServiceExt};

use crate::invocation;

/// The characters that a path must escape: the delimiters that end it, `%` itself, and characters that no address may
/// have (RFC 3986 §2). Bytes beyond ASCII are escaped in any case.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same for a query, which is still encoded: what no query may have.
const NOT_IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Turns a handler of plain requests into one of Lambda events. The runtime has already decoded a base64 body.
pub fn adapt(
    service: HttpService,
) -> impl Service<LambdaEvent<LambdaRequest>, Response: Serialize, Error = Infallible, Future: Send> + Send {
    let service = service
        .map_request(plain)
        .map_response(|response: Response<Bytes>| Answer(response.map(lambda_body)));
    Adapter::from(service).map_request(with_encoded_address)
}

/// Escapes the path again. API Gateway has decoded `rawPath`, in spite of its name, and `lambda_http` uses it
/// unchanged. A `#` or `?` would end the path, and a double escape would be decoded twice. A query comes as it was sent, and
/// `lambda_http` ends the process by one that is no query.
fn with_encoded_address(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.raw_path =
            request.raw_path.as_deref().map(|path| utf8_percent_encode(path, NOT_IN_PATH).to_string());
        request.raw_query_string = request
            .raw_query_string
            .as_deref()
            .map(|query| utf8_percent_encode(query, NOT_IN_QUERY).to_string());
    }
    event
}

/// A finished answer. The conversion in `lambda_http` would check the content type for forty legacy encodings, and
/// links the tables of all of them.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

fn plain(mut request: Request) -> http::Request<Bytes> {
    if let Some(invocation) = request.lambda_context_ref().map(invocation) {
        request.extensions_mut().insert(invocation);
    }
    request.map(|body| match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    })
}

/// Returns text as it is, or as base64 if that is shorter than the text in JSON. So no body grows by more than a third:
/// the proxy's 4 MiB always fit into Lambda's limit of 6 MB. API Gateway decodes the base64.
fn lambda_body(body: Bytes) -> Body {
    match String::from_utf8(body.into()) {
        Ok(text) if text.is_empty() => Body::Empty,
        Ok(text) if json_length(&text) <= text.len().div_ceil(3) * 4 => Body::Text(text),
        Ok(text) => Body::Binary(text.into_bytes()),
        Err(error) => Body::Binary(error.into_bytes()),
    }
}

/// Returns the length of a text between the quotes of a JSON string, in bytes (RFC 8259 §7).
fn json_length(text: &str) -> usize {
    let escaped = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | b'\x08' | b'\x0c' => 2,
        ..b' ' => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use http::header::LOCATION;
    use lambda_http::Context;
    use protocol::record::Invocation;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn a_handler_sees_the_path_as_the_client_sent_it() {
        for (raw, seen) in [
            ("/connections/X/proxy/channels/#general/messages", "channels/%23general/messages"),
            ("/connections/X/proxy/a?b", "a%3Fb"),
            ("/connections/X/proxy/a\\b", "a%5Cb"),
            ("/connections/X/proxy/%2e%2e/%2fb", "%252e%252e/%252fb"),
            ("/connections/X/proxy/100%", "100%25"),
            ("/connections/X/proxy/ \"<>^`{|}\t\u{7f}\u{e9}", "%20%22%3C%3E%5E%60%7B%7C%7D%09%7F%C3%A9"),
            ("/connections/X/proxy/v1/a-b._~!$&'()*+,;=:@[c]//d/", "v1/a-b._~!$&'()*+,;=:@[c]//d/"),
        ] {
            for (query, queried) in [("q=1&r=%23%2F+", "?q=1&r=%23%2F+"), ("", "")] {
                let seen = format!("https://connect.example.com/connections/X/proxy/{seen}{queried}");
                let answer = handed_over(echo(), event(raw, query)).await;
                assert_eq!(answer["headers"]["location"], seen, "{raw}");
            }
        }
    }

    #[tokio::test]
    async fn a_query_is_handed_over_as_it_was_sent_but_for_what_no_query_may_have() {
        for (raw, seen) in [
            ("a=%2F+%zz&b={|}^`\\'?/", "a=%2F+%zz&b={|}^`\\'?/"),
            ("a=<\"b\"> #\t\u{7f}\u{e9}", "a=%3C%22b%22%3E%20%23%09%7F%C3%A9"),
        ] {
            let answer = handed_over(echo(), event("/self", raw)).await;
            let seen = format!("https://connect.example.com/self?{seen}");
            assert_eq!(answer["headers"]["location"], seen, "{raw}");
        }
    }

    #[tokio::test]
    async fn four_mebibytes_of_anything_fit_into_the_answer() {
        for (part, binary) in [
            ("\0", true),
            ("\"a\",", true),
            ("\u{1}ab", true),
            ("\"aa", false),
            ("plain text, \u{e9}", false),
        ] {
            let mut body = part.repeat(MAX_BODY.div_ceil(part.len())).into_bytes();
            body.truncate(MAX_BODY);
            let answer = handed_over(answering(Bytes::from(body.clone())), event("/self", "")).await;
            assert_eq!(answer["isBase64Encoded"], binary, "{part:?}");
            assert!(answer.to_string().len() < MAX_ANSWER, "{part:?}");
            let sent = Body::from_maybe_encoded(binary, answer["body"].as_str().unwrap());
            assert!(sent.as_ref() == body, "{part:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_text_goes_as_base64_and_nothing_as_nothing() {
        let no_text = handed_over(answering(Bytes::from_static(b"\xff\xfe")), event("/self", "")).await;
        assert_eq!((&no_text["body"], &no_text["isBase64Encoded"]), (&json!("//4="), &json!(true)));
        let nothing = handed_over(answering(Bytes::new()), event("/self", "")).await;
        assert_eq!((&nothing["body"], &nothing["isBase64Encoded"]), (&Value::Null, &json!(false)));
    }

    #[tokio::test]
    async fn a_handler_is_told_of_its_call_and_which_is_the_first() {
        let tells = HttpService::new(tower::service_fn(|request: http::Request<Bytes>| async move {
            let told: &Invocation = request.extensions().get().unwrap();
            Ok(Response::new(Bytes::from(format!("{told:?}"))))
        }));
        let mut context = Context::default();
        context.request_id = "request-1".to_owned();
        context.xray_trace_id = Some("1-67-89".to_owned());
        let mut told = Vec::new();
        for _ in 0..2 {
            let event =
                LambdaEvent::new(serde_json::from_value(event("/self", "")).unwrap(), context.clone());
            let answer = serde_json::to_value(adapt(tells.clone()).oneshot(event).await.unwrap()).unwrap();
            told.push(answer["body"].as_str().unwrap().to_owned());
        }
        for told in &told {
            assert!(told.contains(r#"Some("request-1")"#) && told.contains(r#"Some("1-67-89")"#), "{told}");
        }
        assert!(told[1].contains("cold_start: Some(false)"), "{told:?}");
    }

    #[test]
    fn a_text_is_as_long_as_its_json() {
        for character in (0..0x250).filter_map(char::from_u32) {
            let text = character.to_string();
            assert_eq!(json_length(&text) + 2, json!(text).to_string().len(), "{text:?}");
        }
    }

    /// The size limit of a body, as documented.
    const MAX_BODY: usize = 4 * 1024 * 1024;

    /// Lambda's size limit of an answer, in bytes.
    const MAX_ANSWER: usize = 6_291_556;

    fn answering(body: Bytes) -> HttpService {
        HttpService::new(tower::service_fn(move |_| ready(Ok(Response::new(body.clone())))))
    }

    /// A handler that answers with the address it sees.
    fn echo() -> HttpService {
        HttpService::new(tower::service_fn(|request: http::Request<Bytes>| async move {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(LOCATION, request.uri().to_string().parse().unwrap());
            Ok(response)
        }))
    }

    fn event(raw_path: &str, query: &str) -> Value {
        json!({
            "version": "2.0",
            "rawPath": raw_path,
            "rawQueryString": query,
            "headers": { "host": "connect.example.com", "x-forwarded-proto": "https" },
            "requestContext": { "http": { "method": "GET", "path": raw_path }, "stage": "$default" },
            "isBase64Encoded": false,
        })
    }

    async fn handed_over(service: HttpService, event: Value) -> Value {
        let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
        serde_json::to_value(adapt(service).oneshot(event).await.unwrap()).unwrap()
    }
}
