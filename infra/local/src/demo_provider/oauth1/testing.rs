//! Shared parts of the tests: the provider with a clock that stands still, and a client that signs.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use protocol::clock::{Clock, Timestamp};
use protocol::random::SystemRandom;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::base_string::{SignedParts, percent_encode};
use super::client::{CONSUMER_KEY, CONSUMER_SECRET, Client};
use crate::demo_provider::{self, Config};

pub(super) const CALLBACK: &str = "https://client.example/callback";

#[derive(Default)]
struct StoppedClock(AtomicI64);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The provider, and one browser with its cookies.
pub(super) struct Server {
    router: Router,
    clock: Arc<StoppedClock>,
    cookies: Cell<Vec<String>>,
    nonces: Cell<u32>,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

/// Credentials to sign with.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) secret: String,
}

impl Server {
    pub(super) fn start() -> Self {
        let clock = Arc::new(StoppedClock::default());
        let other = Client::new("other", "other secret", "Other", vec![CALLBACK.to_owned()]);
        let config = Config {
            base: "http://127.0.0.1:9000".to_owned(),
            clients: Vec::new(),
            consumers: vec![Client::demo(vec![CALLBACK.to_owned()]), other],
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        let router = demo_provider::router(config);
        Self { router, clock, cookies: Cell::default(), nonces: Cell::default() }
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// The parameters of the next request that is signed with HMAC-SHA1.
    pub(super) fn parameters(&self, token: &Token, extra: &[(&str, &str)]) -> Vec<(String, String)> {
        let nonce = self.nonces.replace(self.nonces.get() + 1).to_string();
        let timestamp = self.clock.now().seconds().to_string();
        let mut parameters = vec![
            ("oauth_consumer_key", CONSUMER_KEY),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_nonce", &nonce),
        ];
        if !token.token.is_empty() {
            parameters.push(("oauth_token", &token.token));
        }
        parameters.extend_from_slice(extra);
        parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A signed request by the demo client.
    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &Token,
        extra: &[(&str, &str)],
    ) -> Answer {
        let mut parameters = self.parameters(token, extra);
        parameters.push(("oauth_signature".to_owned(), signature(method, path, &parameters, &token.secret)));
        self.call_with(method, path, &parameters).await
    }

    pub(super) async fn call_with(
        &self,
        method: &str,
        path: &str,
        parameters: &[(String, String)],
    ) -> Answer {
        let quoted = |(name, value): &(String, String)| {
            format!("{}=\"{}\"", percent_encode(name), percent_encode(value))
        };
        let header = parameters.iter().map(quoted).collect::<Vec<_>>().join(", ");
        let request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:9000");
        let request = request.header(header::AUTHORIZATION, format!("OAuth realm=\"x\", {header}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends the browser to a page.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.browse(Request::get(path), Body::empty()).await
    }

    /// Posts a form from the browser.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.browse(Request::post(path), Body::from(form)).await
    }

    async fn browse(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let mut cookies = self.cookies.take();
        let answer = self.send(request.header(header::COOKIE, cookies.join("; ")).body(body).unwrap()).await;
        let set = answer.headers.get_all(header::SET_COOKIE).iter();
        cookies.extend(set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()));
        self.cookies.set(cookies);
        answer
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Temporary credentials for a callback with a query of its own.
    pub(super) async fn temporary(&self) -> Token {
        let callback = format!("{CALLBACK}?state=st%26te");
        let path = "/demo-provider/oauth1/request-token";
        self.call("POST", path, &Token::default(), &[("oauth_callback", &callback)]).await.token()
    }

    /// Lets the user sign in and decide. Returns the answer that sends the browser back.
    pub(super) async fn authorize(&self, token: &str, decision: &str, fail: &str) -> Answer {
        let page = self.get(&format!("/demo-provider/oauth1/authorize?oauth_token={token}")).await;
        let id = page.location_parameter("request").unwrap();
        if page.location().contains("/sign-in?") {
            let fields = [("request", id.as_str()), ("user_name", "ada"), ("password", "lovelace")];
            let signed_in = self.post("/demo-provider/sign-in", &fields).await;
            assert!(signed_in.location().starts_with("/demo-provider/oauth1/consent?"));
        }
        let fields = [("request", id.as_str()), ("decision", decision), ("fail", fail)];
        self.post("/demo-provider/oauth1/consent", &fields).await
    }

    /// Token credentials, after the whole flow.
    pub(super) async fn token(&self, fail: &str) -> Answer {
        let temporary = self.temporary().await;
        let back = self.authorize(&temporary.token, "allow", fail).await;
        let verifier = back.location_parameter("oauth_verifier").unwrap();
        self.exchange(&temporary, &verifier).await
    }

    pub(super) async fn exchange(&self, temporary: &Token, verifier: &str) -> Answer {
        let path = "/demo-provider/oauth1/access-token";
        self.call("POST", path, temporary, &[("oauth_verifier", verifier)]).await
    }

    pub(super) async fn me(&self, token: &Token) -> Answer {
        self.call("GET", "/demo-provider/api/me?x=%20a&x=1", token, &[]).await
    }
}

/// The demo client's HMAC-SHA1 signature.
pub(super) fn signature(method: &str, path: &str, parameters: &[(String, String)], secret: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parameters = parameters.to_vec();
    parameters.extend(form_urlencoded::parse(query.as_bytes()).into_owned());
    let parts = SignedParts { method, scheme: "http", host: "127.0.0.1:9000", path, parameters };
    let key = format!("{}&{}", percent_encode(CONSUMER_SECRET), percent_encode(secret));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, parts.base_string().as_bytes()))
}

impl Answer {
    pub(super) fn location(&self) -> String {
        let location = self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap());
        location.unwrap_or_default().to_owned()
    }

    pub(super) fn location_parameter(&self, name: &str) -> Option<String> {
        field(self.location().split_once('?')?.1, name)
    }

    pub(super) fn field(&self, name: &str) -> Option<String> {
        field(&self.text, name)
    }

    pub(super) fn token(&self) -> Token {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let field = |name| self.field(name).unwrap();
        Token { token: field("oauth_token"), secret: field("oauth_token_secret") }
    }
}

fn field(form: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes())
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}
