//! Authorization requests, of either protocol, that wait for their user's answer.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use protocol::clock::Timestamp;

use super::{Fingerprint, Provider, cookies, pages};

const LIFETIME: Duration = Duration::from_mins(10);

/// The waiting requests. Each has a random id, which its forms carry, and answers only to the browser that made it:
/// the id alone lets nobody decide for someone else.
pub(super) struct PendingRequests<T>(HashMap<String, Pending<T>>);

struct Pending<T> {
    request: T,
    browser: Fingerprint,
    expires_at: Timestamp,
}

impl<T> Default for PendingRequests<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> PendingRequests<T> {
    pub(super) fn insert(&mut self, id: String, request: T, browser: Fingerprint, now: Timestamp) {
        self.0.retain(|_, pending| pending.expires_at > now);
        self.0.insert(id, Pending { request, browser, expires_at: now + LIFETIME });
    }

    pub(super) fn find(&self, id: &str, browser: Fingerprint, now: Timestamp) -> Option<&T> {
        let pending = self.0.get(id)?;
        (pending.browser == browser && pending.expires_at > now).then_some(&pending.request)
    }

    /// Takes the request out, because it is answered only once.
    pub(super) fn take(&mut self, id: &str, browser: Fingerprint, now: Timestamp) -> Option<T> {
        self.find(id, browser, now)?;
        self.0.remove(id).map(|pending| pending.request)
    }
}

/// Stores a new request. Returns the path to send the browser to: the consent page, by way of the sign-in if nobody
/// is signed in. `insert` stores the request under the id, and for the browser, that it is given.
pub(super) fn begin(
    provider: &Provider,
    headers: &HeaderMap,
    consent_path: impl Fn(&str) -> String,
    insert: impl FnOnce(String, Fingerprint, Timestamp),
) -> Response {
    let (browser, new_cookie) = if let Some(browser) = cookies::browser(headers) {
        (browser, None)
    } else {
        let (browser, cookie) = cookies::new_browser(provider);
        (browser, Some(cookie))
    };
    let id = provider.draw_secret();
    let next = match cookies::user(provider, headers) {
        Some(_) => consent_path(&id),
        None => sign_in_path(&id),
    };
    insert(id, browser, provider.config.clock.now());

    let mut response = pages::see_other(&next);
    if let Some(cookie) = new_cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The sign-in page's address for a pending request.
pub(super) fn sign_in_path(request: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("request", request).finish();
    format!("/demo-provider/sign-in?{query}")
}
