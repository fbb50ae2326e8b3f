//! Token requests: with an authorization code (RFC 6749 §4.1.3), with a refresh token (§6), or with the client's
//! credentials alone (§4.4).

use std::sync::OnceLock;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, TokenUrl,
};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::OAuth2Client;
use super::grant::AuthorizationGrant;
use super::token_response::{TokenResponse, normalized};
use crate::BoxFuture;
use crate::definition::template::{Address, Values};
use crate::definition::{BodyFormat, ClientAuthentication, ClientCredentials, OAuth2};
use crate::error::{Error, Result};
use crate::provider::calls::{Answer, Calls};
use crate::provider::failure::{CallError, Endpoint, Refusal};
use crate::redirect_uri::Loopback;
use crate::secret::Secret;

/// The endpoint of a token request, and the client that sends it.
pub struct TokenEndpoint<'a> {
    /// The token endpoint.
    url: Url,
    /// The definition's setting that holds it.
    setting: &'static str,
    /// The client identifier.
    client_id: &'a str,
    /// The client secret.
    client_secret: Option<&'a Secret>,
    /// The way the client authenticates (RFC 6749 §2.3).
    authentication: ClientAuthentication,
    /// The format of the request's body.
    body_format: BodyFormat,
}

impl<'a> TokenEndpoint<'a> {
    /// The endpoint that exchanges an option's codes.
    pub fn of_codes(
        config: &'a OAuth2,
        client_secret: Option<&'a Secret>,
        values: &Values<'_>,
        loopback: Loopback,
    ) -> Result<Self> {
        Self::of(config, (&config.token_uri, "tokenUri"), client_secret, values, loopback)
    }

    /// The endpoint that exchanges an option's refresh tokens.
    pub fn of_refresh(
        config: &'a OAuth2,
        client_secret: Option<&'a Secret>,
        values: &Values<'_>,
        loopback: Loopback,
    ) -> Result<Self> {
        let own = config.refresh_uri.as_ref().map(|uri| (uri, "refreshUri"));
        Self::of(config, own.unwrap_or((&config.token_uri, "tokenUri")), client_secret, values, loopback)
    }

    /// Where a client-credentials option gets its tokens, with the client that was entered or is the workspace's own.
    #[must_use]
    pub fn of_client(
        config: &ClientCredentials,
        url: Url,
        client_id: &'a str,
        client_secret: Option<&'a Secret>,
    ) -> Self {
        Self {
            url,
            setting: "tokenUri",
            client_id,
            client_secret,
            authentication: config.client_auth_location,
            body_format: config.body_format,
        }
    }

    fn of(
        config: &'a OAuth2,
        (address, setting): (&Address, &'static str),
        client_secret: Option<&'a Secret>,
        values: &Values<'_>,
        loopback: Loopback,
    ) -> Result<Self> {
        // Without its secret the client is a public one (RFC 6749 §2.1).
        let (client_secret, authentication) = if config.customer_host.sends_secret_to(address) {
            (client_secret, config.client_auth_location)
        } else {
            (None, ClientAuthentication::None)
        };
        Ok(Self {
            url: address.render(values, loopback)?,
            setting,
            client_id: config.client_id()?,
            client_secret,
            authentication,
            body_format: config.body_format,
        })
    }
}

impl TokenEndpoint<'_> {
    /// Exchanges the grant for tokens. This consumes the grant: a code is sent once.
    pub async fn exchange_code(
        &self,
        calls: &Calls<'_>,
        grant: AuthorizationGrant,
        pkce: Pkce,
    ) -> Result<TokenResponse, CallError> {
        let redirect_uri = RedirectUrl::new(grant.redirect_uri).map_err(Error::internal)?;
        let sender = self.sender(calls);
        let client = self.client().set_redirect_uri(redirect_uri);
        let mut request = client.exchange_code(AuthorizationCode::new(grant.code.expose().to_owned()));
        if pkce == Pkce::S256 {
            request =
                request.set_pkce_verifier(PkceCodeVerifier::new(grant.code_verifier.expose().to_owned()));
        }
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&sender).await.map_err(|error| sender.failed(error, &[]))
    }

    /// Exchanges a refresh token for tokens (RFC 6749 §6). `invalid_grant`, and any of `refusals`, is a definite
    /// refusal of the token: [`Refusal::Grant`].
    pub async fn refresh(
        &self,
        calls: &Calls<'_>,
        refresh_token: &str,
        refusals: &[String],
    ) -> Result<TokenResponse, CallError> {
        let sender = self.sender(calls);
        let client = self.client();
        let token = RefreshToken::new(refresh_token.to_owned());
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&sender).await.map_err(|error| sender.failed(error, refusals))
    }

    /// Requests a token with nothing but the client's credentials.
    pub async fn client_credentials(
        &self,
        calls: &Calls<'_>,
        scopes: &[String],
        extra: Vec<(String, String)>,
    ) -> Result<TokenResponse, CallError> {
        let sender = self.sender(calls);
        let client = self.client();
        let scopes = scopes.iter().cloned().map(oauth2::Scope::new);
        let mut request = client.exchange_client_credentials().add_scopes(scopes);
        for (name, value) in extra {
            request = request.add_extra_param(name, value);
        }
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&sender).await.map_err(|error| sender.failed(error, &[]))
    }

    fn client(&self) -> OAuth2Client<EndpointNotSet, EndpointSet> {
        let client = OAuth2Client::new(ClientId::new(self.client_id.to_owned()))
            .set_token_uri(TokenUrl::from_url(self.url.clone()))
            .set_auth_type(match self.authentication {
                ClientAuthentication::Headers | ClientAuthentication::Both => AuthType::BasicAuth,
                ClientAuthentication::Body | ClientAuthentication::None => AuthType::RequestBody,
            });
        match self.secret() {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        }
    }

    fn secret(&self) -> Option<&Secret> {
        self.client_secret.filter(|_| self.authentication != ClientAuthentication::None)
    }

    /// The parameters that the body repeats from the header.
    fn repeated_in_body(&self) -> Vec<(&'static str, String)> {
        match self.secret().filter(|_| self.authentication == ClientAuthentication::Both) {
            Some(secret) => {
                vec![("client_id", self.client_id.to_owned()), ("client_secret", secret.expose().to_owned())]
            }
            None => Vec::new(),
        }
    }

    fn sender<'s>(&self, calls: &'s Calls<'s>) -> Sender<'s> {
        let endpoint = Endpoint::new(&self.url, self.setting);
        Sender {
            calls,
            setting: self.setting,
            body_format: self.body_format,
            endpoint,
            status: OnceLock::new(),
        }
    }
}

