//! What a line of the log counts for, in the embedded metric format of `CloudWatch`: the line itself says which of its
//! members are metrics, so that they cost no request and no second line. docs/operate.md lists them, with their price.
//!
//! A metric is one for each combination of its dimensions' values, and each costs something. So only names that somebody
//! defined become one: the stack, the keys of integrations and the ids of webhook endpoints that exist, and the keys of the
//! table of errors.

use std::collections::{BTreeMap, BTreeSet};

use protocol::clock::Timestamp;
use protocol::error::{ErrorKey, ErrorType};
use protocol::record::Level;
use protocol::token::NOT_SIGNED;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Linkspan";

/// The longest value of a dimension, in bytes, with room for what else may stand there.
const LONGEST_VALUE: usize = 255;

/// What a message of the log counts as. Each counts once for a line, however often the line says so.
const MESSAGES: &[(&str, &[&str])] = &[
    ("flow begun", &["Started"]),
    ("connected without a provider's page", &["Started", "Connected"]),
    ("connected", &["Connected"]),
    ("connected for a confirmed user", &["Connected"]),
    ("start failed", &["Failed"]),
    ("flow failed", &["Failed"]),
    ("a callback's work broke down", &["Failed"]),
    ("the work after a choice broke down", &["Failed"]),
    ("screen failed", &["Failed"]),
    ("start refused", &["Refused"]),
    ("screen refused", &["Refused"]),
    ("callback refused", &["Refused"]),
    ("result refused", &["Refused"]),
    ("request refused", &["Refused"]),
    ("credentials renewed", &["Renewed"]),
    ("credentials not renewed", &["NotRenewed"]),
    ("renewed credentials could not be saved", &["NotRenewed"]),
    ("a renewal ended early", &["NotRenewed"]),
    ("connection disconnected: its credentials cannot be renewed", &["Disconnected"]),
    ("a provider does not answer: it is not called for a minute", &["ProviderSilent"]),
    ("webhook delivered", &["WebhooksDelivered"]),
    ("webhook not delivered", &["WebhooksFailed"]),
    ("webhook given up", &["WebhooksFailed", "WebhooksGivenUp"]),
];

/// What counts as one thing counts as none of the other, whose average is then the share that fails.
const SHARES: [(&str, &str); 2] = [("Connected", "Failed"), ("WebhooksDelivered", "WebhooksFailed")];

/// What an error's key counts as, beside that.
const KEYS: &[(ErrorKey, &str)] = &[
    (ErrorKey::ClientRejected, "ClientRejected"),
    (ErrorKey::StorageUnavailable, "DatabaseFailed"),
    (ErrorKey::KeyUnavailable, "KeyServiceFailed"),
];

/// The members of a line that are metrics as they are, with their units.
const MEMBERS: [(&str, &str); 3] =
    [("provider_ms", "Milliseconds"), ("overdue_ms", "Milliseconds"), ("dynamodb_throttled", "Count")];

/// The metrics that are also counted for each integration. Those that connect are in `Failed`, as 0.
const BY_INTEGRATION: [&str; 4] = ["Failed", "NotRenewed", "Disconnected", "provider_ms"];

/// The metric that is also counted for each webhook endpoint. Those that take what they are sent are in it, as 0.
const BY_WEBHOOK: &str = "WebhooksFailed";

/// The metric that is also counted for each error's key.
const BY_KEY: &str = "Failed";

/// Makes the metrics of one deployment's lines.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: String,
    root: Option<String>,
    by_integration: bool,
}

impl Metrics {
    /// Makes those of the stack with this name. `root` is the root workspace's key. `by_integration` says whether each
    /// integration, and each webhook endpoint, has metrics of its own.
    #[must_use]
    pub fn new(stack: impl Into<String>, root: Option<String>, by_integration: bool) -> Self {
        Self { stack: stack.into(), root, by_integration }
    }

