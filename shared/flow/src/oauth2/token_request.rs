//! Token requests: with an authorization code (RFC 6749 §4.1.3), with a refresh token (§6), or with the client's
//! credentials alone (§4.4).

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, TokenUrl,
};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::OAuth2Client;
use super::token_response::{TokenResponse, normalized};
use crate::BoxFuture;
use crate::callback::AuthorizationGrant;
use crate::definition::{BodyFormat, ClientAuthentication};
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::{Provider, ProviderError, answer_not_understood, is_fault, unreachable};
use crate::secret::Secret;

/// Where a token is requested, and as whom.
pub struct TokenEndpoint<'a> {
    /// The token endpoint.
    pub url: Url,
    /// The client identifier.
    pub client_id: &'a str,
    /// The client secret.
    pub client_secret: Option<&'a Secret>,
    /// How the client authenticates (RFC 6749 §2.3).
    pub authentication: ClientAuthentication,
    /// What the request's body is written in.
    pub body_format: BodyFormat,
    /// What sends it.
    pub provider: &'a dyn Provider,
    /// How long the whole request may take.
    pub limit: Duration,
}

impl TokenEndpoint<'_> {
    /// Exchanges the grant for tokens. It is consumed: a code is sent once.
    pub async fn exchange_code(&self, grant: AuthorizationGrant, use_pkce: bool) -> Result<TokenResponse> {
        let redirect_uri = RedirectUrl::new(grant.redirect_uri).map_err(Error::internal)?;
        let client = self.client().set_redirect_uri(redirect_uri);
        let mut request = client.exchange_code(AuthorizationCode::new(grant.code.expose().to_owned()));
        if use_pkce {
            request =
                request.set_pkce_verifier(PkceCodeVerifier::new(grant.code_verifier.expose().to_owned()));
        }
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&self.sender()).await.map_err(|error| refusal(&error))
    }

    /// Exchanges a refresh token for tokens (RFC 6749 §6). `invalid_grant`, and any of `refusals`, is the provider's
    /// definite word: `access_token_expired`.
    pub async fn refresh(&self, refresh_token: &str, refusals: &[String]) -> Result<TokenResponse> {
        let client = self.client();
        let token = RefreshToken::new(refresh_token.to_owned());
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&self.sender()).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(response) if is_definite(response.error(), refusals) => {
                expired()
            }
            error => refusal(error),
        })
    }

    /// Requests a token with nothing but the client's credentials.
    pub async fn client_credentials(
        &self,
        scopes: &[String],
        extra: Vec<(String, String)>,
    ) -> Result<TokenResponse> {
        let client = self.client();
        let scopes = scopes.iter().cloned().map(oauth2::Scope::new);
        let mut request = client.exchange_client_credentials().add_scopes(scopes);
        for (name, value) in extra {
            request = request.add_extra_param(name, value);
        }
        for (name, value) in self.repeated_in_body() {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&self.sender()).await.map_err(|error| refusal(&error))
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

    /// What stands in the body although it stands in the header already.
    fn repeated_in_body(&self) -> Vec<(&'static str, String)> {
        match self.secret().filter(|_| self.authentication == ClientAuthentication::Both) {
            Some(secret) => {
                vec![("client_id", self.client_id.to_owned()), ("client_secret", secret.expose().to_owned())]
            }
            None => Vec::new(),
        }
    }

    fn sender(&self) -> Sender<'_> {
        Sender { provider: self.provider, body_format: self.body_format, limit: self.limit }
    }
}

/// Our HTTP client, as the `oauth2` crate calls it.
struct Sender<'a> {
    provider: &'a dyn Provider,
    body_format: BodyFormat,
    limit: Duration,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Unanswered;
    type Future = BoxFuture<'c, std::result::Result<Response<Vec<u8>>, Unanswered>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(async move {
            let request = match self.body_format {
                BodyFormat::Form => request.map(Bytes::from),
                BodyFormat::Json => as_json(request),
            };
            let response = self.provider.send(request, self.limit).await.map_err(Unanswered::Provider)?;
            // A fault of the provider's own says nothing about the code; nor does a lack of its patience.
            if is_fault(response.status()) {
                return Err(Unanswered::Fault);
            }
            Ok(normalized(response))
        })
    }
}

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

/// Why there is no token response to read.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Provider(ProviderError),
    #[error("the provider answered with a fault of its own")]
    Fault,
}

/// The provider's own words stay out: only an error code of RFC 6749 §5.2 is repeated.
fn refusal(error: &RequestTokenError<Unanswered, BasicErrorResponse>) -> Error {
    match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => Error::new(
                ErrorKey::ClientRejected,
                "The service refused this application's own credentials. Its client id and secret need checking.",
            )
            .with("providerError", response.error().as_ref()),
            BasicErrorResponseType::Extension(_) => token_rejected(),
            known => token_rejected().with("providerError", known.as_ref()),
        },
        RequestTokenError::Request(Unanswered::Provider(error)) => error.told("tokenUri"),
        RequestTokenError::Request(Unanswered::Fault) => unreachable(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => answer_not_understood(),
    }
}

fn is_definite(code: &BasicErrorResponseType, refusals: &[String]) -> bool {
    matches!(code, BasicErrorResponseType::InvalidGrant)
        || refusals.iter().any(|refusal| refusal == code.as_ref())
}

/// The access token's time is over, and nothing can bring another one.
#[must_use]
pub fn expired() -> Error {
    let message = "The service no longer accepts this connection. Please connect again.";
    Error::new(ErrorKey::AccessTokenExpired, message)
}

fn token_rejected() -> Error {
    Error::new(ErrorKey::TokenRejected, "The service did not accept the sign-in. Please try again.")
}
