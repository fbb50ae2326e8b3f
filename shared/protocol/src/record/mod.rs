//! The record of a piece of work: one line in the log for each request, and for each piece of scheduled work.
//!
//! The layers fill it while the work goes on: what the work is about, which step it is at, how long it waits for others,
//! and what is to be said of it. One place writes it, once, when the work ends. A field stands in the line once, because
//! the line is one JSON object that is filled by name.
//!
//! The record of the present work is found through its task, so no layer hands it on. Work that goes on in a task of its
//! own is [`carried`]. What such work says after its request was answered is a second line, with the same ids.
//!
//! Nothing secret is put in, and nothing that a customer typed.

mod line;
mod measure;
mod readable;
mod reference;
mod remark;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::{Map, Value};

use crate::clock::{Clock, Timestamp};
use crate::random::Random;
pub use line::{SERVICE, TARGET};
pub use measure::Measure;
pub use readable::readable;
pub use reference::Reference;
pub use remark::{Level, Remark};

tokio::task_local! {
    static CURRENT: Record;
}

/// The record of a piece of work.
#[derive(Clone)]
pub struct Record(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    began: Timestamp,
    invocation: Invocation,
    state: Mutex<State>,
}

/// What Lambda tells of the call that the work belongs to.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// The id of the function's request.
    pub request_id: Option<String>,
    /// The X-Ray trace that the call is part of.
    pub xray_trace_id: Option<String>,
    /// True if the call is the first of its process.
    pub cold_start: Option<bool>,
}

struct State {
    reference: Reference,
    about: Map<String, Value>,
    step: Option<&'static str>,
    /// How the work ended.
    outcome: Option<Remark>,
    /// What else is to be said of it.
    notes: Vec<Remark>,
    waits: [u64; Wait::ALL.len()],
    measures: [Option<u64>; Measure::ALL.len()],
    answered: Option<StatusCode>,
    is_written: bool,
}

/// What a piece of work turns out to be about. The values are ids and names, and never secrets.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// The method and the path of the request, as the table of routes has them.
    Route,
    /// The workspace's setting that holds the key which signed the request's token.
    SignedBy,
    /// The id that the signer gives that key.
    KeyId,
    /// Whom the token is about, as the signer says.
    Subject,
    /// What the token is limited to.
    Scope,
    /// The workspace's key.
    Workspace,
    /// The key of a workspace that a token names which is not signed by it.
    ClaimedWorkspace,
    /// The customer's id.
    Customer,
    /// The key of an integration that is defined.
    Integration,
    /// The integration's id, which may be known where its definition is not.
    IntegrationId,
    /// The option's key.
    Option,
    /// The connection's id.
    Connection,
    /// The flow's id.
    Flow,
    /// The id of a webhook endpoint.
    Webhook,
}

impl About {
    /// Notes it for the present work.
    pub fn note(self, value: impl AsRef<str>) {
        _ = CURRENT.try_with(|record| record.about(self, value.as_ref()));
    }

    fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::SignedBy => "signed_by",
            Self::KeyId => "key_id",
            Self::Subject => "subject",
            Self::Scope => "scope",
            Self::Workspace => "workspace",
            Self::ClaimedWorkspace => "claimed_workspace",
            Self::Customer => "customer",
            Self::Integration => "integration",
            Self::IntegrationId => "integration_id",
            Self::Option => "option",
            Self::Connection => "connection",
            Self::Flow => "flow",
            Self::Webhook => "webhook",
        }
    }
}

/// Whom the work waits for.
#[derive(Debug, Clone, Copy)]
pub enum Wait {
    /// Providers.
    Provider,
    /// The database.
    DynamoDb,
    /// The key service.
    Kms,
}

impl Wait {
    const ALL: [Self; 3] = [Self::Provider, Self::DynamoDb, Self::Kms];

    fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider_ms",
            Self::DynamoDb => "dynamodb_ms",
            Self::Kms => "kms_ms",
        }
    }

    /// Does the work, and adds the time that it takes. Of waits beside each other, each counts.
    pub async fn spent<F: Future>(self, clock: &dyn Clock, work: F) -> F::Output {
        let began = clock.now();
        let done = work.await;
        let took = u64::try_from(clock.now().since(began).as_millis()).unwrap_or(u64::MAX);
        with(|state| {
            let wait = &mut state.waits[self as usize];
            *wait = wait.saturating_add(took);
        });
        done
    }
}

