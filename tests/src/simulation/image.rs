//! An item of the connections table, as the stream has it; and which event a write is, by what it did.

use flow::store::CUSTOMER_ERASED;
use protocol::clock::Timestamp;
use serde_json::Value;

/// An item, as DynamoDB's JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image(Value);

impl Image {
    /// The new image of a record.
    pub(super) fn of(record: &Value) -> Self {
        Self(record["dynamodb"]["NewImage"].clone())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0[name]["S"].as_str()
    }

    fn json(&self, name: &str) -> Value {
        self.text(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(super) fn key(&self) -> &str {
        self.text("pk").unwrap_or_default()
    }

    pub(super) fn customer(&self) -> &str {
        self.text("customer").unwrap_or_default()
    }

    pub(super) fn integration(&self) -> &str {
        self.text("integration").unwrap_or_default()
    }

    /// True for a connection, and for what is left of one.
    pub(super) fn is_connection(&self) -> bool {
        !self.key().contains('#')
    }

    pub(super) fn is_erased(&self) -> bool {
        self.text("record").is_none()
    }

    pub(super) fn is_archived(&self) -> bool {
        self.0.get("archivedAt").is_some()
    }

    pub(super) fn is_disconnected(&self) -> bool {
        self.json("health")["disconnected"] == true
    }

    pub(super) fn is_failing(&self) -> bool {
        self.json("health")["failures"].as_u64().is_some_and(|failures| failures > 0)
    }

    /// The time at which the connection was made; that of one that was erased is not known.
    pub(super) fn created_at(&self) -> Timestamp {
        Timestamp(self.json("record")["createdAt"].as_i64().unwrap_or_default())
    }

    fn differs_from(&self, other: &Self, name: &str) -> bool {
        self.0.get(name) != other.0.get(name)
    }
}

/// The event that a write is, by what it did to its item. The documentation says so, and not the code that writes.
pub(super) fn expected(old: Option<&Image>, new: &Image) -> Option<String> {
    let key = new.key();
    if key.starts_with("request#") {
        let is_new = new.text("ended").is_some() && old.is_none_or(|old| old.text("ended").is_none());
        let has_failed =
            new.text("ended").is_none() && old.is_some_and(|old| old.differs_from(new, "failedAt"));
        let failed = has_failed.then(|| "connection-request.failed".to_owned());
        return new.text("ended").filter(|_| is_new).map(str::to_owned).or(failed);
    }
    if key.starts_with("customer#") {
        // The next write takes out of it whose it is.
        let is_new = !new.customer().is_empty() && old.is_none_or(|old| old.differs_from(new, "erasedAt"));
        return is_new.then(|| CUSTOMER_ERASED.to_owned());
    }
    if !new.is_connection() {
        return None;
    }
    let name = of_connection(old, new)?;
    Some(format!("connection.{name}"))
}

fn of_connection(old: Option<&Image>, new: &Image) -> Option<&'static str> {
    let Some(old) = old else { return Some("created") };
    let is_changed = new.differs_from(old, "record");
    let is_sealed_anew = new.differs_from(old, "sealed");
    match (old.is_archived(), new.is_archived()) {
        _ if new.is_erased() => return (!old.is_erased()).then_some("erased"),
        (false, true) => return Some("deleted"),
        (true, false) => return Some("updated"),
        // Nobody hears that an archived connection loses its credentials.
        (true, true) => return is_changed.then_some("updated"),
        (false, false) => {}
    }
    if is_changed {
        return Some(if is_sealed_anew { "reconnected" } else { "updated" });
    }
    if new.is_disconnected() {
        return (!old.is_disconnected() || is_sealed_anew).then_some("disconnected");
    }
    match (old.is_failing(), new.is_failing()) {
        (false, true) => Some("failing"),
        (true, false) => Some("recovered"),
        _ => None,
    }
}
