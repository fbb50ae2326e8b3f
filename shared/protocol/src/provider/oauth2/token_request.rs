//! Token requests: with an authorization code (RFC 6749 §4.1.3), with a refresh token (§6), or with the client's
//! credentials alone (§4.4).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, PkceCodeVerifier,
    RefreshToken, RequestTokenError, TokenUrl,
};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::OAuth2Client;
use super::client_authentication::Client;
use super::form::{Changes, Form};
use super::grant::AuthorizationGrant;
use super::nonce;
use super::token_response::{TokenResponse, normalized};
use crate::BoxFuture;
use crate::answer::{Content, MAX_ERROR};
use crate::definition::template::Address;
use crate::definition::{
    AnswerRules, ClientCredentials, Meaning, OAuth2, Pkce, RESOURCE, RefreshRefusal, RequestChanges,
};
use crate::error::Result;
use crate::http::client_certificate::ClientCertificate;
use crate::provider::calls::{Calls, is_fault, is_nothing_there};
use crate::provider::client::presenting;
use crate::provider::failure::{CallError, Endpoint, Refusal};
use crate::provider::maker::Maker;
use crate::provider::token_form;
use crate::redirect_uri::Loopback;
use crate::secret::Secret;

/// The endpoint of a token request, and the client that sends it.
pub struct TokenEndpoint<'a> {
    /// The token endpoint.
    url: Url,
    /// The definition's setting that holds it.
    setting: &'static str,
    /// The client.
    client: Client,
    /// The resource that the token is for (RFC 8707 §2.2).
    resource: Option<String>,
    /// The client's certificate.
    certificate: Option<Arc<ClientCertificate>>,
    /// The `grant_type`, if it is not the standard's.
    grant_type: Option<String>,
    /// What the request differs in.
    changes: Changes,
    /// What the answers look like.
    rules: AnswerRules<'a>,
}

/// One of the two requests of an `oauth2` option, as its definition describes it.
struct Described<'a> {
    address: &'a Address,
    setting: &'static str,
    changes: Option<&'a RequestChanges>,
    refusals: &'a [RefreshRefusal],
}

impl<'a> TokenEndpoint<'a> {
    /// The endpoint that exchanges an option's codes.
    pub fn of_codes(config: &'a OAuth2, maker: &Maker<'_>, loopback: Loopback) -> Result<Self> {
        let described = Described {
            address: config.token_uri()?,
            setting: "tokenUri",
            changes: config.token_request.as_ref(),
            refusals: &[],
        };
        Self::of(config, &described, maker, loopback)
    }

    /// The endpoint that exchanges an option's refresh tokens.
    pub fn of_refresh(config: &'a OAuth2, maker: &Maker<'_>, loopback: Loopback) -> Result<Self> {
        let (address, setting) = match &config.refresh_uri {
            Some(address) => (address, "refreshUri"),
            None => (config.token_uri()?, "tokenUri"),
        };
        let changes = config.refresh_request.as_ref().or(config.token_request.as_ref());
        let described = Described { address, setting, changes, refusals: &config.refresh_refusals };
        Self::of(config, &described, maker, loopback)
    }

    /// Where a client-credentials option gets its tokens, with the client that was entered or is the workspace's own.
    pub fn of_client(
        config: &'a ClientCredentials,
        mut url: Url,
        id: String,
        secret: Option<Secret>,
        maker: &Maker<'_>,
    ) -> Result<Self> {
        let client = Client { id, secret, authentication: config.client_auth_location, assertion: None };
        let client = client.asserted(config.client_assertion.as_ref(), url.as_str(), maker)?;
        let changes = config.token_request.as_ref();
        let changes = Changes::of(changes, config.body_format, &maker.values(), &mut url, "tokenRequest")?;
        Ok(Self {
            url,
            setting: "tokenUri",
            client,
            resource: None,
            certificate: maker.option().certificate(&maker.values())?,
            grant_type: config.grant.clone(),
            changes,
            rules: config.answer_rules(),
        })
    }

