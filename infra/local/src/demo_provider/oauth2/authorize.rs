//! `GET /demo-provider/authorize`: the authorization endpoint (RFC 6749 §3.1).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::authorization_request::{Refusal, validate};
use super::consent;
use crate::demo_provider::params::Params;
use crate::demo_provider::{Provider, pages, pending};

pub(super) async fn authorize(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    provider.stats.authorizations.add_one();
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let request = match validate(&params, &provider.config.clients) {
        Ok(request) => request,
        Err(Refusal::Page(message)) => return pages::refused(message),
        Err(Refusal::Reply(reply_to, error)) => return reply_to.error(error, &provider.issuer()),
    };

    pending::begin(&provider, &headers, consent::path, |id, browser, now| {
        provider.oauth2().pending.insert(id, request, browser, now);
    })
}
