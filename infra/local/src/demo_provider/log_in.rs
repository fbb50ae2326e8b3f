//! `POST /demo-provider/login`: exchanges user name and password for a token. It follows no standard, as older APIs
//! do.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::oauth2::ACCESS_TOKEN_LIFETIME;
use super::{Provider, pages, users};

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

pub(super) async fn log_in(State(provider): State<Arc<Provider>>, body: Bytes) -> Response {
    let Ok(credentials) = serde_json::from_slice::<Credentials>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "The body is not JSON with user and password");
    };
    let Some(user) = users::authenticate(&credentials.user, &credentials.password) else {
        return refused(StatusCode::UNAUTHORIZED, "User name and password do not match");
    };
    let token = provider.draw_secret();
    let now = provider.config.clock.now();
    provider.oauth2().log_in(&token, user, now);
    pages::json(&json!({ "data": { "token": token, "ttl": ACCESS_TOKEN_LIFETIME.as_secs() } }))
}

fn refused(status: StatusCode, message: &str) -> Response {
    let mut response = pages::json(&json!({ "errors": [{ "message": message }] }));
    *response.status_mut() = status;
    response
}
