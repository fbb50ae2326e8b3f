//! A connection's whole way, whatever its definition says and its provider answers. No answer and no line says `internal`.

use arbitrary::Unstructured;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tests::answer::parameter;
use tests::browser::{HOST, api_request};
use tests::definitions::{REDIRECT_URI, integration_id};
use tests::form::Form;
use tests::logs::Logs;
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use crate::grammar::{TEXTS, chance, json_of, one_of, up_to};
use crate::refusals::{MARK, assert_silent};
use crate::replies::Replies;

/// What the fault of our own is called, everywhere that it could stand.
const OWN_FAULTS: [&str; 3] = ["\"internal\"", "%22internal%22", "Something went wrong on our side"];

/// The service, and what was put into it.
pub(crate) struct Journey<'a> {
    pub(crate) world: &'a World,
    pub(crate) provider: &'a Replies,
    pub(crate) logs: &'a Logs,
    pub(crate) key: &'a str,
    pub(crate) definition: &'a Value,
}

/// An answer of the API.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Response {
    /// The body as JSON; `null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends a request to the API.
pub(crate) async fn sent(world: &World, request: Request<Bytes>) -> Response {
    let Ok(answer) = world.functions.api.clone().oneshot(request).await;
    let (head, body) = answer.into_parts();
    Response { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// Refuses lines of the log that report a fault of our own, or hold a secret.
pub(crate) fn assert_lines(logs: &Logs, about: &dyn Fn() -> String) {
    for line in logs.take() {
        let line = line.to_string();
        assert!(OWN_FAULTS.iter().all(|fault| !line.contains(fault)), "{line}\n{}", about());
        assert!(!line.contains(MARK), "{line}\n{}", about());
    }
}

impl Journey<'_> {
    fn about(&self) -> String {
        format!("{} is {}", self.key, self.definition)
    }

    fn assert_no_fault(&self, said: &str) {
        assert!(OWN_FAULTS.iter().all(|fault| !said.contains(fault)), "{said}\n{}", self.about());
        assert_lines(self.logs, &|| self.about());
    }

    async fn api(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Response {
        let mut request = api_request(&method, path, token, body);
        request.headers_mut().insert("host", HOST.parse().unwrap());
        let answer = sent(self.world, request).await;
        if !path.contains("/proxy") {
            self.assert_no_fault(&answer.body);
            if !answer.status.is_success() {
                assert_silent(&answer.body);
            }
        }
        assert_lines(self.logs, &|| self.about());
        answer
    }

    /// Goes all the way. Returns true if it has led to a connection.
    pub(crate) async fn goes(&self, draw: &mut Unstructured<'_>) -> bool {
        let (by_admin, by_customer) = (admin(WORKSPACE), customer(WORKSPACE, CUSTOMER));
        for path in ["", "/connector-spec"] {
            let path = format!("/integrations/{}{path}", self.key);
            self.api(Method::GET, &path, &by_customer, None).await;
        }
        let id = self.connected(draw).await;
        let id = match id {
            Some(id) => Some(id),
            None => self.imported(draw).await,
        };
        let Some(id) = id else { return false };
        let path = format!("/connections/{id}");
        let steps: &[(Method, &str, Option<Value>)] = &[
            (Method::GET, "?includeSecrets=true", None),
            (Method::POST, "/test", None),
            (Method::POST, "/refresh-credentials", None),
            (Method::GET, "/proxy/me?a=b", None),
            (Method::POST, "/proxy/items", Some(json!({ "a": [1, { "b": null }] }))),
            (Method::PATCH, "", Some(json!({ "name": "Other" }))),
            (Method::PATCH, "", Some(json!({ "credentials": json_of(draw, 2) }))),
            (Method::POST, "/test", None),
            (Method::POST, "/disconnect", None),
            (Method::DELETE, "", None),
            (Method::POST, "/restore", None),
            (Method::DELETE, "?erase=true", None),
        ];
        for (method, step, body) in steps {
            self.api(method.clone(), &format!("{path}{step}"), &by_admin, body.as_ref()).await;
        }
        true
    }

    /// What is entered for the schema: mostly what fits.
    fn entered(&self, draw: &mut Unstructured<'_>) -> Value {
        let mut entered = Map::new();
        let options = self.definition["authOptions"].as_array().into_iter().flatten();
        for (name, property) in
            options.filter_map(|option| option["inputSchema"]["properties"].as_object()).flatten()
        {
            let fitting = match property["type"].as_str() {
                _ if property["enum"].is_array() => property["enum"][0].clone(),
                Some("integer" | "number") => json!(7),
                Some("boolean") => json!(true),
                Some("array") => json!(["a"]),
                Some("object") => json!({ "inner": "a" }),
                _ if property["examples"].is_array() => property["examples"][0].clone(),
                _ if property["isSensitive"] == true => json!(MARK),
                _ => json!("acme"),
            };
            let value = if chance(draw, 1, 10) { json_of(draw, 1) } else { fitting };
            entered.insert(name.clone(), value);
        }
        Value::Object(entered)
    }

    /// Creates a connection with given credentials.
    async fn imported(&self, draw: &mut Unstructured<'_>) -> Option<String> {
        let body = json!({
            "integrationKey": self.key, "userId": CUSTOMER, "parameters": self.entered(draw),
            "credentials": { "access_token": MARK, "refresh_token": MARK, "oauth_token": "a", "oauth_token_secret": MARK },
        });
        let answer = self.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await;
        answer.json()["id"].as_str().filter(|_| answer.status.is_success()).map(str::to_owned)
    }

    /// Starts a flow, and follows it to its end. Returns the connection's id.
    async fn connected(&self, draw: &mut Unstructured<'_>) -> Option<String> {
        let browser = self.world.browser().for_a_person();
        let start = Start::new().with(&json!({
            "integrationKey": self.key, "connectionParameters": self.entered(draw),
            "connectorParameters": json!({ "a": one_of(draw, TEXTS) }),
        }));
        let mut answer = browser.send(start.form()).await;
        for _ in 0..10 {
            let location = answer.header("location").to_owned();
            self.assert_no_fault(&format!("{location} {}", answer.body));
            assert_silent(&answer.body);
            if location.starts_with(REDIRECT_URI) {
                assert_silent(&location);
                return parameter(&Url::parse(&location).unwrap(), "connectionId");
            }
            answer = if location.starts_with("/connection-result/") {
                browser.get(&location).await
            } else if !location.is_empty() {
                browser.get(&self.callback(draw, &location)).await
            } else if let Some(form) = form_of(&answer) {
                browser.send(self.filled(draw, &form)).await
            } else {
                return None;
            };
        }
        None
    }

    /// Fills a form of ours in, and sends it.
    fn filled(&self, draw: &mut Unstructured<'_>, form: &Form) -> Request<Bytes> {
        if form.controls.iter().any(|control| control.name == "choice") {
            return form.press(Some(("choice", *one_of(draw, &["0", "1", "-1", "x"]))));
        }
        let mut form = form.clone();
        let entered = self.entered(draw);
        for control in &mut form.controls {
            let Some(name) = control.name.strip_prefix("input/") else { continue };
            let value = entered[name].as_str().unwrap_or("7");
            if control.value.is_empty() {
                value.clone_into(&mut control.value);
            }
        }
        form.submit()
    }

    /// The address that the provider sends the browser back to.
    fn callback(&self, draw: &mut Unstructured<'_>, location: &str) -> String {
        let state = self.provider.callback().and_then(|callback| {
            let (_, state) = callback.split_once("state=")?;
            Some(state.split('&').next()?.to_owned())
        });
        // Its parameter can have another name.
        let is_state = |value: &&str| value.len() == 43;
        let decoded = percent_decode_str(location).decode_utf8_lossy().into_owned();
        let state = state.or_else(|| decoded.split(['=', '&', '?', '#']).find(is_state).map(str::to_owned));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", &state.unwrap_or_default());
        if chance(draw, 7, 8) {
            query.append_pair("code", MARK);
        }
        query.append_pair("oauth_token", "temporary").append_pair("oauth_verifier", MARK);
        for _ in 0..up_to(draw, 2) {
            let names = [
                "error",
                "iss",
                "realmId",
                "account",
                "tenant",
                "admin_consent",
                "denied",
                "hmac",
                "id",
                "a",
            ];
            let (name, value): (&&str, &&str) = (one_of(draw, &names), one_of(draw, TEXTS));
            query.append_pair(name, value);
        }
        format!("/oauth-callback/{}?{}", integration_id(WORKSPACE, self.key), query.finish())
    }
}

/// The page's form, if it has one.
fn form_of(page: &Answer) -> Option<Form> {
    let is_page = page.status == StatusCode::OK && page.header("content-type").starts_with("text/html");
    (is_page && page.body.matches("<form ").count() == 1).then(|| Form::read(page))
}