impl Record {
    /// Begins the record of a piece of work.
    #[must_use]
    pub fn begin(clock: Arc<dyn Clock>, random: &dyn Random, invocation: Invocation) -> Self {
        let began = clock.now();
        let state = Mutex::new(State::begin(Reference::draw(random, began)));
        Self(Arc::new(Inner { clock, began, invocation, state }))
    }

    /// Begins the record of a piece of work that the present work begins: a line of its own, in the same call.
    #[must_use]
    pub fn begin_beside(clock: Arc<dyn Clock>, random: &dyn Random) -> Self {
        let invocation = CURRENT.try_with(|record| record.0.invocation.clone());
        Self::begin(clock, random, invocation.unwrap_or_default())
    }

    /// The record of the present work.
    #[must_use]
    pub fn present() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The method and the path of the request that the work answers, as the table of routes has them. Scheduled work answers
    /// none.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.0.lock().about.get(About::Route.name()).and_then(Value::as_str).map(str::to_owned)
    }

    /// Does the work with this record.
    pub fn during<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self.clone(), work)
    }

    /// Notes what the work is about.
    pub fn about(&self, what: About, value: &str) {
        self.0.lock().about.insert(what.name().to_owned(), value.into());
    }

    /// Writes the line: the request was answered.
    pub fn answered(&self, status: StatusCode) {
        self.0.lock().answered = Some(status);
        self.0.write();
    }

    /// Writes the line: the work has ended, and nobody waits for an answer.
    pub fn ended(&self) {
        self.0.write();
    }

    /// Writes the line if something was said. If not, there was nothing to do.
    pub fn ended_if_said(&self) {
        let state = self.0.lock();
        let is_said = state.outcome.is_some() || !state.notes.is_empty();
        drop(state);
        if is_said { self.ended() } else { self.dismissed() }
    }

    /// Writes no line, unless something was said: there was nothing to do.
    pub fn dismissed(&self) {
        self.0.lock().is_written = true;
    }
}

impl State {
    fn begin(reference: Reference) -> Self {
        Self {
            reference,
            about: Map::new(),
            step: None,
            outcome: None,
            notes: Vec::new(),
            waits: [0; Wait::ALL.len()],
            measures: [None; Measure::ALL.len()],
            answered: None,
            is_written: false,
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole: each entry is changed in one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) {
        let mut state = self.lock();
        let (level, line) = line::of(self, &mut state);
        state.is_written = true;
        drop(state);
        line::emit(level, line);
    }
}

/// Of a request whose caller went away, nobody else writes the line; nor what was said after it was written.
impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.lock();
        let is_all_written = state.is_written && state.outcome.is_none() && state.notes.is_empty();
        drop(state);
        if !is_all_written {
            self.write();
        }
    }
}

/// The same work, with the record of the present work: for a task of its own.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let record = Record::present();
    async move {
        match record {
            Some(record) => CURRENT.scope(record, work).await,
            None => work.await,
        }
    }
}

/// The reference of the present work.
#[must_use]
pub fn reference() -> Option<Reference> {
    CURRENT.try_with(|record| record.0.lock().reference).ok()
}

/// Goes on under the reference of what the present work turns out to belong to, if it has one.
pub fn refer(reference: Option<Reference>) {
    with(|state| state.reference = reference.unwrap_or(state.reference));
}

/// Notes the step that the work has come to. What is said from now on is said of it.
pub fn step(name: &'static str) {
    with(|state| state.step = Some(name));
}

/// Says how the work ended. Of two that say so, the later one has the last word, and the other becomes a note.
pub fn ends(said: impl Into<Remark>) {
    say(said.into(), |state, said| {
        let before = state.outcome.replace(said);
        state.notes.extend(before);
    });
}

/// Says something else of the work.
pub fn notes(said: impl Into<Remark>) {
    say(said.into(), |state, said| state.notes.push(said));
}

fn say(mut said: Remark, put: impl FnOnce(&mut State, Remark)) {
    let Some(record) = Record::present() else {
        // Outside of all work, each thing that is said is a line.
        line::emit(said.level, line::alone(said));
        return;
    };
    let mut state = record.0.lock();
    said.step = state.step;
    put(&mut state, said);
}

fn with(change: impl FnOnce(&mut State)) {
    _ = CURRENT.try_with(|record| change(&mut record.0.lock()));
}

#[cfg(test)]
mod tests;
