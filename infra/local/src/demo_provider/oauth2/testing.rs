//! Shared parts of the endpoints' tests: the provider with a clock that stands still, and a browser.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use protocol::clock::{Clock, Timestamp};
use protocol::random::SystemRandom;
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::client::{CLIENT_ID, CLIENT_SECRET, Client};
use crate::demo_provider::{self, Config};

pub(super) const ISSUER: &str = "http://127.0.0.1:9000/demo-provider";
pub(super) const REDIRECT_URI: &str = "https://client.example/callback?keep=1";
pub(super) const OTHER_REDIRECT_URI: &str = "https://client.example/other";
/// The example of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[derive(Default)]
struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The provider, as its clients see it.
pub(super) struct Server {
    router: Router,
    clock: Arc<StoppedClock>,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Server {
    pub(super) fn start() -> Self {
        let clock = Arc::new(StoppedClock::default());
        let redirect_uris = vec![REDIRECT_URI.to_owned(), OTHER_REDIRECT_URI.to_owned()];
        let other = Client::new("other!+ID", "other:s%cret", "Other", redirect_uris.clone());
        let config = Config {
            base: "http://127.0.0.1:9000".to_owned(),
            clients: vec![Client::demo(redirect_uris), other, Client::machine()],
            consumers: Vec::new(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        Self { router: demo_provider::router(config), clock }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Posts a form as the demo client, by Basic authentication.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_as(CLIENT_ID, CLIENT_SECRET, path, fields).await
    }

    pub(super) async fn post_as(
        &self,
        id: &str,
        secret: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Basic {basic}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
            .body(Body::from(form(fields)))
            .unwrap();
        self.send(request).await
    }

    /// Exchanges a code, as the client that it was issued to.
    pub(super) async fn exchange(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        self.post("/demo-provider/token", &fields).await
    }

    pub(super) async fn refresh(&self, refresh_token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.post("/demo-provider/token", &fields).await
    }

    /// The status that the API gives a bearer of this token.
    pub(super) async fn api_status(&self, access_token: &str) -> StatusCode {
        let request = Request::get("/demo-provider/api/me")
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"))
            .body(Body::empty())
            .unwrap();
        self.send(request).await.status
    }

    /// Walks a browser from the authorization request through sign-in to the answer that the client gets.
    pub(super) async fn authorize(&self, decision: &[(&str, &str)]) -> Answer {
        self.authorize_with(&[], decision).await
    }

    pub(super) async fn authorize_with(&self, extra: &[(&str, &str)], decision: &[(&str, &str)]) -> Answer {
        let mut browser = Browser::new(self);
        let mut fields = authorization_request();
        fields.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
        fields.extend(extra);
        let start = browser.get(&format!("/demo-provider/authorize?{}", form(&fields))).await;
        let location = start.location();
        let Some(request) = location.strip_prefix("/demo-provider/sign-in?request=") else {
            return start;
        };
        let sign_in = [("request", request), ("user_name", "ada"), ("password", "lovelace")];
        let signed_in = browser.post("/demo-provider/sign-in", &sign_in).await;
        assert_eq!(browser.get(&signed_in.location()).await.status, StatusCode::OK);
        let mut answer = vec![("request", request)];
        answer.extend(decision);
        browser.post("/demo-provider/consent", &answer).await
    }

    /// An authorization code, made to fail in the named way if there is one.
    pub(super) async fn code(&self, fault: &str) -> String {
        let answer = self.authorize(&[("decision", "allow"), ("fail", fault)]).await;
        answer.location_parameter("code").unwrap()
    }
}

/// The parameters of a request with nothing wrong in it.
pub(super) fn authorization_request() -> Vec<(&'static str, &'static str)> {
    vec![
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "profile contacts"),
        ("state", "st&te"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

pub(super) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// A browser that keeps cookies.
pub(super) struct Browser<'a> {
    server: &'a Server,
    cookies: Vec<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        Self { server, cookies: Vec::new() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Request::post(path), Body::from(form(fields))).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let request = request.header(header::COOKIE, self.cookies.join("; ")).body(body).unwrap();
        let answer = self.server.send(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookies.push(pair.to_owned());
        }
        answer
    }
}

impl Answer {
    pub(super) fn location(&self) -> String {
        let location = self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap());
        location.unwrap_or_default().to_owned()
    }

    pub(super) fn location_parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        let (_, query) = location.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(super) fn text_of(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }

    /// Status and `error`.
    pub(super) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.text_of("error"))
    }
}
