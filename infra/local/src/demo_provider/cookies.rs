//! The provider's two cookies: one for the browser, one for the user.
//!
//! One names the browser, from its first authorization request on: a form is taken only from the browser that made
//! the authorization request. The other names the user. It is drawn at sign-in, so that signing in never gives
//! authority to a value that someone could have planted before.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use cookie::{Cookie, SameSite};
use protocol::clock::Timestamp;

use super::users::User;
use super::{Fingerprint, Provider};

const BROWSER: &str = "demo_provider_browser";
const SESSION: &str = "demo_provider_session";
const SESSION_LIFETIME: Duration = Duration::from_hours(8);

/// The signed-in users, by the fingerprint of the session cookie.
#[derive(Default)]
pub(super) struct Sessions(HashMap<Fingerprint, Session>);

struct Session {
    user: &'static User,
    expires_at: Timestamp,
}

/// The browser that sent the request, if it has been here before.
pub(super) fn browser(headers: &HeaderMap) -> Option<Fingerprint> {
    value(headers, BROWSER).map(|secret| Fingerprint::of(&secret))
}

/// Remembers a browser from now on. Returns its fingerprint, and the cookie to set.
pub(super) fn new_browser(provider: &Provider) -> (Fingerprint, String) {
    let secret = provider.draw_secret();
    (Fingerprint::of(&secret), set_cookie(BROWSER, secret))
}

/// The user who is signed in.
pub(super) fn user(provider: &Provider, headers: &HeaderMap) -> Option<&'static User> {
    let key = Fingerprint::of(&value(headers, SESSION)?);
    let now = provider.config.clock.now();
    provider.sessions().0.get(&key).filter(|session| session.expires_at > now).map(|s| s.user)
}

/// Signs `user` in. Returns the cookie to set.
pub(super) fn sign_in(provider: &Provider, user: &'static User) -> String {
    let secret = provider.draw_secret();
    let now = provider.config.clock.now();
    let mut sessions = provider.sessions();
    sessions.0.retain(|_, session| session.expires_at > now);
    let session = Session { user, expires_at: now + SESSION_LIFETIME };
    sessions.0.insert(Fingerprint::of(&secret), session);
    set_cookie(SESSION, secret)
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

fn set_cookie(name: &'static str, secret: String) -> String {
    // Lax: the authorization request is a navigation from the client's site. Not Secure: this runs on loopback only.
    Cookie::build((name, secret)).path("/demo-provider").http_only(true).same_site(SameSite::Lax).to_string()
}