    fn of(
        config: &'a OAuth2,
        described: &Described<'a>,
        maker: &Maker<'_>,
        loopback: Loopback,
    ) -> Result<Self> {
        let Described { address, setting, changes, refusals } = *described;
        let values = &maker.values();
        let mut url = address.render(values, loopback)?;
        let changes = Changes::of(changes, config.body_format, values, &mut url, setting)?;
        let client = Client::of(config, address, maker, loopback)?;
        let rules = config.answer_rules(refusals);
        let resource = config.resource.as_ref().map(|resource| resource.render_text(values)).transpose()?;
        let certificate = maker.option().certificate(values)?;
        Ok(Self { url, setting, client, resource, certificate, grant_type: None, changes, rules })
    }
}

impl TokenEndpoint<'_> {
    /// Exchanges the grant for tokens. This consumes the grant: a code is sent once.
    pub async fn exchange_code(
        &self,
        calls: &Calls<'_>,
        grant: AuthorizationGrant,
        code_challenge: Pkce,
    ) -> Result<TokenResponse, CallError> {
        let sender = self.sender(calls);
        let client = self.client();
        let mut request = client.exchange_code(AuthorizationCode::new(grant.code.expose().to_owned()));
        // It need not be a URL.
        request = request.add_extra_param("redirect_uri", grant.redirect_uri);
        if code_challenge != Pkce::Off {
            request =
                request.set_pkce_verifier(PkceCodeVerifier::new(grant.code_verifier.expose().to_owned()));
        }
        let answered = request.request_async(&sender).await.map_err(|error| sender.failed(error))?;
        nonce::check(grant.nonce_rule, &grant.code_verifier, &answered).map_err(CallError::Ours)?;
        Ok(answered.settled(self.rules.unit, calls.clock.now()))
    }

    /// Exchanges a refresh token for tokens (RFC 6749 §6). `invalid_grant`, and any of the definition's refusals, is a
    /// definite refusal of the token: [`Refusal::Grant`].
    pub async fn refresh(&self, calls: &Calls<'_>, refresh_token: &str) -> Result<TokenResponse, CallError> {
        let sender = self.sender(calls);
        let client = self.client();
        let token = RefreshToken::new(refresh_token.to_owned());
        let request = client.exchange_refresh_token(&token);
        let answered = request.request_async(&sender).await.map_err(|error| sender.failed(error))?;
        Ok(answered.settled(self.rules.unit, calls.clock.now()))
    }

    /// Requests a token with nothing but the client's credentials.
    pub async fn client_credentials(
        &self,
        calls: &Calls<'_>,
        scope: Option<String>,
        extra: Vec<(String, String)>,
    ) -> Result<TokenResponse, CallError> {
        let sender = self.sender(calls);
        let client = self.client();
        let mut request = client.exchange_client_credentials().add_scopes(scope.map(oauth2::Scope::new));
        for (name, value) in extra {
            request = request.add_extra_param(name, value);
        }
        let answered =
            request.request_async(&sender).await.map_err(|error| about_client(sender.failed(error)))?;
        Ok(answered.settled(self.rules.unit, calls.clock.now()))
    }

    /// The crate's client. It is a public one: our own [`Client`] authenticates, in more ways than the crate knows.
    fn client(&self) -> OAuth2Client<EndpointNotSet, EndpointSet> {
        OAuth2Client::new(ClientId::new(self.client.id.clone()))
            .set_token_uri(TokenUrl::from_url(self.url.clone()))
    }

    fn sender<'s>(&'s self, calls: &'s Calls<'s>) -> Sender<'s> {
        Sender { calls, to: self, endpoint: Endpoint::new(&self.url, self.setting), status: OnceLock::new() }
    }

    fn request(&self, standard: &Request<Vec<u8>>) -> Result<Request<Bytes>> {
        let fields = form_urlencoded::parse(standard.body()).into_owned().collect();
        let mut form = Form::new(fields);
        if let Some(resource) = &self.resource {
            form.set(RESOURCE, resource);
        }
        if let Some(grant_type) = &self.grant_type {
            form.set("grant_type", grant_type);
        }
        self.client.authenticate(&mut form)?;
        let request = form.into_request(&self.url, &self.changes)?;
        Ok(presenting(request, self.certificate.clone()))
    }
}

