//! Somebody who follows the events: the stream of the embedded database, behind the pipe of the template. They are compared with
//! what the writes did, and with what callers were told.
//!
//! The stream is read after each write, so what was there before a write is known for each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use flow::store::CUSTOMER_ERASED;
use linkspan_local::database::Database;
use linkspan_local::events::pipe::Pipe;
use linkspan_local::events::stream::Stream;
use serde_json::Value;

use super::erasures::Erasures;
use super::image::{Image, expected};
use super::trace::Trace;

/// What a follower knows of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Live { is_failing: bool, is_disconnected: bool },
    Archived,
    Erased,
}

/// An event, as the follower keeps it.
#[derive(Debug)]
struct Heard {
    subject: String,
    customer: String,
    name: String,
}

#[derive(Default)]
struct State {
    /// Each item of the connections table, as its last record of the stream had it.
    images: BTreeMap<String, Image>,
    known: BTreeMap<String, Known>,
    /// How connection requests ended.
    ended: BTreeMap<String, String>,
    heard: Vec<Heard>,
    last: BTreeMap<String, u128>,
}

/// The follower.
pub(super) struct Follower {
    trace: Arc<Trace>,
    stream: Mutex<Stream>,
    pipe: Pipe,
    state: Mutex<State>,
}

impl Follower {
    pub(super) fn new(trace: &Arc<Trace>, database: &Database) -> Self {
        Self {
            trace: Arc::clone(trace),
            stream: Mutex::new(database.connections_stream().unwrap()),
            pipe: Pipe::of_the_template().unwrap(),
            state: Mutex::default(),
        }
    }

    /// Reads on.
    pub(super) fn follows(&self, erasures: &Erasures) {
        let records = self.stream.lock().unwrap().read().unwrap();
        let mut state = self.state.lock().unwrap();
        for record in records {
            self.hears(&mut state, &record, erasures);
        }
    }

    fn hears(&self, state: &mut State, record: &Value, erasures: &Erasures) {
        let new = Image::of(record);
        let key = new.key().to_owned();
        let old = state.images.insert(key.clone(), new.clone());
        if old.as_ref() == Some(&new) {
            // DynamoDB has no record of a write that changes nothing.
            return;
        }
        let event = self.pipe.event(record).unwrap();
        let name = event.as_ref().and_then(|event| event["detail-type"].as_str());
        let due = expected(old.as_ref(), &new);
        self.trace.check(name == due.as_deref(), || {
            format!("of {key} the event {name:?} was sent, and {due:?} has happened: {old:?} became {new:?}")
        });
        let (Some(event), Some(name)) = (&event, name) else { return };
        self.trace.count("events");
        self.trace.note("event", format_args!("{name} {key}"));
        let said = &event["detail"];
        let was_its = old.as_ref().is_none_or(|old| ["", new.customer()].contains(&old.customer()));
        let is_its = was_its && said["connectionId"] == *key && said["userId"] == *new.customer();
        self.trace.check(is_its, || format!("the event {name} of {key} says {said}"));
        let sequence: u128 = said["sequence"].as_str().unwrap_or_default().parse().unwrap_or_default();
        let before = state.last.insert(key.clone(), sequence);
        self.trace.check(before.is_none_or(|before| before < sequence), || {
            format!("the event {name} of {key} has the number {sequence} after {before:?}")
        });
        if key.starts_with("request#") {
            let before = state.ended.get(&key).cloned();
            self.trace.check(before.is_none(), || format!("{key} ended by {before:?}, and then {name}"));
            // An attempt that fails ends nothing.
            if name != "connection-request.failed" {
                state.ended.insert(key.clone(), name.to_owned());
            }
            self.trace.check(erasures.may_tell_of(&key), || {
                format!("{name} tells of a request of an erased customer: {key}")
            });
        } else if key.starts_with("customer#") {
            self.is_erased(state, new.customer(), erasures);
        } else {
            self.knows(state, &key, name, &new);
        }
        let customer = new.customer().to_owned();
        state.heard.push(Heard { subject: key, customer, name: name.to_owned() });
    }

