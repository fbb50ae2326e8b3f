//! Signing in at the provider, on the way to the consent page.

use std::sync::Arc;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::params::Params;
use super::users::{self, USERS, User};
use super::{Product, Provider, cookies, oauth1, oauth2, pages};

#[derive(Template)]
#[template(path = "demo_provider/sign_in.html")]
struct SignInPage<'a> {
    product: Product,
    request: &'a str,
    user_name: &'a str,
    refused: bool,
    users: &'static [User],
}

/// `GET /demo-provider/sign-in?request=…`
pub(super) async fn show(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let request = params.get("request").unwrap_or_default();
    let Some(pending) = pending(&provider, request, &headers) else { return pages::no_longer_open() };
    let page = SignInPage { product: pending.product, request, user_name: "", refused: false, users: &USERS };
    pages::page(StatusCode::OK, &page)
}

/// `POST /demo-provider/sign-in`
pub(super) async fn submit(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body);
    let request = params.get("request").unwrap_or_default();
    // The form must have been shown to this very browser, so that nobody signs a stranger's browser in.
    let Some(pending) = pending(&provider, request, &headers) else { return pages::no_longer_open() };
    let user_name = params.get("user_name").unwrap_or_default();
    let password = params.get("password").unwrap_or_default();
    let Some(user) = users::authenticate(user_name, password) else {
        let page = SignInPage { product: pending.product, request, user_name, refused: true, users: &USERS };
        return pages::page(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let mut response = pages::see_other(&pending.consent_path);
    if let Ok(cookie) = HeaderValue::from_str(&cookies::sign_in(&provider, user)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The product of a pending request, and the path where it goes on.
struct Pending {
    product: Product,
    consent_path: String,
}

fn pending(provider: &Provider, request: &str, headers: &HeaderMap) -> Option<Pending> {
    if oauth2::is_pending(provider, request, headers) {
        return Some(Pending { product: Product::Crm, consent_path: oauth2::consent_path(request) });
    }
    oauth1::is_pending(provider, request, headers)
        .then(|| Pending { product: Product::Mail, consent_path: oauth1::consent_path(request) })
}
