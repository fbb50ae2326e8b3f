//! `GET /demo-provider/oauth1/authorize`: asks the user (RFC 5849 §2.2).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::client::Client;
use super::consent::{self, AuthorizationRequest};
use crate::demo_provider::params::Params;
use crate::demo_provider::{Provider, pages, pending};

pub(super) async fn authorize(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    provider.stats.authorizations.add_one();
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let token = params.get("oauth_token").unwrap_or_default();
    let Some(request) = request(&provider, token) else {
        return pages::refused("The oauth_token is unknown, expired or used.");
    };
    pending::begin(&provider, &headers, consent::path, |id, browser, now| {
        provider.oauth1().pending.insert(id, request, browser, now);
    })
}

fn request(provider: &Provider, token: &str) -> Option<AuthorizationRequest> {
    let store = provider.oauth1();
    let temporary = store.credentials.unanswered(token, provider.config.clock.now())?;
    let client = Client::find(&provider.config.consumers, &temporary.consumer_key)?;
    Some(AuthorizationRequest {
        token: token.to_owned(),
        client_name: client.name.clone(),
        callback: temporary.callback.clone(),
        fault: temporary.fault,
    })
}
