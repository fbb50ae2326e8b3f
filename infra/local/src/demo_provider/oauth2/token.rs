//! `POST /demo-provider/token`: the token endpoint (RFC 6749 §3.2).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::client::{Client, Grants};
use super::client_authentication::authenticate;
use super::client_credentials;
use super::code::{Presented, Refused};
use super::fault::Fault;
use super::issue::issue;
use super::refresh;
use super::token_error::{ErrorCode, TokenError};
use super::token_response::TokenResponse;
use crate::demo_provider::Provider;
use crate::demo_provider::params::Params;

pub(super) async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    provider.stats.token_requests.add_one();
    match answer(&provider, &headers, &body) {
        Ok((response, fault)) => response.send(fault).await,
        Err(error) => error.into_response(),
    }
}

fn answer(
    provider: &Provider,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(TokenResponse, Option<Fault>), TokenError> {
    let params = form(headers, body)?;
    let client = authenticate(&provider.config.clients, headers, &params)?;
    match params.get("grant_type") {
        Some("client_credentials") if client.grants == Grants::OfItself => {
            Ok((client_credentials::grant(provider, client, &params)?, None))
        }
        Some("client_credentials") => Err(unauthorized()),
        Some("authorization_code" | "refresh_token") if client.grants == Grants::OfItself => {
            Err(unauthorized())
        }
        Some("authorization_code") => {
            provider.stats.code_exchanges.add_one();
            exchange(provider, client, &params)
        }
        Some("refresh_token") => {
            provider.stats.refreshes.add_one();
            Ok((refresh::refresh(provider, client, &params)?, None))
        }
        Some(_) => {
            let description = "The grant types are authorization_code, refresh_token and client_credentials";
            Err(TokenError::new(ErrorCode::UnsupportedGrantType, description))
        }
        None => Err(TokenError::new(ErrorCode::InvalidRequest, "grant_type is missing")),
    }
}

fn unauthorized() -> TokenError {
    TokenError::new(ErrorCode::UnauthorizedClient, "The client is not registered for this grant type")
}

/// The parameters of a body that is a form (RFC 6749 §3.2 and appendix B). Each appears at most once.
pub(super) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, TokenError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let description = "The body is not application/x-www-form-urlencoded";
        return Err(TokenError::new(ErrorCode::InvalidRequest, description));
    }
    let params = Params::parse(body);
    if params.repeated().is_some() {
        let description = "A parameter is given more than once";
        return Err(TokenError::new(ErrorCode::InvalidRequest, description));
    }
    Ok(params)
}

/// The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5).
fn exchange(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<(TokenResponse, Option<Fault>), TokenError> {
    let missing = |description| TokenError::new(ErrorCode::InvalidRequest, description);
    let presented = Presented {
        code: params.get("code").ok_or(missing("code is missing"))?,
        client_id: &client.id,
        redirect_uri: params.get("redirect_uri"),
        code_verifier: params.get("code_verifier").ok_or(missing("code_verifier is missing"))?,
    };
    let now = provider.config.clock.now();
    let mut store = provider.oauth2();
    let (grant, fault) = match store.codes.redeem(&presented, now) {
        Ok(redeemed) => redeemed,
        Err(refused) => {
            if let Refused::Spent(grant_id) = refused {
                store.tokens.revoke_grant(grant_id);
            }
            return Err(TokenError::new(ErrorCode::InvalidGrant, refused.description()));
        }
    };
    if let Some(Fault::Token(code)) = fault {
        return Err(TokenError::new(code, "The demo provider was told to fail so"));
    }
    Ok((issue(provider, &mut store.tokens, &grant, &grant.scopes, now), fault))
}

impl Refused {
    fn description(&self) -> &'static str {
        match self {
            Self::Unknown => "The code is unknown",
            Self::Spent(_) => "The code was used before; what was made from it is revoked",
            Self::Expired => "The code is older than 60 seconds",
            Self::RedirectUriDiffers => "redirect_uri is not the authorization request's",
            Self::VerifierDiffers => "code_verifier does not match the code_challenge",
        }
    }
}
