//! `/demo-provider/oauth1/consent`: the user allows or denies.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::form_urlencoded;

use super::fault::{self, Fault};
use crate::demo_provider::consent_page::{ConsentPage, Wish};
use crate::demo_provider::params::Params;
use crate::demo_provider::pending::sign_in_path;
use crate::demo_provider::{Product, Provider, cookies, pages};

/// The page's path, which its form is posted to as well.
pub(super) const PATH: &str = "/demo-provider/oauth1/consent";

/// A request for the user's authorization.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationRequest {
    /// The temporary credentials' identifier.
    pub(super) token: String,
    pub(super) client_name: String,
    pub(super) callback: String,
    pub(super) fault: Option<Fault>,
}

/// The page's address for a pending request.
pub(in crate::demo_provider) fn path(request: &str) -> String {
    format!("{PATH}?request={request}")
}

/// Names the client and what it asks for.
pub(super) async fn show(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let id = params.get("request").unwrap_or_default();
    let now = provider.config.clock.now();
    let request = cookies::browser(&headers)
        .and_then(|browser| provider.oauth1().pending.find(id, browser, now).cloned());
    let Some(request) = request else { return pages::no_longer_open() };
    let Some(user) = cookies::user(&provider, &headers) else { return pages::see_other(&sign_in_path(id)) };
    let page = ConsentPage {
        product: Product::Mail,
        id,
        action: PATH,
        client_name: &request.client_name,
        user,
        wishes: vec![
            Wish { description: "See your name and e-mail address", name: "profile" },
            Wish { description: "Send mail in your name", name: "mail" },
        ],
        fault_groups: fault::choices(request.fault),
        example: "The request for temporary credentials can ask for it too, and for what goes wrong there: \
                  demo_fail=request.unconfirmed",
    };
    pages::page(StatusCode::OK, &page)
}

/// Takes the user's decision to the client.
pub(super) async fn decide(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body);
    let id = params.get("request").unwrap_or_default();
    let Some(browser) = cookies::browser(&headers) else { return pages::no_longer_open() };
    let Some(user) = cookies::user(&provider, &headers) else { return pages::see_other(&sign_in_path(id)) };
    let now = provider.config.clock.now();
    let mut store = provider.oauth1();
    let Some(request) = store.pending.take(id, browser, now) else { return pages::no_longer_open() };
    // The user may have had another page open on the same credentials, and answered there first.
    if store.credentials.unanswered(&request.token, now).is_none() {
        return pages::no_longer_open();
    }
    // Anything but a clear yes is a denial. The RFC defines no answer for it; this one is the most common.
    if params.get("decision") != Some("allow") {
        store.credentials.remove_temporary(&request.token);
        return pages::see_other(&with_query(&request.callback, &[("denied", &request.token)]));
    }
    // The form's choice counts. A hand-written request without one keeps the choice of `demo_fail`.
    let fault = params.get("fail").map_or(request.fault, Fault::named);
    let verifier = provider.draw_secret();
    store.credentials.grant(&request.token, user, &verifier, fault);
    let token = match fault {
        Some(Fault::WrongToken) => provider.draw_secret(),
        _ => request.token,
    };
    let mut result = vec![("oauth_token", token.as_str())];
    if fault != Some(Fault::NoVerifier) {
        result.push(("oauth_verifier", &verifier));
    }
    pages::see_other(&with_query(&request.callback, &result))
}

/// Adds the result to the callback, whose own query stays (§2.2).
fn with_query(callback: &str, result: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(result).finish();
    let separator = if callback.contains('?') { '&' } else { '?' };
    format!("{callback}{separator}{query}")
}
