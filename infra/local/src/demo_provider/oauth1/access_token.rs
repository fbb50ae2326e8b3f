//! `POST /demo-provider/oauth1/access-token`: token credentials (RFC 5849 §2.3).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::credentials::TokenRecord;
use super::error::SignatureError;
use super::fault::Fault;
use super::request_token::{form, went_wrong};
use super::signed_request::{TokenKind, verify};
use crate::demo_provider::Provider;

pub(super) async fn access_token(
    State(provider): State<Arc<Provider>>,
    head: Parts,
    body: Bytes,
) -> Response {
    provider.stats.token_credentials.add_one();
    answer(&provider, &head, &body).unwrap_or_else(IntoResponse::into_response)
}

fn answer(provider: &Provider, head: &Parts, body: &[u8]) -> Result<Response, SignatureError> {
    let request = verify(provider, head, body, TokenKind::Temporary)?;
    let verifier = request.get("oauth_verifier").ok_or(SignatureError::Missing)?;
    let mut store = provider.oauth1();
    let (user, fault) = store.credentials.redeem(&request.token, verifier).ok_or(SignatureError::Verifier)?;
    match fault {
        Some(Fault::AccessRefused) => return Err(SignatureError::AsTold),
        Some(Fault::AccessHttp500) => return Ok(went_wrong()),
        Some(Fault::AccessEmpty) => return Ok(form([("user_name", user.login)])),
        _ => {}
    }
    let (token, secret) = (provider.draw_secret(), provider.draw_secret());
    let record =
        TokenRecord { consumer_key: request.client.consumer_key.clone(), secret: secret.clone(), user };
    store.credentials.insert_token(&token, record);
    Ok(form([("oauth_token", token.as_str()), ("oauth_token_secret", &secret), ("user_name", user.login)]))
}
