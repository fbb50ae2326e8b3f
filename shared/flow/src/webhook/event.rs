//! An event on its way to a webhook: its id, and the body that is sent.

use aws_lc_rs::digest::{Context, SHA256};
use protocol::clock::Timestamp;
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;
use protocol::random::hex;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::connection::Notes;
use crate::store::{CUSTOMER_ERASED, ConnectionEvent, RequestEvent};

/// The name of an event that says nothing: a caller wants to see whether it arrives.
pub(super) const TEST: &str = "webhook.test";

/// An event, as EventBridge and the local run have it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WebhookEvent {
    /// Its name.
    #[serde(rename = "detail-type")]
    pub name: String,
    /// What it says.
    pub detail: Detail,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// What it is about.
    pub connection_id: String,
    /// The workspace.
    pub workspace_key: WorkspaceKey,
    /// The customer.
    pub user_id: String,
    /// The same.
    pub tenant_id: String,
    /// The integration.
    pub integration_id: String,
    /// When it happened.
    pub time: String,
    /// Its place among the events of what it is about.
    pub sequence: String,
    /// What callers have noted beside it.
    #[serde(flatten)]
    pub noted: Noted,
}

/// What callers have noted, as an event says it: two texts, since a pipe makes nothing else of an attribute. A webhook's body
/// has the values themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The tags.
    #[serde(default, deserialize_with = "from_text")]
    tags: Vec<String>,
    /// An object of the caller's own.
    #[serde(default, deserialize_with = "from_text")]
    meta: Map<String, Value>,
}

impl From<Notes> for Noted {
    fn from(Notes { tags, meta }: Notes) -> Self {
        Self { tags: tags.unwrap_or_default(), meta: meta.unwrap_or_default() }
    }
}

fn from_text<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}

impl WebhookEvent {
    /// Reads an event.
    pub fn read(json: &str) -> Result<Self> {
        let event: Self = serde_json::from_str(json)
            .map_err(|error| Error::internal(format_args!("an event cannot be read: {error}")))?;
        event.happened_at()?;
        Ok(event)
    }

    /// When it happened.
    pub fn happened_at(&self) -> Result<Timestamp> {
        Timestamp::from_rfc3339(&self.detail.time)
            .filter(|at| at.0 >= 0)
            .ok_or_else(|| Error::internal("an event has no time that can be read"))
    }

    /// The id of the message. An event that reaches the bus twice has the same again.
    #[must_use]
    pub fn message_id(&self) -> String {
        let mut hash = Context::new(&SHA256);
        let Detail { workspace_key, connection_id, sequence, .. } = &self.detail;
        for part in [workspace_key.as_str(), connection_id, sequence, &self.name] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        format!("{MESSAGE}{}", hex(&hash.finish().as_ref()[..16]))
    }

    /// The body: always the same bytes for one event.
    #[must_use]
    pub fn body(&self) -> String {
        let Self { name, detail } = self;
        json!({ "type": name, "timestamp": detail.time, "data": detail }).to_string()
    }
}

const MESSAGE: &str = "msg_";

/// The id of a delivery: of one event to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryId {
    /// The endpoint's id.
    pub endpoint: String,
    /// When the event happened.
    pub at: Timestamp,
    /// The message's id.
    pub message: String,
}

impl DeliveryId {
    /// The id of an event's delivery to an endpoint.
    pub fn of(endpoint: &str, event: &WebhookEvent) -> Result<Self> {
        Ok(Self { endpoint: endpoint.to_owned(), at: event.happened_at()?, message: event.message_id() })
    }

    /// Reads an id. Returns nothing if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (endpoint, at, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_one = parts.next().is_none()
            && is_hex(endpoint, 24)
            && at.len() == 14
            && at.bytes().all(|byte| byte.is_ascii_digit())
            && is_hex(hash, 32);
        is_one.then_some(())?;
        Some(Self {
            endpoint: endpoint.to_owned(),
            at: Timestamp(at.parse().ok()?),
            message: format!("{MESSAGE}{hash}"),
        })
    }

    /// Its place in the endpoint's log.
    #[must_use]
    pub fn sort(&self) -> String {
        format!("{:014}#{}", self.at.0, self.message)
    }

    /// The id of an entry in an endpoint's log.
    #[must_use]
    pub fn of_entry(endpoint: &str, sort: &str) -> Option<Self> {
        let (at, message) = sort.split_once('#')?;
        Self::parse(&format!("{endpoint}-{at}-{}", message.strip_prefix(MESSAGE)?))
    }
}

impl std::fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = self.message.strip_prefix(MESSAGE).unwrap_or_default();
        write!(f, "{}-{:014}-{hash}", self.endpoint, self.at.0)
    }
}

/// The names of all events that an endpoint may ask for.
pub fn known_events() -> impl Iterator<Item = &'static str> {
    let of_connections = ConnectionEvent::ALL.into_iter().map(ConnectionEvent::name);
    let of_requests = RequestEvent::ALL.into_iter().map(RequestEvent::name);
    of_connections.chain(of_requests).chain([CUSTOMER_ERASED])
}

/// True if there are events of this name.
#[must_use]
pub(super) fn is_event(name: &str) -> bool {
    known_events().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: &str) -> WebhookEvent {
        let detail = json!({
            "connectionId": "c", "workspaceKey": "acme", "userId": "u\"\\", "tenantId": "u\"\\", "integrationId": "i",
            "time": "2026-01-31T08:15:00.123Z", "sequence": sequence, "tags": r#"["vip"]"#, "meta": r#"{"a":{"b":1}}"#,
        });
        let event =
            json!({ "id": "e", "source": "linkspan", "detail-type": "connection.created", "detail": detail });
        WebhookEvent::read(&event.to_string()).unwrap()
    }

    #[test]
    fn a_body_says_what_the_event_says_and_its_id_is_its_own() {
        let body: Value = serde_json::from_str(&event("7").body()).unwrap();
        assert_eq!(
            (&body["type"], &body["timestamp"]),
            (&json!("connection.created"), &json!("2026-01-31T08:15:00.123Z"))
        );
        assert_eq!((&body["data"]["userId"], &body["data"]["sequence"]), (&json!("u\"\\"), &json!("7")));
        assert_eq!(
            (&body["data"]["tags"], &body["data"]["meta"]),
            (&json!(["vip"]), &json!({ "a": { "b": 1 } }))
        );
        assert_eq!(event("7").message_id(), event("7").message_id());
        assert_ne!(event("7").message_id(), event("8").message_id());
    }

    #[test]
    fn a_deliverys_id_comes_back_as_it_went_and_nothing_else_is_one() {
        let id = DeliveryId::of("0123456789abcdef01234567", &event("7")).unwrap();
        assert_eq!(DeliveryId::parse(&id.to_string()).as_ref(), Some(&id));
        assert_eq!(DeliveryId::of_entry(&id.endpoint, &id.sort()), Some(id.clone()));
        for text in ["", "-", "a-b-c", &format!("{id}-"), &id.to_string().to_uppercase(), &format!("{id}0")] {
            assert_eq!(DeliveryId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["", "{}", r#"{"detail-type":"connection.created","detail":{}}"#] {
            assert!(WebhookEvent::read(text).is_err(), "{text}");
        }
    }
}
