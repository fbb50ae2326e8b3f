//! The network's end of the seam: requests come in the order in which they are awaited, are checked, and are answered.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use protocol::BoxFuture;
use protocol::provider::client::{Provider, ProviderError};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::Checked;
use crate::answers::Answered;
use crate::calls::Purpose;
use crate::expected::Expected;
use crate::service::{Service, TokenRequest};

/// A request that the service awaits.
#[derive(Debug, Clone)]
pub(crate) enum Awaited {
    Token(TokenRequest),
    Login,
    /// The call that renews the token, where no refresh-token grant does.
    Renewal,
    /// One of the calls after connecting, by its place.
    Completing(usize),
    Test,
    Revocation,
    Proxied,
    /// The temporary credentials of OAuth 1.0.
    Temporary,
    /// The token credentials of OAuth 1.0.
    Verified,
}

/// The service's reaction.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    /// What the definition says of a good answer.
    Good,
    /// This answer, which gives nothing.
    Other(Answered),
}

/// The path that goes through the proxy.
pub(crate) const PROXIED: &str = "some/path";

/// What its caller accepts.
pub(crate) const ACCEPTED: &str = "application/vnd.caller";

/// The temporary token of OAuth 1.0, and its secret.
pub(crate) const TEMPORARY: (&str, &str) = ("temporary!+token/1", "temporary!+secret/1");
/// The verifier.
pub(crate) const VERIFIER: &str = "verifier!+1/a";

/// The seam.
pub(crate) struct Stage {
    pub(crate) service: Mutex<Service>,
    awaited: Mutex<VecDeque<(Awaited, Reaction)>>,
    problems: Mutex<Vec<String>>,
    callback: Mutex<Option<String>>,
    /// The replaced credentials that are to be revoked.
    old: Mutex<Option<Value>>,
    failing: Mutex<Option<(usize, Reaction)>>,
}

impl Stage {
    pub(crate) fn new(service: Service) -> Self {
        Self {
            service: Mutex::new(service),
            awaited: Mutex::default(),
            problems: Mutex::default(),
            callback: Mutex::default(),
            old: Mutex::default(),
            failing: Mutex::default(),
        }
    }

    /// Awaits a request that is answered well.
    pub(crate) fn awaits(&self, awaited: Awaited) {
        self.answers(awaited, Reaction::Good);
    }

    /// Awaits a request that is answered in this way.
    pub(crate) fn answers(&self, awaited: Awaited, mut reaction: Reaction) {
        if let Awaited::Completing(place) = awaited
            && let Some((_, failure)) = self.failing.lock().unwrap().take_if(|(failing, _)| *failing == place)
        {
            reaction = failure;
        }
        self.awaited.lock().unwrap().push_back((awaited, reaction));
    }

    /// Lets the replaced credentials be revoked, whenever that is.
    pub(crate) fn revokes_old(&self, old: Option<Value>) {
        *self.old.lock().unwrap() = old;
    }

    /// True if the replaced credentials were not revoked.
    pub(crate) fn still_revokes_old(&self) -> bool {
        self.old.lock().unwrap().take().is_some()
    }

    /// Lets one of the calls after connecting fail, once.
    pub(crate) fn fails_at(&self, place: usize, reaction: Reaction) {
        *self.failing.lock().unwrap() = Some((place, reaction));
    }

    /// Awaits nothing any more.
    pub(crate) fn forget(&self) {
        self.awaited.lock().unwrap().clear();
    }

    /// Checks that all requests came, as they were awaited, and no other ones.
    pub(crate) fn done(&self, step: &str) -> Checked {
        if let Some(problem) = self.problems.lock().unwrap().first() {
            return Err(format!("{step}: {problem}"));
        }
        match self.awaited.lock().unwrap().front() {
            Some((missing, _)) => Err(format!("{step}: {missing:?} was not sent")),
            None => Ok(()),
        }
    }

    /// The callback that was announced with the last request for temporary credentials.
    pub(crate) fn announced(&self) -> Option<String> {
        self.callback.lock().unwrap().clone()
    }

    fn react(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let answered = self.checked(request).unwrap_or_else(|problem| {
            self.problems.lock().unwrap().push(problem);
            Answered::of(500, json!({ "message": "unexpected" }))
        });
        let headers = answered.headers.into_iter();
        let response = headers
            .fold(Response::builder().status(answered.status), |response, (name, value)| {
                response.header(name, value)
            });
        let (media_type, body) = match answered.body {
            Value::String(form) => ("application/x-www-form-urlencoded", form),
            json => ("application/json", json.to_string()),
        };
        response.header("content-type", media_type).body(Bytes::from(body)).unwrap()
    }