/// The use of PKCE, which decides whether the code verifier is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// The code verifier is sent, as RFC 7636 requires.
    S256,
    /// The provider does not support PKCE, so no code verifier is sent.
    Skipped,
}

/// Our one way to call a provider, in the form that the `oauth2` crate expects.
struct Sender<'a> {
    calls: &'a Calls<'a>,
    setting: &'static str,
    body_format: BodyFormat,
    endpoint: Endpoint,
    /// The status of the answer, which the crate does not report.
    status: OnceLock<StatusCode>,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Unanswered;
    type Future = BoxFuture<'c, std::result::Result<Response<Vec<u8>>, Unanswered>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(async move {
            let request = match self.body_format {
                BodyFormat::Form => request.map(Bytes::from),
                BodyFormat::Json => as_json(request),
                _ => request.map(Bytes::from),
            };
            // A fault of the provider's own proves nothing about the code, and neither does an answer that asks us to
            // slow down.
            let Answer { response, .. } = self.calls.ask(request, self.setting).await.map_err(Unanswered)?;
            let _ = self.status.set(response.status());
            Ok(normalized(response))
        })
    }
}

impl Sender<'_> {
    /// The meaning of the crate's error. The provider's own text stays out: only an error code is repeated (RFC 6749
    /// §5.2).
    fn failed(
        &self,
        error: RequestTokenError<Unanswered, BasicErrorResponse>,
        refusals: &[String],
    ) -> CallError {
        let answered = |refusal| match self.status.get() {
            Some(status) => self.endpoint.answered(refusal, *status),
            None => self.endpoint.failed(refusal),
        };
        match error {
            RequestTokenError::Request(Unanswered(error)) => error,
            RequestTokenError::ServerResponse(response) => {
                let code: &str = response.error().as_ref();
                answered(meaning(response.error(), refusals)).coded(code).into()
            }
            RequestTokenError::Parse(error, _) => {
                // The place where the answer stops fitting. The value there may be a token.
                answered(Refusal::NotUnderstood)
                    .detail(format!("it does not fit at `{}`", error.path()))
                    .into()
            }
            RequestTokenError::Other(_) => {
                answered(Refusal::NotUnderstood).detail("it is no token response").into()
            }
        }
    }
}

fn meaning(code: &BasicErrorResponseType, refusals: &[String]) -> Refusal {
    match code {
        code if refusals.iter().any(|refusal| refusal == code.as_ref()) => Refusal::Grant,
        BasicErrorResponseType::InvalidGrant => Refusal::Grant,
        BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => Refusal::Client,
        _ => Refusal::Request,
    }
}

/// The error for a call without an answer to read.
#[derive(Debug, thiserror::Error)]
#[error("the provider gave no answer")]
struct Unanswered(CallError);

fn as_json(request: Request<Vec<u8>>) -> Request<Bytes> {
    let mut request = request.map(|form| {
        let fields: Map<String, Value> = form_urlencoded::parse(&form)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        Bytes::from(Value::Object(fields).to_string())
    });
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}
