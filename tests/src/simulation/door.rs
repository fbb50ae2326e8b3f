//! The way from a sandbox to the provider, and what goes wrong on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use protocol::BoxFuture;
use protocol::provider::client::{ConnectionFailure, Provider, ProviderError};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::draws::Draws;
use super::ground::Ground;
use super::life::Life;
use super::typist::is_known;

/// What a provider does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It never answers, and has done nothing.
    Silence,
    /// It has done what it was asked, and never answers.
    SilenceAfter,
    /// It refuses the connection.
    Reset,
    /// It has done what it was asked, and the connection breaks.
    ResetAfter,
    /// It has done what it was asked, and half of the answer comes.
    Truncates,
    /// It has done what it was asked, and the answer comes byte by byte.
    Drips,
    /// It has done what it was asked, and answers with 10 MB.
    Floods,
    /// It is out of order.
    Status(u16),
}

const TROUBLES: [(&str, Trouble); 10] = [
    ("fault provider: no answer", Trouble::Silence),
    ("fault provider: no answer", Trouble::SilenceAfter),
    ("fault provider: reset", Trouble::Reset),
    ("fault provider: reset", Trouble::ResetAfter),
    ("fault provider: truncated", Trouble::Truncates),
    ("fault provider: drips", Trouble::Drips),
    ("fault provider: 10 MB", Trouble::Floods),
    ("fault provider: out of order", Trouble::Status(500)),
    ("fault provider: out of order", Trouble::Status(503)),
    ("fault provider: out of order", Trouble::Status(429)),
];

/// The provider, as one sandbox reaches it.
pub(super) struct Door {
    pub(super) ground: Arc<Ground>,
    pub(super) life: Arc<Life>,
    pub(super) draws: Draws,
}

type Answer = Result<Response<Bytes>, ProviderError>;

fn response(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    response.header("content-type", "application/json").body(body.into()).unwrap()
}

impl Door {
    fn trouble(&self) -> Option<Trouble> {
        let Ground { weather, trace, .. } = &*self.ground;
        if !weather.strikes(&self.draws, weather.provider) {
            return None;
        }
        let (name, trouble) = self.draws.one_of(&TROUBLES);
        trace.count(name);
        trace.note(format_args!("sandbox {}", self.life.number), format_args!("the provider: {trouble:?}"));
        Some(trouble)
    }

    /// Does what the provider is asked for.
    fn answered(&self, request: &Request<Bytes>) -> ((u16, Value), Option<usize>) {
        let authority = &self.ground.authority;
        let form = || form_urlencoded::parse(request.body()).into_owned().collect::<BTreeMap<_, _>>();
        match request.uri().path() {
            "/oauth/token" => return authority.token(&form(), &self.life),
            "/oauth/revoke" => {
                let (answered, family) = authority.revoke(&form());
                family.inspect(|family| self.ground.is_given_up(*family));
                return (answered, None);
            }
            _ => {}
        }
        if let Some(key) = request.headers().get("x-api-key") {
            let is_known = key.to_str().is_ok_and(is_known);
            return (if is_known { (200, json!({ "name": "Ada" })) } else { (401, json!({})) }, None);
        }
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        (authority.me(token), None)
    }

    async fn exchanged(&self, request: Request<Bytes>, trouble: Option<Trouble>) -> (Answer, Option<usize>) {
        let usual = Duration::from_millis(20)..Duration::from_millis(900);
        tokio::time::sleep(self.draws.time(usual.clone())).await;
        match trouble {
            Some(Trouble::Silence) => std::future::pending().await,
            Some(Trouble::Reset) => {
                return (Err(ProviderError::connection(ConnectionFailure::Refused)), None);
            }
            Some(Trouble::Status(status)) => return (Ok(response(status, "{}")), None),
            _ => {}
        }
        let ((status, body), rotation) = self.answered(&request);
        let body = body.to_string();
        match trouble {
            Some(Trouble::SilenceAfter) => std::future::pending().await,
            Some(Trouble::ResetAfter) => (Err(ProviderError::connection(ConnectionFailure::Broken)), None),
            Some(Trouble::Truncates) => (Ok(response(status, body[..body.len() / 2].to_owned())), None),
            Some(Trouble::Floods) => (Err(ProviderError::TooLarge), None),
            Some(Trouble::Drips) => {
                tokio::time::sleep(self.draws.time(Duration::from_secs(1)..Duration::from_secs(30))).await;
                (Ok(response(status, body)), rotation)
            }
            _ => {
                tokio::time::sleep(self.draws.time(usual)).await;
                (Ok(response(status, body)), rotation)
            }
        }
    }
}

impl Provider for Door {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            self.life.passes().await;
            let trouble = self.trouble();
            let exchanged = tokio::time::timeout(limit, self.exchanged(request, trouble)).await;
            let (answer, rotation) = exchanged.unwrap_or((Err(ProviderError::Timeout), None));
            self.life.passes().await;
            if let Some(rotation) = rotation {
                self.ground.authority.was_heard(rotation);
            }
            answer
        })
    }
}
