//! Calls to the deployment, each with a token of its own.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::http::address::Reach;
use protocol::http::{HyperClient, client};
use protocol::secret::Secret;
use serde_json::Value;

use crate::problem::{Problem, Refusal};
use crate::settings::{Authority, Settings};
use crate::signer::Bearer;

/// API Gateway ends an answer after 30 seconds.
const TIME: Duration = Duration::from_secs(35);

/// How long the token of a call lasts. The deployment's clock may be a minute behind or ahead.
const TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// The most that an answer may weigh, in bytes; API Gateway's own limit is 10 MB.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The most that one page of a list has.
const PAGE: usize = 1000;

/// How often a call is made again that came too soon after others (429).
const PATIENCE: usize = 3;

/// The longest that such a call waits, in seconds: the deployment counts by the minute.
const LONGEST_WAIT: u64 = 60;

/// What stands as itself in a path and in a query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A deployment, and what we may do there.
pub(crate) struct Client {
    http: HyperClient,
    base: String,
    authority: Option<Authority>,
    /// The settings that it was made of.
    pub(crate) settings: Settings,
}

/// An answer of the deployment.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body, `null` where it is no JSON.
    pub(crate) body: Value,
}

/// The reason why there was no answer.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    pub(crate) kind: NoAnswerKind,
    detail: String,
}

/// What kept an answer from coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswerKind {
    Refused,
    Tls,
    Timeout,
    Other,
}

impl Client {
    /// A client that proves who it is.
    pub(crate) fn new(settings: Settings) -> Result<Self, Problem> {
        settings.workspace()?;
        let authority = settings.authority()?;
        Ok(Self { authority: Some(authority), ..Self::anonymous(settings)? })
    }

    /// A client that proves nothing, until it is given something to prove it with.
    pub(crate) fn anonymous(settings: Settings) -> Result<Self, Problem> {
        let base = settings.url()?.as_str().trim_end_matches('/').to_owned();
        // The operator's own address: it may be a private one.
        Ok(Self { http: client(Reach::Anywhere), base, authority: None, settings })
    }

