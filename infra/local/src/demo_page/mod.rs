//! The demo page at `/`: an app that uses this service, as one of its customers sees it.
//!
//! It plays the app and the app's backend. It knows who is signed in (`customers`), signs that customer's token
//! (`token`), and asks the service as any caller does (`service`). It shows the result, which comes back by redirect
//! (`connected`) or by a popup's message (`popup.js`). The events that the backend gets stand below (`events`). A page
//! of its own lists the connectors (`connectors`).

mod connected;
mod connectors;
mod customers;
mod events;
mod home;
mod payload;
mod response;
mod service;
#[cfg(test)]
mod tests;
mod token;
mod view;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use protocol::clock::Clock;

use crate::events::log::Log;

/// The future that a [`Call`] returns.
pub(crate) type CallFuture = Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>>;

/// Sends a request to the service; its URI holds only path and query.
pub(crate) type Call = Arc<dyn Fn(http::Request<Bytes>) -> CallFuture + Send + Sync>;

/// The page's dependencies.
pub(crate) struct Config {
    /// This run's address, without a slash at its end: `http://127.0.0.1:9000`.
    pub(crate) base: String,
    /// The workspace whose app this page plays.
    pub(crate) workspace_key: &'static str,
    /// The secret that the app's backend signs its customers' tokens with.
    pub(crate) workspace_secret: &'static str,
    /// The keys of integrations that the app does not offer.
    pub(crate) hidden: &'static [&'static str],
    /// The values to enter, by integration.
    pub(crate) hints: &'static [Hint],
    /// The clock that the tokens expire by.
    pub(crate) clock: Arc<dyn Clock>,
    /// The events about connections.
    pub(crate) events: Log,
    /// The service.
    pub(crate) call: Call,
}

/// The values to enter when an integration is connected.
pub(crate) struct Hint {
    /// The integration's key.
    pub(crate) integration: &'static str,
    /// The values, each line with its description.
    pub(crate) lines: &'static [(&'static str, &'static [&'static str])],
}

/// The page's routes.
pub(crate) fn router(config: Config) -> Router {
    Router::new()
        .route("/", get(home::home))
        .route("/demo/connected", get(connected::connected))
        .route("/demo/connectors", get(connectors::connectors))
        .route("/demo/style.css", get(stylesheet))
        .route("/demo/popup.js", get(async || script(include_str!("popup.js"))))
        .route("/demo/events.js", get(async || script(include_str!("events.js"))))
        .route("/demo/events", get(events::events))
        .route("/demo/logo.svg", get(logo))
        .with_state(Arc::new(config))
}

async fn stylesheet() -> impl IntoResponse {
    let css = concat!(include_str!("style/frame.css"), include_str!("style/content.css"));
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css)
}

fn script(text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

/// The workspace's logo, on the pages that the service shows.
async fn logo() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("logo.svg"))
}