/// Our one way to call a provider, in the form that the `oauth2` crate expects.
struct Sender<'a> {
    calls: &'a Calls<'a>,
    to: &'a TokenEndpoint<'a>,
    endpoint: Endpoint,
    /// The status of the answer, which the crate does not report.
    status: OnceLock<StatusCode>,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Unanswered;
    type Future = BoxFuture<'c, std::result::Result<Response<Vec<u8>>, Unanswered>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(async move {
            let TokenEndpoint { setting, rules, .. } = self.to;
            let unanswered = |error: CallError| Unanswered(error);
            let request = self.to.request(&request).map_err(|error| unanswered(error.into()))?;
            let response =
                self.calls.send(request, setting).await.map_err(|error| unanswered(error.into()))?;
            let status = response.status();
            if let Some((meaning, code)) = ruled(rules, &response) {
                let failure = self.endpoint.answered(meaning.into(), status);
                return Err(unanswered(failure.coded(code.as_deref().unwrap_or_default()).into()));
            }
            // A fault of the provider's own proves nothing about the code, and neither does an answer that asks us to
            // slow down.
            if is_fault(status) {
                return Err(unanswered(self.endpoint.answered(Refusal::Fault, status).into()));
            }
            let _ = self.status.set(status);
            Ok(normalized(response, rules.response))
        })
    }
}

/// What the definition's rules make of an answer, with the error code in it.
fn ruled(rules: &AnswerRules<'_>, response: &Response<Bytes>) -> Option<(Meaning, Option<String>)> {
    let body = response.body();
    let reads = rules.read_body() && body.len() <= MAX_ERROR;
    // Some providers answer form-encoded, errors too.
    let json = if reads { token_form::read(&Content::of(response), body) } else { None };
    let meaning = rules.meaning(response.status(), json.as_ref())?;
    let code = json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str);
    Some((meaning, code.map(str::to_owned)))
}

impl From<Meaning> for Refusal {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::Grant => Self::Grant,
            Meaning::Client => Self::Client,
            Meaning::Request => Self::Request,
            Meaning::Temporary => Self::Fault,
        }
    }
}

impl Sender<'_> {
    /// The meaning of the crate's error. The provider's own text stays out: only an error code is repeated (RFC 6749
    /// §5.2).
    fn failed(&self, error: RequestTokenError<Unanswered, BasicErrorResponse>) -> CallError {
        let answered = |refusal| match self.status.get() {
            Some(status) => self.endpoint.answered(refusal, *status),
            None => self.endpoint.failed(refusal),
        };
        let unread = || match self.unread() {
            refusal @ (Refusal::Refused | Refusal::NoEndpoint) => answered(refusal).with_status_shown(),
            refusal => answered(refusal),
        };
        let failed = match error {
            RequestTokenError::Request(Unanswered(error)) => error,
            RequestTokenError::ServerResponse(response) => {
                let code: &str = response.error().as_ref();
                answered(meaning(response.error())).coded(code).into()
            }
            RequestTokenError::Parse(error, _) => {
                // The place where the answer stops fitting. The value there may be a token.
                unread().detail(format!("it does not fit at `{}`", error.path())).into()
            }
            RequestTokenError::Other(_) => unread().detail("it is no token response").into(),
        };
        self.told_client(failed)
    }

    /// Tells the operator how the client was presented, if it may have been refused for that.
    fn told_client(&self, error: CallError) -> CallError {
        match error {
            CallError::Provider(failure) if failure.is_about_client() => {
                failure.detail(self.to.client.presented()).into()
            }
            error => error,
        }
    }

    /// The meaning of an answer that is neither a token response nor an error response.
    fn unread(&self) -> Refusal {
        match self.status.get() {
            Some(status) if is_elsewhere(*status) => Refusal::NoEndpoint,
            Some(status) if status.is_client_error() => Refusal::Refused,
            _ => Refusal::NotUnderstood,
        }
    }
}

/// A request that nothing but the client makes: a 401 can be about nothing else.
fn about_client(error: CallError) -> CallError {
    match error {
        CallError::Provider(failure) if failure.is_about_client() => failure.meaning(Refusal::Client).into(),
        error => error,
    }
}

/// True if the status says that there is no such endpoint.
fn is_elsewhere(status: StatusCode) -> bool {
    status.is_redirection() || is_nothing_there(status)
}

fn meaning(code: &BasicErrorResponseType) -> Refusal {
    match code {
        BasicErrorResponseType::InvalidGrant => Refusal::Grant,
        BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => Refusal::Client,
        _ => Refusal::Request,
    }
}

/// The error for a call without an answer to read.
#[derive(Debug, thiserror::Error)]
#[error("the provider gave no answer")]
struct Unanswered(CallError);
