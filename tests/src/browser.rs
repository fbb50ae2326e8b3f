//! A browser. It keeps cookies by their own rules, and follows a redirect only when a test asks it to.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cookie::Cookie;
use http::{HeaderValue, Method, Request};
use linkspan_local::service::Functions;
use tower::ServiceExt as _;

use crate::Answer;
use crate::jar::Jar;

/// The service's host.
pub const HOST: &str = "linkspan.example";

/// One browser. A clone has the same cookies, like another tab.
#[derive(Clone)]
pub struct Browser {
    functions: Functions,
    jar: Arc<Mutex<Jar>>,
    /// The `Accept` header that it sends.
    pub accept: &'static str,
    /// The `Accept-Language` header that it sends, if any.
    accept_language: Option<&'static str>,
}

impl Browser {
    /// A browser without cookies, that asks for JSON: errors are then easy to read.
    #[must_use]
    pub fn new(functions: &Functions) -> Self {
        Self {
            functions: functions.clone(),
            jar: Arc::default(),
            accept: "application/json",
            accept_language: None,
        }
    }

    /// The same browser, in front of other functions.
    #[must_use]
    pub fn of(&self, functions: &Functions) -> Self {
        Self { functions: functions.clone(), ..self.clone() }
    }

    /// The same browser, as a person uses it.
    #[must_use]
    pub fn for_a_person(&self) -> Self {
        Self { accept: "text/html,application/xhtml+xml;q=0.9", ..self.clone() }
    }

    /// The same browser, as a person uses it who reads these languages.
    #[must_use]
    pub fn for_a_reader_of(&self, languages: &'static str) -> Self {
        Self { accept_language: Some(languages), ..self.for_a_person() }
    }

    /// The names of its cookies, oldest first.
    #[must_use]
    pub fn cookie_names(&self) -> Vec<String> {
        self.jar.lock().unwrap().0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The values of its cookies, oldest first.
    #[must_use]
    pub fn cookie_values(&self) -> Vec<String> {
        self.jar.lock().unwrap().0.iter().map(|(_, value)| value.clone()).collect()
    }

    /// Puts a cookie in by hand.
    pub fn plant_cookie(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().0.push((name.to_owned(), value.to_owned()));
    }

    /// Follows a link, or a redirect to us.
    pub async fn get(&self, address: &str) -> Answer {
        self.send(Request::get(local(address)).body(Bytes::new()).unwrap()).await
    }

    /// Posts a form from another site: no Lax cookie goes with it.
    pub async fn post_cross_site(&self, address: &str, form: String) -> Answer {
        let request = Request::post(local(address))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "https://provider.example")
            .header("sec-fetch-site", "cross-site")
            .body(form.into())
            .unwrap();
        self.dispatch(request, false).await
    }

    /// Sends a request with its cookies, and keeps those that come back.
    pub async fn send(&self, request: Request<Bytes>) -> Answer {
        self.dispatch(request, true).await
    }

    async fn dispatch(&self, mut request: Request<Bytes>, with_cookies: bool) -> Answer {
        let headers = request.headers_mut();
        headers.insert("host", HOST.parse().unwrap());
        if !headers.contains_key("accept") {
            headers.insert("accept", self.accept.parse().unwrap());
        }
        if let Some(languages) = self.accept_language {
            headers.insert("accept-language", languages.parse().unwrap());
        }
        let own = self.jar.lock().unwrap().header();
        if with_cookies && !own.is_empty() {
            // Other applications' cookies, if the test has set some, stand before ours.
            let others = headers.get("cookie").map(|others| [others.as_bytes(), b"; "].concat());
            let cookies = [others.unwrap_or_default(), own.into_bytes()].concat();
            headers.insert("cookie", HeaderValue::from_bytes(&cookies).unwrap());
        }
        let path = request.uri().path();
        let service = if path.starts_with("/oauth-callback") || path.starts_with("/connection-choice/") {
            &self.functions.callback
        } else if path.starts_with("/connection-result/") {
            &self.functions.finish
        } else if ["/connection-popup", "/connect"].contains(&path)
            || (path == "/screens/connect" && request.method() != Method::POST)
        {
            &self.functions.initiate
        } else {
            &self.functions.api
        };
        let Ok(response) = service.clone().oneshot(request).await;
        let answer = Answer::from(response);
        answer.cookies().into_iter().for_each(|cookie| self.keep(cookie));
        answer
    }

    /// Keeps a cookie of ours, which is for this host alone.
    fn keep(&self, set_cookie: &str) {
        let cookie = Cookie::parse(set_cookie.to_owned()).unwrap();
        assert!(cookie.name().starts_with("__Host-"), "{set_cookie}");
        assert_eq!((cookie.secure(), cookie.path(), cookie.domain()), (Some(true), Some("/"), None));
        self.jar.lock().unwrap().keep(&cookie);
    }
}

/// The path and the query of an address: a request line has no more.
fn local(address: &str) -> String {
    let own = format!("https://{HOST}");
    address.strip_prefix(&own).unwrap_or(address).to_owned()
}

/// A request with a bearer token.
#[must_use]
pub fn api_request(
    method: &Method,
    path: &str,
    token: &str,
    body: Option<&serde_json::Value>,
) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()))).unwrap()
}
