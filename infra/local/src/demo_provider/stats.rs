//! `GET /demo-provider/stats`: how often each endpoint was used, for tests and the curious.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::{Provider, pages};

/// The counters. Each counts every request that arrives, successful or not.
#[derive(Default)]
pub(super) struct Stats {
    /// Authorization requests.
    pub(super) authorizations: Counter,
    /// Requests to the token endpoint.
    pub(super) token_requests: Counter,
    /// Token requests from an authenticated client that brought a code.
    pub(super) code_exchanges: Counter,
    /// Token requests from an authenticated client that brought a refresh token.
    pub(super) refreshes: Counter,
    /// Requests for OAuth 1.0 temporary credentials.
    pub(super) temporary_credentials: Counter,
    /// Requests for OAuth 1.0 token credentials.
    pub(super) token_credentials: Counter,
    /// Requests to the revocation endpoint.
    pub(super) revocations: Counter,
}

#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) async fn show(State(provider): State<Arc<Provider>>) -> Response {
    let stats = &provider.stats;
    pages::json(&json!({
        "authorizations": stats.authorizations.value(),
        "tokenRequests": stats.token_requests.value(),
        "codeExchanges": stats.code_exchanges.value(),
        "refreshes": stats.refreshes.value(),
        "temporaryCredentials": stats.temporary_credentials.value(),
        "tokenCredentials": stats.token_credentials.value(),
        "revocations": stats.revocations.value(),
    }))
}
