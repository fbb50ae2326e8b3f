//! The token endpoint's successful answer (RFC 6749 §5.1), and the ways to spoil it.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::fault::{Fault, ResponseFault};
use super::scope::{self, Scope};
use super::tokens::ACCESS_TOKEN_LIFETIME;
use crate::demo_provider::pages;

/// Long enough to be felt, but shorter than any sensible client's timeout.
const DELAY: Duration = Duration::from_secs(5);

/// The padding of an oversized answer beside the tokens, in bytes.
const OVERSIZE: usize = 8 * 1024 * 1024;

/// New tokens for a client.
#[derive(Serialize)]
pub(super) struct TokenResponse {
    pub(super) access_token: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    scope: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    padding: String,
}

impl TokenResponse {
    pub(super) fn new(access_token: String, refresh_token: Option<String>, scopes: &[&Scope]) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: Some(ACCESS_TOKEN_LIFETIME.as_secs()),
            refresh_token,
            scope: scope::join(scopes),
            padding: String::new(),
        }
    }

    /// Answers, in the way that `fault` asks.
    pub(super) async fn send(mut self, fault: Option<Fault>) -> Response {
        let Some(Fault::TokenResponse(fault)) = fault else { return pages::json(&self) };
        match fault {
            ResponseFault::NotJson => {
                return ([(header::CONTENT_TYPE, "text/html")], "<p>Welcome back!</p>").into_response();
            }
            ResponseFault::FormEncoded => return self.form_encoded(),
            ResponseFault::Http500 => {
                return (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong").into_response();
            }
            ResponseFault::NoExpiresIn => self.expires_in = None,
            ResponseFault::NoRefreshToken => self.refresh_token = None,
            ResponseFault::Oversized => self.padding = "x".repeat(OVERSIZE),
            ResponseFault::Slow => tokio::time::sleep(DELAY).await,
        }
        pages::json(&self)
    }

    /// Encodes the answer as some providers did before RFC 6749 settled on JSON.
    fn form_encoded(&self) -> Response {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("access_token", &self.access_token);
        form.append_pair("token_type", self.token_type);
        form.append_pair("expires_in", &ACCESS_TOKEN_LIFETIME.as_secs().to_string());
        form.extend_pairs(self.refresh_token.iter().map(|token| ("refresh_token", token)));
        form.append_pair("scope", &self.scope);
        let headers = [
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (headers, form.finish()).into_response()
    }
}
