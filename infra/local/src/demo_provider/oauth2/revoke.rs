//! `POST /demo-provider/revoke`: the revocation endpoint (RFC 7009).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client_authentication::authenticate;
use super::token::form;
use super::token_error::{ErrorCode, TokenError};
use super::tokens::NotYours;
use crate::demo_provider::Provider;

pub(super) async fn revoke(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    provider.stats.revocations.add_one();
    match answer(&provider, &headers, &body) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => error.into_response(),
    }
}

fn answer(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<(), TokenError> {
    let params = form(headers, body)?;
    let client = authenticate(&provider.config.clients, headers, &params)?;
    // `token_type_hint` would only save a look-up (RFC 7009 §2.1).
    let token = params.get("token").ok_or(TokenError::new(ErrorCode::InvalidRequest, "token is missing"))?;
    provider.oauth2().tokens.revoke(token, &client.id).map_err(|NotYours| {
        TokenError::new(ErrorCode::InvalidGrant, "The token was issued to another client")
    })
}
