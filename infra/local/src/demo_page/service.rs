//! The page's requests to the service, as any caller could send them.

use axum::http::{Method, StatusCode, header};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Call, Config, customers::Customer, token};

/// The service, for one customer.
pub(super) struct Service<'a> {
    call: &'a Call,
    token: String,
}

/// The part of an integration that the page uses.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Integration {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) auth_options: Vec<AuthOption>,
}

/// The part of an authentication option that the page uses.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthOption {
    pub(super) key: String,
    pub(super) r#type: String,
    pub(super) title: Option<String>,
}

/// The part of a connection that the page uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) integration_id: String,
    pub(super) auth_option_key: Option<String>,
    pub(super) error: Option<Value>,
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) disconnected: bool,
    pub(super) created_at: String,
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// The reason why there is no answer to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("The customer's token could not be signed")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("The request could not be made")]
    Request(#[from] http::Error),
    #[error("The service answered {status}: {message}")]
    Refused { status: StatusCode, message: String },
    #[error("The service's answer could not be read")]
    Answer(#[from] serde_json::Error),
}

impl Problem {
    /// True if the service reports that no such thing exists for this customer.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: StatusCode::NOT_FOUND, .. })
    }
}

impl<'a> Service<'a> {
    /// A client that speaks for the customer, with a fresh token.
    pub(super) fn for_customer(config: &'a Config, customer: &Customer) -> Result<Self, Problem> {
        Ok(Self { call: &config.call, token: token::mint(config, customer)? })
    }

    /// The customer's token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The integrations.
    pub(super) async fn integrations(&self) -> Result<Vec<Integration>, Problem> {
        Ok(self.get::<List<_>>("/integrations").await?.items)
    }

    /// The customer's newest connections.
    pub(super) async fn connections(&self) -> Result<Vec<Connection>, Problem> {
        Ok(self.get::<List<_>>("/connections?limit=100").await?.items)
    }

    /// One of the customer's connections.
    pub(super) async fn connection(&self, id: &str) -> Result<Connection, Problem> {
        // The id may come from the address bar, so it is encoded into one path segment.
        let segment = utf8_percent_encode(id, NON_ALPHANUMERIC);
        self.get(&format!("/connections/{segment}")).await
    }

    /// Completes a connection request for the customer of this session. A workspace with `confirmUser` asks for it.
    pub(super) async fn complete(&self, request_id: &str) -> Result<Connection, Problem> {
        let segment = utf8_percent_encode(request_id, NON_ALPHANUMERIC);
        self.ask(Method::POST, &format!("/connection-requests/{segment}/complete")).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.ask(Method::GET, path).await
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str) -> Result<T, Problem> {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())?;
        let response = (self.call)(request).await;
        if !response.status().is_success() {
            return Err(refused(response.status(), response.body()));
        }
        Ok(serde_json::from_slice(response.body())?)
    }
}

fn refused(status: StatusCode, body: &[u8]) -> Problem {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let message = serde_json::from_slice(body).map_or_else(
        |_| status.canonical_reason().unwrap_or("no reason given").to_owned(),
        |body: Body| body.message,
    );
    Problem::Refused { status, message }
}
