//! A person with a browser, who is signed in at the provider and connects for one customer after another.

use std::time::Duration;

use ::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::{INTEGRATION, Problem, Target, customer, expect, retry_after};
use crate::answer::parameter;
use crate::form::Form;
use crate::jar::Jar;
use crate::{Answer, Start};

/// The steps of a flow, in their order: each is one request.
pub(super) const STEPS: [&str; 6] = [
    "start: `POST /connection-popup`",
    "the provider's `GET …/authorize`",
    "the provider's consent page",
    "the provider's `POST …/consent`",
    "`GET /oauth-callback/…`",
    "`GET /connection-result/…`",
];

/// What became of a flow.
pub(super) enum Flow {
    /// It ended in this connection. Its steps took so long.
    Connected(String, [Duration; STEPS.len()]),
    /// Its start was refused, until so much later.
    Refused(Duration),
}

/// A person. Each flow is another customer's, in another browser; only the provider knows the person again.
pub(super) struct Person<'a> {
    target: &'a Target,
    at_provider: Jar,
}

impl<'a> Person<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self { target, at_provider: Jar::default() }
    }

    /// A whole flow of a customer.
    pub(super) async fn connect(&mut self, id: &str) -> Result<Flow, Problem> {
        let Target { base, provider, http } = self.target;
        let mut steps = Steps::new();
        let mut jar = Jar::default();

        let start = http.browse(base, &mut jar, self.start(id)).await?;
        if let Some(later) = refused(&start)? {
            return Ok(Flow::Refused(later));
        }
        let authorize = steps.done(redirected("start", &start))?;

        let asked = http.browse(provider, &mut self.at_provider, get(&authorize)?).await?;
        let mut consent = steps.done(redirected("authorize", &asked))?;
        if consent.starts_with("/demo-provider/sign-in") {
            consent = self.sign_in(&consent).await?;
            steps.begin_next();
        }

        let page = http.browse(provider, &mut self.at_provider, get(&consent)?).await?;
        steps.done(expect(&page, 200).map_err(|problem| format!("consent page: {problem}")))?;

        let allow = Form::read(&page).press(Some(("decision", "allow")));
        let allowed = http.browse(provider, &mut self.at_provider, allow).await?;
        let callback = steps.done(redirected("consent", &allowed))?;

        let called_back = http.browse(base, &mut jar, get(&callback)?).await?;
        let result = steps.done(redirected("callback", &called_back))?;

        let ended = http.browse(base, &mut jar, get(&result)?).await?;
        let back = steps.done(redirected("result", &ended))?;
        let url = Url::parse(&back).map_err(|problem| format!("result: {back}: {problem}"))?;
        if parameter(&url, "customState").as_deref() != Some(id) {
            return Err(format!("result: another's flow: {back}"));
        }
        let connection = parameter(&url, "connectionId").ok_or_else(|| format!("result: {back}"))?;
        Ok(Flow::Connected(connection, steps.took()))
    }

    fn start(&self, id: &str) -> Request<Bytes> {
        let base = &self.target.base;
        let payload = json!({
            "token": customer(id),
            "integrationKey": INTEGRATION,
            "redirectUri": format!("{base}/demo/connected"),
            "customState": id,
        });
        Start::new().with(&payload).from(&[("origin", base)]).form()
    }

    /// Signs in at the provider, once and for all. Returns the address of the consent page.
    async fn sign_in(&mut self, address: &str) -> Result<String, Problem> {
        let Target { provider, http, .. } = self.target;
        let (path, query) = address.split_once('?').ok_or("sign-in: no request")?;
        let body = format!("{query}&user_name=ada&password=lovelace");
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(body.into()).map_err(|problem| problem.to_string())?;
        redirected("sign-in", &http.browse(provider, &mut self.at_provider, request).await?)
    }
}

/// The time of each step.
struct Steps {
    since: Instant,
    took: Vec<Duration>,
}

impl Steps {
    fn new() -> Self {
        Self { since: Instant::now(), took: Vec::with_capacity(STEPS.len()) }
    }

    /// Notes that a step is over, and that the next one begins.
    fn done<T>(&mut self, outcome: T) -> T {
        self.took.push(self.since.elapsed());
        self.begin_next();
        outcome
    }

    fn begin_next(&mut self) {
        self.since = Instant::now();
    }

    fn took(self) -> [Duration; STEPS.len()] {
        self.took.try_into().unwrap()
    }
}

/// When to come back, if the start was refused because of the limit: by its status, or at the application's address.
fn refused(start: &Answer) -> Result<Option<Duration>, Problem> {
    if let Some(later) = retry_after(start)? {
        return Ok(Some(later));
    }
    let (_, query) = start.header("location").split_once('?').unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let Some((_, error)) = pairs.find(|(name, _)| name == "errorData") else { return Ok(None) };
    let error: Value = serde_json::from_str(&error).map_err(|problem| problem.to_string())?;
    match (&error["key"], error["data"]["retryAfter"].as_u64()) {
        (Value::String(key), Some(seconds)) if key == "rate_limit_exceeded" => {
            Ok(Some(Duration::from_secs(seconds)))
        }
        _ => Err(format!("start: {error}")),
    }
}

fn redirected(step: &str, answer: &Answer) -> Result<String, Problem> {
    match expect(answer, 303) {
        Ok(answer) => Ok(answer.location().to_owned()),
        Err(problem) => Err(format!("{step}: {problem}")),
    }
}

fn get(address: &str) -> Result<Request<Bytes>, Problem> {
    Request::get(address).body(Bytes::new()).map_err(|problem| format!("{address}: {problem}"))
}
