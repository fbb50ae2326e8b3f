//! A provider that records what it is asked and answers by script.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use protocol::BoxFuture;
use protocol::http::client_certificate::ClientCertificate;
use protocol::provider::client::{Provider, ProviderClient, ProviderError};
use protocol::redirect_uri::Loopback;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::wire::in_real_time;

/// The access token that it issues unless a test sets another.
pub const ACCESS_TOKEN: &str = "access!+token/1";
/// The refresh token that it issues unless a test sets another.
pub const REFRESH_TOKEN: &str = "refresh!+token/1";

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub uri: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
    /// The certificate that the server would be shown.
    pub certificate: Option<[u8; 32]>,
    /// The time that the caller would wait.
    pub limit: Duration,
}

impl Call {
    /// A header's text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body's parameters, in order.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// One parameter of the body.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(given, _)| given == name).map(|(_, value)| value)
    }
}

/// The provider's reaction to a request.
#[derive(Debug, Clone)]
pub struct Reply {
    after: Duration,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Answers(StatusCode, Vec<(&'static str, String)>, String),
    Fails(ProviderError),
    Hangs,
    OutlivesCaller,
    /// The production client asks this address instead.
    Asks(String, Duration),
}

impl Reply {
    /// A body of this content type.
    #[must_use]
    pub fn body(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        let what = What::Answers(StatusCode::from_u16(status).unwrap(), headers, body.into());
        Self { after: Duration::ZERO, what }
    }

    /// The same with another header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let What::Answers(_, headers, _) = &mut self.what {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        let what = What::Answers(StatusCode::FOUND, vec![("location", location.to_owned())], String::new());
        Self { after: Duration::ZERO, what }
    }

    /// No answer, for this reason.
    #[must_use]
    pub fn fails(error: ProviderError) -> Self {
        Self { after: Duration::ZERO, what: What::Fails(error) }
    }

    /// The production client's own result at this address within this time: `http://127.0.0.1:1`.
    #[must_use]
    pub fn of_the_network(address: impl Into<String>, limit: Duration) -> Self {
        Self { after: Duration::ZERO, what: What::Asks(address.into(), limit) }
    }

    /// No answer, until the caller gives up.
    #[must_use]
    pub fn hangs() -> Self {
        Self { after: Duration::ZERO, what: What::Hangs }
    }

    /// The process that asked dies while it waits: it never gets an answer, and does nothing more.
    #[must_use]
    pub fn outlives_caller() -> Self {
        Self { after: Duration::ZERO, what: What::OutlivesCaller }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let What::Answers(_, headers, _) = &mut self.what {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// The same reply, later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { after: delay, ..self }
    }
}

/// The usual token response.
#[must_use]
pub fn tokens() -> Value {
    json!({
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": REFRESH_TOKEN,
        "scope": "read write",
    })
}

/// The provider. `/oauth/token` and `/api/me` answer well unless a test sets another reply.
#[derive(Default)]
pub struct FakeProvider {
    calls: Mutex<Vec<Call>>,
    next: Mutex<HashMap<String, VecDeque<Reply>>>,
    always: Mutex<HashMap<String, Reply>>,
    other: Mutex<Option<Arc<dyn Provider>>>,
}

impl FakeProvider {
    /// Answers the next request to `path` with `reply`. Several replies are used up in order.
    pub fn next(&self, path: &str, reply: Reply) {
        self.next.lock().unwrap().entry(path.to_owned()).or_default().push_back(reply);
    }

    /// Answers every request to `path` with `reply`.
    pub fn always(&self, path: &str, reply: Reply) {
        self.always.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Lets another provider answer everything from now on.
    pub fn answered_by(&self, other: Arc<dyn Provider>) {
        *self.other.lock().unwrap() = Some(other);
    }

    /// Every request that it got.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The requests to one path.
    pub fn calls_to(&self, path: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| path_of(&call.uri) == path).collect()
    }

    /// The one token request.
    pub fn token_request(&self) -> Call {
        let calls = self.calls_to("/oauth/token");
        assert_eq!(calls.len(), 1, "token requests");
        calls.into_iter().next().unwrap()
    }

    fn reply(&self, path: &str) -> Reply {
        if let Some(reply) = self.next.lock().unwrap().get_mut(path).and_then(VecDeque::pop_front) {
            return reply;
        }
        if let Some(reply) = self.always.lock().unwrap().get(path) {
            return reply.clone();
        }
        match path {
            "/oauth/token" => Reply::json(200, &tokens()),
            "/api/me" => Reply::json(200, &json!({ "name": "Ada" })),
            path => panic!("the provider knows no {path}"),
        }
    }
}

/// Asks by the production client, in real time: the network has no other.
async fn ask(address: String, limit: Duration) -> Result<Response<Bytes>, ProviderError> {
    in_real_time(async move {
        let request = Request::post(address).body(Bytes::new()).unwrap();
        ProviderClient::new(Loopback::Allowed).send(request, limit).await
    })
    .await
}

fn path_of(uri: &str) -> String {
    url::Url::parse(uri).unwrap().path().to_owned()
}

impl Provider for FakeProvider {
    fn send(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        let other = self.other.lock().unwrap().clone();
        if let Some(other) = other {
            return Box::pin(async move { other.send(request, limit).await });
        }
        let (head, body) = request.into_parts();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let uri = head.uri.to_string();
        let reply = self.reply(&path_of(&uri));
        self.calls.lock().unwrap().push(Call {
            method: head.method,
            uri,
            headers: head.headers,
            certificate: head.extensions.get::<Arc<ClientCertificate>>().map(|it| it.id()),
            body,
            limit,
        });
        Box::pin(async move {
            if matches!(reply.what, What::OutlivesCaller) {
                return std::future::pending().await;
            }
            let answer = async {
                tokio::time::sleep(reply.after).await;
                match reply.what {
                    What::Hangs | What::OutlivesCaller => std::future::pending().await,
                    What::Fails(error) => Err(error),
                    What::Asks(address, limit) => ask(address, limit).await,
                    What::Answers(status, headers, body) => {
                        let response = headers
                            .into_iter()
                            .fold(Response::builder().status(status), |b, (name, value)| {
                                b.header(name, value)
                            });
                        Ok(response.body(Bytes::from(body)).unwrap())
                    }
                }
            };
            tokio::time::timeout(limit, answer).await.unwrap_or(Err(ProviderError::Timeout))
        })
    }

    fn send_for_status(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> BoxFuture<'_, Result<StatusCode, ProviderError>> {
        let other = self.other.lock().unwrap().clone();
        Box::pin(async move {
            match other {
                Some(other) => other.send_for_status(request, limit).await,
                None => Ok(self.send(request, limit).await?.status()),
            }
        })
    }
}
