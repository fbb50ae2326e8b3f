//! `/demo-provider/consent`: the user allows or denies.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::authorization_error::{AuthorizationError, ErrorCode};
use super::code::Issued;
use super::fault::{self, Fault};
use crate::demo_provider::consent_page::{ConsentPage, Wish};
use crate::demo_provider::params::Params;
use crate::demo_provider::pending::sign_in_path;
use crate::demo_provider::{Product, Provider, cookies, pages};

/// The page's path, which its form is posted to as well.
pub(super) const PATH: &str = "/demo-provider/consent";

/// The page's address for a pending authorization request.
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
        .and_then(|browser| provider.oauth2().pending.find(id, browser, now).cloned());
    let Some(request) = request else { return pages::no_longer_open() };
    let Some(user) = cookies::user(&provider, &headers) else { return pages::see_other(&sign_in_path(id)) };
    let page = ConsentPage {
        product: Product::Crm,
        id,
        action: PATH,
        client_name: &request.client_name,
        user,
        wishes: request
            .scopes
            .iter()
            .map(|scope| Wish { description: scope.description, name: scope.name })
            .collect(),
        fault_groups: fault::choices(request.fault),
        example: "The authorization request can ask for it too: demo_fail=token.invalid_grant",
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
    let Some(request) = provider.oauth2().pending.take(id, browser, now) else {
        return pages::no_longer_open();
    };

    // Anything but a clear yes is a denial.
    if params.get("decision") != Some("allow") {
        let error = AuthorizationError::new(ErrorCode::AccessDenied, "The user denied the request");
        return request.reply_to.error(error, &provider.issuer());
    }
    // The form's choice counts. A hand-written request without one keeps the choice of `demo_fail`.
    let fault = params.get("fail").map_or(request.fault, Fault::named);
    match fault {
        Some(Fault::Authorization(code)) => {
            let error = AuthorizationError::new(code, "The demo provider was told to fail so");
            request.reply_to.error(error, &provider.issuer())
        }
        fault => {
            let code = provider.draw_secret();
            let mut store = provider.oauth2();
            let grant_id = store.new_grant_id();
            store.codes.insert(&Issued { code: &code, request: &request, user, fault, grant_id }, now);
            drop(store);
            let issuer = match fault {
                Some(Fault::WrongIssuer) => "https://wrong-issuer.example".to_owned(),
                _ => provider.issuer(),
            };
            request.reply_to.code(&code, &issuer)
        }
    }
}