    /// The events of a customer's connections come before the customer's own.
    fn is_erased(&self, state: &State, customer: &str, erasures: &Erasures) {
        let began = erasures.first_under_way(customer);
        self.trace.check(began.is_some(), || format!("{customer} is erased, and nobody has asked for that"));
        for image in
            state.images.values().filter(|image| image.is_connection() && image.customer() == customer)
        {
            let is_later = began.is_some_and(|began| image.created_at() >= began);
            self.trace.check(image.is_erased() || is_later, || {
                format!("{customer} is told to be erased, and there is {}", image.key())
            });
        }
    }

    /// What the event means by the documentation, to somebody who has heard those before it.
    fn knows(&self, state: &mut State, id: &str, name: &str, image: &Image) {
        let live = |is_failing| Known::Live { is_failing, is_disconnected: image.is_disconnected() };
        let before = state.known.get(id).copied();
        let now = match (name.strip_prefix("connection.").unwrap_or_default(), before) {
            // Whoever hears of an update reads the connection.
            ("updated", Some(Known::Live { is_failing, .. })) => Some(live(is_failing)),
            ("updated", Some(Known::Archived)) if image.is_archived() => before,
            ("updated", Some(Known::Archived)) => Some(live(image.is_failing())),
            ("failing", Some(Known::Live { is_failing: false, is_disconnected: false })) => Some(live(true)),
            ("created", None)
            | ("reconnected", Some(Known::Live { .. }))
            | ("recovered", Some(Known::Live { is_failing: true, is_disconnected: false })) => {
                Some(live(false))
            }
            ("disconnected", Some(Known::Live { .. })) => {
                Some(Known::Live { is_failing: false, is_disconnected: true })
            }
            ("deleted", Some(Known::Live { .. })) => Some(Known::Archived),
            ("erased", Some(Known::Archived)) => Some(Known::Erased),
            _ => None,
        };
        self.trace.check(now.is_some(), || format!("{name} of connection {id}, which was {before:?}"));
        if let Some(now) = now {
            state.known.insert(id.to_owned(), now);
        }
    }

    /// What is known of a connection.
    pub(super) fn known(&self, id: &str) -> Option<Known> {
        self.state.lock().unwrap().known.get(id).copied()
    }

    /// How a connection request is known to have ended.
    pub(super) fn ended(&self, subject: &str) -> Option<String> {
        self.state.lock().unwrap().ended.get(subject).cloned()
    }

    /// The number of events that were heard.
    pub(super) fn position(&self) -> usize {
        self.state.lock().unwrap().heard.len()
    }

    /// True if one of these events was heard of it since this position.
    pub(super) fn heard_since(&self, position: usize, subject: &str, names: &[&str]) -> bool {
        let state = self.state.lock().unwrap();
        let since = state.heard.iter().skip(position);
        since.rev().any(|heard| heard.subject == subject && names.contains(&heard.name.as_str()))
    }

    /// True if it was heard since this position that the customer is erased.
    pub(super) fn heard_customer_erased_since(&self, position: usize, customer: &str) -> bool {
        let state = self.state.lock().unwrap();
        state
            .heard
            .iter()
            .skip(position)
            .any(|heard| heard.customer == customer && heard.name == CUSTOMER_ERASED)
    }

    /// Looks at the connections, as the stream has them.
    pub(super) fn connections<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Image>) -> T) -> T {
        let state = self.state.lock().unwrap();
        look(&mut state.images.values().filter(|image| image.is_connection()))
    }

    /// In the end, whoever has followed the events knows each connection as it is.
    pub(super) fn knows_all(&self) {
        let state = self.state.lock().unwrap();
        for image in state.images.values().filter(|image| image.is_connection()) {
            let is = if image.is_erased() {
                Known::Erased
            } else if image.is_archived() {
                Known::Archived
            } else {
                let is_disconnected = image.is_disconnected();
                Known::Live { is_failing: image.is_failing() && !is_disconnected, is_disconnected }
            };
            let known = state.known.get(image.key());
            self.trace.check(known == Some(&is), || {
                format!("connection {} is {is:?}, and by the events {known:?}", image.key())
            });
        }
    }
}
