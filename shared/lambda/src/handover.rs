//! API Gateway's events as plain HTTP requests, and back.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use flow::deps::HttpService;
use http::Response;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, IntoResponse, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use tower::{Service, ServiceExt};

/// What cannot stand literally in a path: the delimiters that end it, the escapes' own sign, and what stands in no address
/// (RFC 3986 §2). Bytes beyond ASCII are encoded in any case.
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

/// Makes a handler of plain requests one of Lambda events. The runtime has decoded a base64 body already.
pub(crate) fn adapt(
    service: HttpService,
) -> impl Service<LambdaEvent<LambdaRequest>, Response: Serialize, Error = Infallible, Future: Send> + Send {
    let service = service
        .map_request(plain)
        .map_response(|response: Response<Bytes>| Answer(response.map(lambda_body)));
    Adapter::from(service).map_request(with_encoded_path)
}

/// API Gateway has decoded `rawPath`, whatever its name says, and `lambda_http` makes an address of it as it stands: a
/// `#` or `?` would end the path, and what a client had encoded twice would be decoded twice.
fn with_encoded_path(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.raw_path =
            request.raw_path.as_deref().map(|path| utf8_percent_encode(path, NOT_IN_PATH).to_string());
    }
    event
}

/// An answer that is ready. `lambda_http`'s own conversion would look at the content type for one of forty legacy
/// encodings, and brings the tables of all of them.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

fn plain(request: Request) -> http::Request<Bytes> {
    request.map(|body| match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    })
}

/// Everything we answer is UTF-8 text, which API Gateway passes on as it is.
fn lambda_body(body: Bytes) -> Body {
    match String::from_utf8(body.into()) {
        Ok(text) if text.is_empty() => Body::Empty,
        Ok(text) => Body::Text(text),
        Err(error) => Body::Binary(error.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use http::header::LOCATION;
    use lambda_http::Context;
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

    /// Answers with the address that it sees.
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