    fn checked(&self, request: &Request<Bytes>) -> Checked<Answered> {
        let next = self.awaited.lock().unwrap().pop_front();
        if next.is_none()
            && let Some(old) = self.old.lock().unwrap().take()
        {
            return self.revokes(request, old);
        }
        let (awaited, reaction) =
            next.ok_or_else(|| format!("{} {} was not awaited", request.method(), request.uri()))?;
        let mut service = self.service.lock().unwrap();
        let expected = service.expects(&awaited)?;
        expected.check(request).map_err(|problem| format!("{awaited:?}: {problem}"))?;
        if matches!(awaited, Awaited::Temporary) {
            let header = request.headers().get("authorization").and_then(|header| header.to_str().ok());
            let callback = crate::oauth1::parameters(header.unwrap_or_default())?.remove("oauth_callback");
            *self.callback.lock().unwrap() = callback;
        }
        match reaction {
            Reaction::Good => Ok(service.answer(&awaited)),
            Reaction::Other(answered) => Ok(answered),
        }
    }
}

impl Stage {
    /// The replaced credentials are revoked, not the new ones.
    fn revokes(&self, request: &Request<Bytes>, old: Value) -> Checked<Answered> {
        let mut service = self.service.lock().unwrap();
        let new = std::mem::replace(&mut service.values.credentials, old);
        let checked = service.expects(&Awaited::Revocation).and_then(|expected| expected.check(request));
        service.values.credentials = new;
        checked.map_err(|problem| format!("revocation of what was replaced: {problem}"))?;
        Ok(Answered::of(200, json!({})))
    }
}

impl Provider for Stage {
    fn send(
        &self,
        request: Request<Bytes>,
        _: Duration,
    ) -> BoxFuture<'_, Result<Response<Bytes>, ProviderError>> {
        let response = self.react(&request);
        Box::pin(std::future::ready(Ok(response)))
    }
}

impl Service {
    /// The request that is awaited.
    fn expects(&self, awaited: &Awaited) -> Checked<Expected> {
        match awaited {
            Awaited::Token(request) => self.token_request(*request),
            Awaited::Login => self.call(self.config("login"), Purpose::Login),
            Awaited::Renewal => self.call(self.config("renewal"), Purpose::Login),
            Awaited::Completing(place) => self.call(&self.option["afterConnect"][place], Purpose::Completing),
            Awaited::Test => self.call(&self.option["test"], Purpose::Test),
            Awaited::Revocation if self.option["revoke"].is_object() => {
                self.call(&self.option["revoke"], Purpose::Revoke)
            }
            Awaited::Revocation => self.revocation(),
            Awaited::Proxied => self.proxied(PROXIED, &self.callers()?),
            Awaited::Temporary => {
                let mut signed = self.signature(None);
                signed.callback = Some(self.callback.clone());
                self.oauth1_request("requestTokenUri", "requestMethod", signed)
            }
            Awaited::Verified => {
                let mut signed = self.signature(Some((TEMPORARY.0.to_owned(), TEMPORARY.1.to_owned())));
                signed.verifier = Some(VERIFIER.to_owned());
                self.oauth1_request("tokenUri", "tokenMethod", signed)
            }
        }
    }

    /// A good answer. What it gives is what the service knows from now on.
    pub(crate) fn answer(&mut self, awaited: &Awaited) -> Answered {
        match awaited {
            Awaited::Token(request) => self.tokens(*request),
            Awaited::Login => self.called("login"),
            Awaited::Renewal => self.called("renewal"),
            Awaited::Completing(place) => self.completes(*place),
            Awaited::Test => self.proved(),
            Awaited::Revocation => Answered::of(200, json!({})),
            Awaited::Proxied => Answered::of(200, json!({ "proxied": true })),
            Awaited::Temporary => {
                let pairs = [
                    ("oauth_token", TEMPORARY.0),
                    ("oauth_token_secret", TEMPORARY.1),
                    ("oauth_callback_confirmed", "true"),
                ];
                Answered::of(200, json!(encoded(&pairs)))
            }
            Awaited::Verified => {
                let mut pairs = vec![
                    ("oauth_token".to_owned(), "token!+1/a".to_owned()),
                    ("oauth_token_secret".to_owned(), "token!+secret/1".to_owned()),
                ];
                let fields = self.named_fields();
                let fields = fields.as_object().into_iter().flatten();
                pairs.extend(
                    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())),
                );
                self.know(pairs.iter().map(|(name, value)| (name.clone(), json!(value))));
                let pairs: Vec<(&str, &str)> =
                    pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
                Answered::of(200, json!(encoded(&pairs)))
            }
        }
    }

    /// The answer to a good test call.
    pub(crate) fn proved(&self) -> Answered {
        let mut answered = Answered::of(200, json!({ "anything": "x" }));
        answered.satisfy(&self.option["test"]["expect"], self.turn);
        answered
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
