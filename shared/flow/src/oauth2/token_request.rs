//! The access token request (RFC 6749 §4.1.3).

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientSecret, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, TokenUrl,
};

use super::token_response::{TokenResponse, normalized};
use crate::BoxFuture;
use crate::callback::AuthorizationGrant;
use crate::definition::{ClientAuthentication, OAuth2};
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::{Provider, ProviderError};
use crate::redirect_uri::Loopback;
use crate::secret::Secret;
use crate::template::Values;

/// Exchanges the grant for tokens. It is consumed: a code is sent once.
pub async fn exchange(
    grant: AuthorizationGrant,
    config: &OAuth2,
    client_secret: Option<&Secret>,
    values: &Values<'_>,
    provider: &dyn Provider,
    limit: Duration,
    loopback: Loopback,
) -> Result<TokenResponse> {
    let endpoint = config.token_uri.render_url(values, loopback)?;
    let redirect_uri = RedirectUrl::new(grant.redirect_uri).map_err(Error::internal)?;
    let mut client =
        super::client(config).set_token_uri(TokenUrl::from_url(endpoint)).set_redirect_uri(redirect_uri);
    client = match config.client_auth_location {
        ClientAuthentication::Headers | ClientAuthentication::Both => {
            client.set_auth_type(AuthType::BasicAuth)
        }
        ClientAuthentication::Body | ClientAuthentication::None => {
            client.set_auth_type(AuthType::RequestBody)
        }
    };
    let secret = client_secret.filter(|_| config.client_auth_location != ClientAuthentication::None);
    if let Some(secret) = secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    let mut request = client.exchange_code(AuthorizationCode::new(grant.code.expose().to_owned()));
    if !config.skip_pkce {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(grant.code_verifier.expose().to_owned()));
    }
    if config.client_auth_location == ClientAuthentication::Both
        && let Some(secret) = secret
    {
        request = request
            .add_extra_param("client_id", config.client_id.clone())
            .add_extra_param("client_secret", secret.expose().to_owned());
    }
    request.request_async(&Sender { provider, limit }).await.map_err(|error| refusal(&error))
}

/// Our HTTP client, as the `oauth2` crate calls it.
struct Sender<'a> {
    provider: &'a dyn Provider,
    limit: Duration,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Unanswered;
    type Future = BoxFuture<'c, std::result::Result<Response<Vec<u8>>, Unanswered>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(async move {
            let sent = self.provider.send(request.map(Bytes::from), self.limit);
            let response = sent.await.map_err(Unanswered::Provider)?;
            // A fault of the provider's own says nothing about the code.
            if response.status().is_server_error() {
                return Err(Unanswered::Fault);
            }
            Ok(normalized(response))
        })
    }
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
        RequestTokenError::Request(Unanswered::Provider(ProviderError::TooLarge))
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => Error::new(
            ErrorKey::TokenResponseInvalid,
            "The service's answer to the token request could not be understood.",
        ),
        RequestTokenError::Request(Unanswered::Provider(ProviderError::Forbidden)) => Error::new(
            ErrorKey::ConfigurationInvalid,
            "The service's token address may not be called: it must be https and on the public internet.",
        )
        .field("tokenUri"),
        RequestTokenError::Request(_) => {
            Error::new(ErrorKey::ProviderUnreachable, "The service could not be reached. Please try again later.")
        }
    }
}

fn token_rejected() -> Error {
    Error::new(ErrorKey::TokenRejected, "The service did not accept the sign-in. Please try again.")
}
