//! The demo provider, "Demo CRM": a third party to connect to, small but real.
//!
//! It signs its users in (`sign_in`, `cookies`, `users`). Its protected API (`api`) takes tokens and API keys. It
//! gives tokens by OAuth 2 (`oauth2`), by OAuth 1.0 (`oauth1`) and for user name and password (`log_in`). Its
//! addresses all lie under `/demo-provider`; everything is in memory.

mod accounts;
mod api;
mod consent_page;
mod cookies;
mod log_in;
pub(crate) mod oauth1;
pub(crate) mod oauth2;
mod pages;
mod params;
mod pending;
mod product;
mod sign_in;
mod stats;
pub(crate) mod users;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use axum::Router;
use axum::http::header;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Clock;
use protocol::random::{Random, draw};

use cookies::Sessions;
use oauth2::client::Client;
use product::Product;
use stats::Stats;

/// The provider's dependencies.
pub(crate) struct Config {
    /// This run's address, without a slash at its end: `http://127.0.0.1:9000`.
    pub(crate) base: String,
    /// The registered OAuth 2 clients.
    pub(crate) clients: Vec<Client>,
    /// The registered OAuth 1.0 clients.
    pub(crate) consumers: Vec<oauth1::client::Client>,
    /// The clock that tokens, codes and sessions expire by.
    pub(crate) clock: Arc<dyn Clock>,
    /// The source of codes, tokens and ids.
    pub(crate) random: Arc<dyn Random>,
}

/// The provider's state, shared by its handlers.
struct Provider {
    config: Config,
    sessions: Mutex<Sessions>,
    oauth2: Mutex<oauth2::Store>,
    oauth1: Mutex<oauth1::Store>,
    stats: Stats,
}

/// The provider's routes, at their full paths.
pub(crate) fn router(config: Config) -> Router {
    let provider = Arc::new(Provider {
        config,
        sessions: Mutex::default(),
        oauth2: Mutex::default(),
        oauth1: Mutex::default(),
        stats: Stats::default(),
    });
    Router::new()
        .merge(oauth2::routes())
        .merge(oauth1::routes())
        .route("/demo-provider/sign-in", get(sign_in::show).post(sign_in::submit))
        .route("/demo-provider/accounts", get(accounts::show))
        .route("/demo-provider/login", post(log_in::log_in))
        .route("/demo-provider/api/me", get(api::me))
        .route("/demo-provider/api/companies/{company}", get(api::company))
        .route("/demo-provider/api/sites", get(api::sites))
        .route("/demo-provider/api/sites/{site}", get(api::site))
        .route("/demo-provider/stats", get(stats::show))
        .route("/demo-provider/style.css", get(stylesheet))
        .with_state(provider)
}

async fn stylesheet() -> impl axum::response::IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}

impl Provider {
    /// The issuer identifier (RFC 8414 §2), which is `iss` in authorization responses too (RFC 9207 §2).
    fn issuer(&self) -> String {
        format!("{}/demo-provider", self.config.base)
    }

    /// The API's address, as a token request may name it.
    fn audience(&self) -> String {
        format!("{}/demo-provider/api", self.config.base)
    }

    /// Draws 256 bits that nobody can guess, as base64url text.
    fn draw_secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(draw::<32>(self.config.random.as_ref()))
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth1(&self) -> MutexGuard<'_, oauth1::Store> {
        self.oauth1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oauth2(&self) -> MutexGuard<'_, oauth2::Store> {
        self.oauth2.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A secret's SHA-256. Secrets are looked up by it, so that neither the time of a look-up nor the memory reveals one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(secret: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        Self(bytes)
    }
}