    /// Adds to a line what it counts for. Returns whether that is anything.
    pub fn embed(&self, line: &mut Map<String, Value>) -> bool {
        // What is said outside of all work has no time.
        let Some(at) = text(line, "timestamp").and_then(Timestamp::from_rfc3339) else { return false };
        let counts = self.counts(line);
        let mut metrics: Vec<(&str, &str)> =
            MEMBERS.into_iter().filter(|(name, _)| line.contains_key(*name)).collect();
        metrics.extend(counts.keys().map(|name| (*name, "Count")));
        if metrics.is_empty() {
            return false;
        }
        let directives = self.directives(line, &metrics, &counts);
        line.insert("stack".to_owned(), (&*self.stack).into());
        line.extend(counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())));
        line.insert("_aws".to_owned(), json!({ "Timestamp": at.0, "CloudWatchMetrics": directives }));
        true
    }

    /// Takes from a line, which counts for something, all that is not needed for that.
    pub fn only(line: &mut Map<String, Value>) {
        let kept = ["timestamp", "level", "service", "stack", "integration", "webhook", "key", "_aws"];
        let names: BTreeSet<String> = named(line).map(str::to_owned).collect();
        line.retain(|name, _| kept.contains(&&**name) || names.contains(name));
    }

    /// What the line counts as.
    fn counts(&self, line: &Map<String, Value>) -> Counts {
        let mut counts = Counts::new();
        for said in said(line) {
            let key = text(said, "key").and_then(ErrorKey::named);
            let message = text(said, "message");
            let names = MESSAGES.iter().filter(|(known, _)| Some(*known) == message);
            counts.extend(names.flat_map(|(_, names)| *names).map(|name| match *name {
                // It was the caller's own request, or the customer's own choice.
                "Failed" if key.is_some_and(is_the_callers) => ("Refused", 1),
                name => (name, 1),
            }));
            match KEYS.iter().find(|(known, _)| Some(*known) == key) {
                Some((_, name)) => counts.extend([(*name, 1)]),
                None if text(said, "level") == Some(Level::Error.name()) => counts.extend([("Faults", 1)]),
                None => {}
            }
            if text(said, "kind") == Some(NOT_SIGNED) {
                let is_root = self.root.is_some() && self.root.as_deref() == text(line, "claimed_workspace");
                counts.extend([(if is_root { "RootTokensRefused" } else { "TokensRefused" }, 1)]);
            }
        }
        for (of, other) in SHARES {
            if counts.contains_key(of) {
                counts.entry(other).or_insert(0);
            }
        }
        if line.get("cold_start") == Some(&Value::Bool(true)) && !line.contains_key("after_answer") {
            counts.insert("ColdStarts", 1);
        }
        counts
    }

    /// Says which members of the line are metrics: of the stack, of the integration, of the endpoint, and of the error's key.
    fn directives(&self, line: &Map<String, Value>, metrics: &[(&str, &str)], counts: &Counts) -> Vec<Value> {
        let of = |dimensions: &[&str], is_in: &dyn Fn(&str) -> bool| {
            let metrics: Vec<Value> = metrics
                .iter()
                .filter(|(name, _)| is_in(name))
                .map(|(name, unit)| json!({ "Name": name, "Unit": unit }))
                .collect();
            (!metrics.is_empty())
                .then(|| json!({ "Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics }))
        };
        let has_integration = self.by_integration && text(line, "integration").is_some_and(is_a_value);
        let has_webhook = self.by_integration && line.contains_key("webhook");
        let has_key = counts.get(BY_KEY) == Some(&1) && text(line, "key").and_then(ErrorKey::named).is_some();
        [
            of(&["stack"], &|_| true),
            of(&["stack", "integration"], &|name| has_integration && BY_INTEGRATION.contains(&name)),
            of(&["stack", "webhook"], &|name| has_webhook && name == BY_WEBHOOK),
            of(&["stack", "key"], &|name| has_key && name == BY_KEY),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// How often the line counts as what, by name.
type Counts = BTreeMap<&'static str, u8>;

/// The names of all metrics.
#[must_use]
pub fn names() -> BTreeSet<&'static str> {
    let by_message = MESSAGES.iter().flat_map(|(_, names)| *names).copied();
    let by_key = KEYS.iter().map(|(_, name)| *name);
    let members = MEMBERS.iter().map(|(name, _)| *name);
    let others = ["ColdStarts", "Faults", "RootTokensRefused", "TokensRefused"];
    by_message.chain(by_key).chain(members).chain(others).collect()
}

/// The messages that count as something.
pub fn messages() -> impl Iterator<Item = &'static str> {
    MESSAGES.iter().map(|(message, _)| *message)
}

/// The line's own words, and its notes.
fn said(line: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let notes = line.get("notes").and_then(Value::as_array).into_iter().flatten();
    std::iter::once(line).chain(notes.filter_map(Value::as_object))
}

/// The names of the metrics of a line that counts for something.
fn named(line: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let directives = line.get("_aws").and_then(|aws| aws["CloudWatchMetrics"].as_array());
    let metrics = directives.into_iter().flatten().filter_map(|directive| directive["Metrics"].as_array());
    metrics.flatten().filter_map(|metric| metric["Name"].as_str())
}

fn text<'a>(said: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    said.get(name).and_then(Value::as_str)
}

/// True if nobody but the caller or the customer can do anything about it.
fn is_the_callers(key: ErrorKey) -> bool {
    key.facts().error_type == ErrorType::BadRequest
        || matches!(key, ErrorKey::AuthorizationDenied | ErrorKey::InteractionRequired)
}

/// True if `CloudWatch` takes it as a dimension's value.
fn is_a_value(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_printable && !text.trim().is_empty() && !text.starts_with(':') && text.len() <= LONGEST_VALUE
}

#[cfg(test)]
mod tests;
