//! The whole service, as a browser meets it: served on a port of its own, because the service calls the demo provider.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::form_urlencoded;

use crate::WORKSPACE_SECRET;
use crate::args::Options;

/// An app of the workspace's.
const APP: &str = "http://127.0.0.1:5555";

struct Page {
    status: StatusCode,
    cookie: String,
    text: String,
}

impl Page {
    /// The value of a field of the page's form.
    fn field(&self, name: &str) -> String {
        let start = format!(r#"name="{name}" value=""#);
        let (_, rest) = self.text.split_once(&start).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// The result that the page hands to the waiting window.
    fn handed_over(&self) -> Value {
        let (_, rest) = self.text.split_once(r#"<script type="application/json" id="result">"#).unwrap();
        serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()
    }
}

async fn start_service() -> Router {
    let options = Options::default();
    let running = crate::start(options).await.unwrap();
    let router = running.router.clone();
    tokio::spawn(running.serve(std::future::pending()));
    router
}

async fn post(router: &Router, cookie: &str, origin: &str, fields: &[(&str, &str)]) -> Page {
    let request = Request::post("/connection-popup")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, origin)
        // A form of our own page comes without an origin, and the browser vouches that it is our own.
        .header("sec-fetch-site", if origin == "null" { "same-origin" } else { "cross-site" })
        .body(Body::from(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()))
        .unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let cookie = parts.headers.get(header::SET_COOKIE).map(|value| value.to_str().unwrap());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
    let bytes = body.collect().await.unwrap().to_bytes();
    Page { status: parts.status, cookie, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

fn payload() -> String {
    let claims = json!({ "workspaceKey": "demo", "id": "c", "exp": SystemClock.now().seconds() + 60 });
    let key = EncodingKey::from_secret(WORKSPACE_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    json!({ "integrationKey": "demo-api-key", "token": token, "requestId": "r1" }).to_string()
}

/// What no route leads to is not found either, but says nothing.
#[tokio::test]
async fn every_route_leads_to_its_function() {
    let service = start_service().await;
    let routes = api::all_routes();
    assert!(routes.len() > 40, "{}", routes.len());
    for route in routes {
        let path = route.path.replace("{path+}", "me").replace(['{', '}'], "");
        let request = Request::builder().method(&route.method).uri(&path).body(Body::empty()).unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        let is_answered =
            answer.status() != StatusCode::NOT_FOUND || answer.headers().contains_key(header::CACHE_CONTROL);
        assert!(is_answered, "{} {path}: {}", route.method, answer.status());
        assert_ne!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{} {path}", route.method);
    }
}

#[tokio::test]
async fn a_popup_that_asked_for_something_still_tells_the_window_that_opened_it() {
    let service = start_service().await;
    let form = post(&service, "", APP, &[("payload", &payload())]).await;
    assert_eq!(form.status, StatusCode::OK);
    let flow = form.field("flow");
    let typed = |key| {
        [("flow", flow.as_str()), ("option", "api-key"), ("input/company", "engines"), ("input/apiKey", key)]
    };
    let refused = post(&service, &form.cookie, "null", &typed("wrong")).await;
    assert!(refused.text.contains("did not accept the credentials"), "{}", refused.text);
    assert_eq!((refused.field("flow"), refused.cookie.as_str()), (flow.clone(), ""));
    let done = post(&service, &form.cookie, "null", &typed("demo-api-key-ada")).await;
    let handed_over = done.handed_over();
    assert_eq!(handed_over["origins"], json!([APP]));
    assert_eq!(handed_over["message"]["requestId"], "r1");
    assert_eq!(handed_over["message"]["type"], "newConnectionCreated");
}