    /// The same client, with what it proves itself by.
    pub(crate) fn with(self, authority: Authority) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// What it proves itself by.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// Asks for a resource. Any answer but a success is a problem.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.call(Method::GET, path, None).await
    }

    /// Asks for every page of a list, whose items the answers have under `name`.
    pub(crate) async fn items(&self, path: &str, name: &str) -> Result<Vec<Value>, Problem> {
        let all = self.pages(path, name, &[], Some("0".to_owned()), usize::MAX).await?;
        Ok(all.0)
    }

    /// Asks for up to so many items of a list, from a cursor on. Returns the cursor behind them, if there may be more: a page
    /// can be short, or empty, while there is one.
    pub(crate) async fn pages(
        &self,
        path: &str,
        name: &str,
        filters: &[(&str, Option<&str>)],
        mut cursor: Option<String>,
        most: usize,
    ) -> Result<(Vec<Value>, Option<String>), Problem> {
        let mut items: Vec<Value> = Vec::new();
        loop {
            let mut address = format!("{path}?limit={}", (most - items.len()).min(PAGE));
            let given = filters.iter().copied().chain([("cursor", cursor.as_deref())]);
            for (name, value) in given.filter_map(|(name, value)| Some((name, value?))) {
                address.extend(["&", name, "=", &encoded(value)]);
            }
            let page = self.get(&address).await?;
            items.extend(page[name].as_array().into_iter().flatten().cloned());
            cursor = page["cursor"].as_str().map(str::to_owned);
            if cursor.is_none() || items.len() >= most {
                return Ok((items, cursor));
            }
        }
    }

    /// Asks for a resource, and returns nothing if there is none.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, Problem> {
        match self.get(path).await {
            Err(Problem::Refused(refusal)) if refusal.key() == "not_found" => Ok(None),
            found => found.map(Some),
        }
    }

    /// Calls as who manages the workspace. Any answer but a success is a problem.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let mut patience = PATIENCE;
        loop {
            let token = self.token(&Bearer::Admin)?;
            let answer =
                self.send(&method, path, Some(&token), body).await.map_err(|error| error.problem())?;
            if answer.status.is_success() {
                return Ok(answer.body);
            }
            match answer.wait().filter(|_| patience > 0) {
                Some(wait) => {
                    patience -= 1;
                    tokio::time::sleep(wait).await;
                }
                None => return Err(answer.refusal()),
            }
        }
    }

    /// A token for this call.
    pub(crate) fn token(&self, bearer: &Bearer) -> Result<Secret, Problem> {
        match &self.authority {
            Some(Authority::Token(token)) => Ok(token.clone()),
            Some(Authority::Signer(signer)) => {
                let workspace = self.settings.workspace()?;
                let audience = self.settings.audience.as_deref();
                let minted = signer.mint(workspace, audience, (bearer, &[]), TOKEN_LIFETIME)?;
                Ok(Secret::new(minted.token.as_str()))
            }
            None => Err(Problem::missing(
                "The workspace's secret or key",
                "--secret-file",
                "LINKSPAN_SECRET_FILE",
            )),
        }
    }

    /// Sends a request, and returns whatever answer comes. Redirects are not followed: they would take the token along.
    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        token: Option<&Secret>,
        body: Option<&Value>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("linkspan/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()));
            let mut bearer = bearer.map_err(|_| NoAnswer::other("the token is no header's value"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(bytes)).map_err(|error| NoAnswer::other(&error.to_string()))?;
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| NoAnswer::of(&error))?;
            let (head, body) = response.into_parts();
            let body =
                Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| NoAnswer::of(&*error))?;
            let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let late = || NoAnswer { kind: NoAnswerKind::Timeout, detail: "no answer in time".to_owned() };
        tokio::time::timeout(TIME, exchange).await.unwrap_or_else(|_| Err(late()))
    }
}

/// An id or a key, as a segment of a path or a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

impl Answer {
    /// The answer as the problem that it is.
    pub(crate) fn refusal(self) -> Problem {
        if self.status.is_redirection() {
            let to = self.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another address");
            return Problem::Failed(format!(
                "The deployment's address redirects to {to}: give the address that answers."
            ));
        }
        Problem::Refused(Refusal { status: self.status, body: self.body })
    }

    /// How long to wait before the same call may be made again, if that is what the answer says.
    fn wait(&self) -> Option<Duration> {
        let seconds: u64 = self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        (self.status == StatusCode::TOO_MANY_REQUESTS && seconds <= LONGEST_WAIT)
            .then(|| Duration::from_secs(seconds))
    }
}

impl NoAnswer {
    fn other(detail: &str) -> Self {
        Self { kind: NoAnswerKind::Other, detail: detail.to_owned() }
    }

    /// Reads the chain of errors. An `io::Error` holds the error that it was made of, but does not return it as its source.
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut kind = NoAnswerKind::Other;
        let mut messages: Vec<String> = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let io = error.downcast_ref::<io::Error>();
            match io.map(io::Error::kind) {
                Some(io::ErrorKind::ConnectionRefused) => kind = NoAnswerKind::Refused,
                Some(io::ErrorKind::TimedOut) => kind = NoAnswerKind::Timeout,
                _ if error.is::<rustls::Error>() => kind = NoAnswerKind::Tls,
                _ => {}
            }
            let text = error.to_string();
            if !messages.contains(&text) {
                messages.push(text);
            }
            let inner = io.and_then(io::Error::get_ref).map(|inner| inner as &(dyn Error + 'static));
            next = inner.or_else(|| error.source());
        }
        Self { kind, detail: messages.join(": ") }
    }

    /// What happened, as a sentence without its end.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The same as the end of a command.
    pub(crate) fn problem(&self) -> Problem {
        Problem::Failed(format!(
            "The deployment did not answer: {}. `linkspan doctor` looks for the reason.",
            self.detail
        ))
    }
}
