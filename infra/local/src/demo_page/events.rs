//! The events that the app's backend gets: those of its workspace, in the page and, while it is open, as they come.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use serde_json::Value;
use url::form_urlencoded;

use super::Config;
use crate::events::log::{Entry, REMEMBERED};

/// The events up to the moment when a page was made.
pub(super) struct Events {
    /// The newest first.
    pub(super) shown: Vec<Shown>,
    /// The place of the newest.
    pub(super) last: u64,
    /// The most events that the page shows.
    pub(super) limit: usize,
}

/// An event in the page.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) time: String,
    pub(super) connection: String,
    pub(super) customer: String,
    pub(super) json: String,
}

impl Events {
    pub(super) fn until_now(config: &Config) -> Self {
        let entries = config.events.last();
        let last = entries.first().map_or(0, |entry| entry.id);
        let own = entries.iter().filter(|entry| is_own(config, entry));
        Self { shown: own.map(|entry| Shown::new(&entry.event)).collect(), last, limit: REMEMBERED }
    }
}

impl Shown {
    fn new(event: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let detail = &event["detail"];
        Self {
            name: text(&event["detail-type"]),
            time: text(&detail["time"]),
            connection: text(&detail["connectionId"]),
            customer: text(&detail["userId"]),
            json: format!("{event:#}"),
        }
    }
}

/// True if the event is of the app's own workspace. The app's backend gets no other.
fn is_own(config: &Config, entry: &Entry) -> bool {
    entry.event["detail"]["workspaceKey"] == config.workspace_key
}

/// `GET /demo/events?after={id}`: server-sent events. A browser that was cut off reports the last event that it has.
pub(super) async fn events(
    State(config): State<Arc<Config>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> impl IntoResponse {
    let query = query.unwrap_or_default();
    let asked = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "after");
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = seen.or_else(|| asked?.1.parse().ok()).unwrap_or(0);
    let reader = config.events.after(after);
    let events = stream::unfold((config, reader), async |(config, mut reader)| {
        loop {
            let entry = reader.next().await?;
            if is_own(&config, &entry) {
                let event = Event::default().id(entry.id.to_string()).data(entry.event.to_string());
                return Some((Ok::<_, Infallible>(event), (config, reader)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
