//! API Gateway's events as plain HTTP requests, and back.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;

use bytes::Bytes;
use flow::deps::HttpService;
use http::Response;
use lambda_http::{Body, IntoResponse, Request};
use tower::{Service, ServiceExt};

/// Makes a handler of plain requests one of Lambda events. The runtime has decoded a base64 body already.
pub(crate) fn adapt(
    service: HttpService,
) -> impl Service<Request, Response = Answer, Error = Infallible, Future: Send> + Send {
    service.map_request(plain).map_response(|response: Response<Bytes>| Answer(response.map(lambda_body)))
}

/// An answer that is ready. `lambda_http`'s own conversion would look at the content type for one of forty legacy
/// encodings, and brings the tables of all of them.
pub(crate) struct Answer(Response<Body>);

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
