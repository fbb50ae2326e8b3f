//! API Gateway's events as plain HTTP requests, and back.

use std::convert::Infallible;

use bytes::Bytes;
use flow::deps::HttpService;
use http::Response;
use lambda_http::{Body, Request};
use tower::{Service, ServiceExt};

/// Makes a handler of plain requests one of Lambda events. The runtime has decoded a base64 body already.
pub(crate) fn adapt(
    service: HttpService,
) -> impl Service<Request, Response = Response<Body>, Error = Infallible, Future: Send> + Send {
    service.map_request(plain).map_response(|response: Response<Bytes>| response.map(lambda_body))
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
