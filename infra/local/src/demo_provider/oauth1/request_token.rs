//! `POST /demo-provider/oauth1/request-token`: temporary credentials (RFC 5849 §2.1).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::credentials::NewTemporary;
use super::error::SignatureError;
use super::fault::Fault;
use super::signed_request::{TokenKind, verify};
use crate::demo_provider::Provider;
use crate::demo_provider::params::Params;

pub(super) async fn request_token(
    State(provider): State<Arc<Provider>>,
    head: Parts,
    body: Bytes,
) -> Response {
    provider.stats.temporary_credentials.add_one();
    answer(&provider, &head, &body).unwrap_or_else(IntoResponse::into_response)
}

fn answer(provider: &Provider, head: &Parts, body: &[u8]) -> Result<Response, SignatureError> {
    let request = verify(provider, head, body, TokenKind::None)?;
    let callback = request.get("oauth_callback").ok_or(SignatureError::Missing)?;
    if !request.client.may_use(callback) {
        return Err(SignatureError::Callback);
    }
    let params = Params::parse(head.uri.query().unwrap_or_default().as_bytes());
    let fault = params.get("demo_fail").and_then(Fault::named);
    match fault {
        Some(Fault::RequestRefused) => return Err(SignatureError::AsTold),
        Some(Fault::RequestHttp500) => return Ok(went_wrong()),
        _ => {}
    }
    let (token, secret) = (provider.draw_secret(), provider.draw_secret());
    let new = NewTemporary {
        token: &token,
        secret: &secret,
        consumer_key: &request.client.consumer_key,
        callback,
        fault,
    };
    provider.oauth1().credentials.insert_temporary(&new, provider.config.clock.now());
    let confirmed = (fault != Some(Fault::Unconfirmed)).then_some(("oauth_callback_confirmed", "true"));
    let fields = [("oauth_token", token.as_str()), ("oauth_token_secret", &secret)];
    Ok(form(fields.into_iter().chain(confirmed)))
}

/// A form-encoded answer, as both token requests get it.
pub(super) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/x-www-form-urlencoded"), (header::CACHE_CONTROL, "no-store")];
    (headers, form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()).into_response()
}

/// A fault of the provider's own.
pub(super) fn went_wrong() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong").into_response()
}
