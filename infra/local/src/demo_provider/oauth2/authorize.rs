//! `GET /demo-provider/authorize`: the authorization endpoint (RFC 6749 §3.1).

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::authorization_request::{Refusal, validate};
use super::consent;
use crate::demo_provider::params::Params;
use crate::demo_provider::{Provider, cookies, pages};

#[derive(Template)]
#[template(path = "demo_provider/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    message: &'a str,
}

pub(super) async fn authorize(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    provider.stats.authorizations.add_one();
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let request = match validate(&params, &provider.config.clients) {
        Ok(request) => request,
        Err(Refusal::Page(message)) => return error_page("This request was refused", message),
        Err(Refusal::Reply(reply_to, error)) => return reply_to.error(error, &provider.issuer()),
    };

    let (browser, new_cookie) = if let Some(browser) = cookies::browser(&headers) {
        (browser, None)
    } else {
        let (browser, cookie) = cookies::new_browser(&provider);
        (browser, Some(cookie))
    };
    let id = provider.draw_secret();
    let next = match cookies::user(&provider, &headers) {
        Some(_) => consent::path(&id),
        None => format!("/demo-provider/sign-in?request={id}"),
    };
    let now = provider.config.clock.now();
    provider.oauth2().pending.insert(id, request, browser, now);

    let mut response = pages::see_other(&next);
    if let Some(cookie) = new_cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The answer to a form whose authorization request is answered, expired, or another browser's.
pub(in crate::demo_provider) fn no_longer_open() -> Response {
    error_page(
        "This request is no longer open",
        "It was answered already, it is older than ten minutes, or it was made in another browser. \
         Go back to the application and connect again.",
    )
}

fn error_page(title: &str, message: &str) -> Response {
    pages::page(StatusCode::BAD_REQUEST, &ErrorPage { title, message })
}
