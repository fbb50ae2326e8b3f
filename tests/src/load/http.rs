//! Requests over the network, to this machine only.

use std::time::Duration;

use bytes::Bytes;
use cookie::Cookie;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::Problem;
use crate::Answer;
use crate::jar::Jar;

/// Longer than any answer takes: API Gateway gives up after 30 s.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client that keeps its connections. A clone shares them.
#[derive(Clone)]
pub(super) struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a request to the host at `base`; its own address may be a path only.
    pub(super) async fn send(&self, base: &str, mut request: Request<Bytes>) -> Result<Answer, Problem> {
        if request.uri().authority().is_none() {
            let address = format!("{base}{}", request.uri());
            *request.uri_mut() = address.parse::<Uri>().map_err(|problem| format!("{address}: {problem}"))?;
        }
        let what = format!("{} {}", request.method(), request.uri().path());
        let sent = async {
            let response =
                self.0.request(request.map(Full::new)).await.map_err(|problem| problem.to_string())?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|problem| problem.to_string())?.to_bytes();
            Ok::<_, Problem>(Answer::from(http::Response::from_parts(head, body)))
        };
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(answer) => answer.map_err(|problem| format!("{what}: {problem}")),
            Err(_) => Err(format!("{what}: no answer")),
        }
    }

    /// The same for a browser with these cookies. Those that come back are kept.
    pub(super) async fn browse(
        &self,
        base: &str,
        jar: &mut Jar,
        mut request: Request<Bytes>,
    ) -> Result<Answer, Problem> {
        let headers = request.headers_mut();
        headers.entry("accept").or_insert(HeaderValue::from_static("text/html"));
        let cookies = jar.header();
        if !cookies.is_empty() {
            headers.insert("cookie", cookies.parse().map_err(|_| format!("cookies: {cookies}"))?);
        }
        let answer = self.send(base, request).await?;
        for cookie in answer.cookies() {
            jar.keep(&Cookie::parse(cookie).map_err(|problem| format!("{cookie}: {problem}"))?);
        }
        Ok(answer)
    }
}
