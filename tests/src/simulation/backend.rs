//! The team's backend, which reads and changes connections, and what must be true of them in the end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::authority::numbers;
use super::book::Lost;
use super::draws::Draws;
use super::follower::Known;
use super::ground::Ground;
use super::typist::mail_id;
use crate::Answer;
use crate::dump::text;
use crate::tokens::{WORKSPACE, admin};

/// How much earlier than the provider's end credentials may look ended to us, and the other way round: an answer takes so
/// long at most.
const TRANSIT: Duration = Duration::from_secs(22);

/// What no request of this backend may be refused with: it makes no mistakes, so these would be ours.
const OURS: [&str; 5] =
    ["access_denied", "configuration_invalid", "internal", "request_malformed", "token_invalid"];

/// A backend.
pub(super) struct Backend {
    pub(super) ground: Arc<Ground>,
    pub(super) draws: Draws,
    name: String,
    told: Arc<Mutex<BTreeSet<String>>>,
    /// The connections that were disconnected on request.
    disconnected: Arc<Mutex<BTreeSet<String>>>,
}

impl Backend {
    pub(super) fn new(
        ground: &Arc<Ground>,
        name: &str,
        told: &Arc<Mutex<BTreeSet<String>>>,
        disconnected: &Arc<Mutex<BTreeSet<String>>>,
    ) -> Self {
        let draws = Draws::of(ground.seed, name);
        Self {
            ground: Arc::clone(ground),
            draws,
            name: name.to_owned(),
            told: Arc::clone(told),
            disconnected: Arc::clone(disconnected),
        }
    }

    pub(super) fn check(&self, holds: bool, what: impl FnOnce() -> String) {
        self.ground.trace.check(holds, || format!("{}: {}", self.name, what()));
    }

    /// The connections that the customers were told of.
    pub(super) fn told(&self) -> &Arc<Mutex<BTreeSet<String>>> {
        &self.told
    }

    pub(super) fn a_connection(&self) -> Option<String> {
        let told: Vec<String> = self.told.lock().unwrap().iter().cloned().collect();
        let at = usize::try_from(self.draws.below(told.len() as u64)).unwrap();
        told.get(at).cloned()
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let answer = self.ground.api(method.clone(), path, &admin(WORKSPACE), body).await;
        let key = refusal(&answer);
        self.ground.trace.note(&self.name, format_args!("{method} {path}: {} {key}", answer.status));
        let is_gateways = matches!(answer.status.as_u16(), 502 | 503) && key.is_empty();
        self.check(
            answer.status.is_success() || is_gateways || (!key.is_empty() && !OURS.contains(&key.as_str())),
            || format!("{method} {path} is refused: {} {}", answer.status, answer.body),
        );
        answer
    }

    /// True if somebody has asked to disconnect it.
    pub(super) fn was_disconnected(&self, id: &str) -> bool {
        self.disconnected.lock().unwrap().contains(id)
    }

    /// Reads secrets, until this moment.
    pub(super) async fn reads(self, until: Instant) {
        while Instant::now() < until && !self.ground.trace.is_broken() {
            sleep(self.draws.time(Duration::from_secs(1)..Duration::from_mins(6))).await;
            if let Some(id) = self.a_connection() {
                self.read(&id).await;
            }
        }
    }

    /// Reads the secrets of a connection. They are none older than what any caller has seen before, and have not ended.
    async fn read(&self, id: &str) -> Option<Value> {
        let (newest, arrived) = (self.ground.book.newest(id), Instant::now());
        let (position, known) = (self.ground.follower.position(), self.ground.follower.known(id));
        let gone = self.ground.erasures.must_be_gone(id);
        let answer = self.call(Method::GET, &format!("/connections/{id}?includeSecrets=true"), None).await;
        if !answer.status.is_success() {
            return None;
        }
        self.ground.trace.count("credentials read");
        self.check(known != Some(Known::Erased) && gone.is_none(), || {
            format!("connection {id} is read, and its customer was erased before")
        });
        let connection = answer.json();
        if connection["integrationId"] == *mail_id() {
            self.reads_key(&connection);
            return Some(connection);
        }
        let token = connection["credentials"]["access_token"].as_str().unwrap_or_default();
        let Some((family, issue)) = numbers(token) else {
            self.check(self.was_disconnected(id), || format!("connection {id} has no credentials"));
            return Some(connection);
        };
        self.check(issue >= newest, || {
            format!("connection {id} shows {token}, and a caller has seen number {newest} before")
        });
        self.ground.book.saw(id, (family, issue), position);
        self.is_of_later(id, family, arrived);
        let is_usable = connection["connected"] == true && connection["archivedAt"].is_null();
        let is_good = self.ground.authority.end_of(token).is_some_and(|end| end + TRANSIT >= arrived);
        self.check(!is_usable || is_good, || format!("connection {id} shows {token}, which had ended"));
        Some(connection)
    }

    /// Credentials that were read are of a grant that was made after its customer was last erased.
    fn is_of_later(&self, id: &str, family: usize, arrived: Instant) {
        let erasures = &self.ground.erasures;
        let is_later = self.ground.authority.look_at(family, |family, _| {
            let erased = erasures.nothing_before(&family.customer, arrived);
            erased.is_none_or(|at| family.made.is_some_and(|made| made >= at))
        });
        self.check(is_later != Some(false), || {
            format!("connection {id} shows the grant {family}, whose customer was erased before")
        });
    }

    /// Refreshes, names, archives, restores and disconnects connections, until this moment.
    pub(super) async fn changes(self, until: Instant) {
        let mut names = 0;
        while Instant::now() < until && !self.ground.trace.is_broken() {
            sleep(self.draws.time(Duration::from_secs(5)..Duration::from_mins(8))).await;
            let Some(id) = self.a_connection() else { continue };
            let path = format!("/connections/{id}");
            let before =
                Before { position: self.ground.follower.position(), known: self.ground.follower.known(&id) };
            match self.draws.below(21) {
                0..8 => drop(self.call(Method::POST, &format!("{path}/refresh-credentials"), None).await),
                8..12 => {
                    names += 1;
                    let name = json!({ "name": format!("Name {names}") });
                    if self.call(Method::PATCH, &path, Some(&name)).await.status.is_success() {
                        self.is_named(&id, &name["name"]);
                        self.is_told(&id, before, "connection.updated", |_| false);
                    }
                }
                12..15 => {
                    if self.call(Method::DELETE, &path, None).await.status.is_success() {
                        self.is_archived(&id);
                        self.is_told(&id, before, "connection.deleted", |known| known == Known::Archived);
                    }
                }
                15..19 => {
                    if self.call(Method::POST, &format!("{path}/restore"), None).await.status.is_success() {
                        let was_live = |known| matches!(known, Known::Live { .. });
                        self.is_told(&id, before, "connection.updated", was_live);
                    }
                }
                19 => {
                    self.disconnected.lock().unwrap().insert(id.clone());
                    if self.call(Method::POST, &format!("{path}/disconnect"), None).await.status.is_success()
                    {
                        // Nobody hears that an archived one was disconnected.
                        let was_archived = |known| known == Known::Archived;
                        let is_archived =
                            self.ground.follower.heard_since(before.position, &id, &["connection.deleted"]);
                        let name = if is_archived { "connection.deleted" } else { "connection.disconnected" };
                        self.is_told(&id, before, name, was_archived);
                    }
                }
                _ => {
                    let erasing = format!("{path}?erase=true");
                    if self.call(Method::DELETE, &erasing, None).await.status.is_success() {
                        self.is_told(&id, before, "connection.erased", |_| false);
                    }
                }
            }
            self.ground.look();
        }
    }

    /// A call has succeeded: its event was sent, unless the connection was like that before.
    fn is_told(&self, id: &str, before: Before, name: &str, was_so: impl FnOnce(Known) -> bool) {
        let is_told = self.ground.follower.heard_since(before.position, id, &[name]);
        self.check(is_told || before.known.is_some_and(was_so), || {
            format!("a call has succeeded, and of {id} there was no {name}")
        });
    }

    fn is_named(&self, id: &str, name: &Value) {
        let Some(dump) = self.ground.dump() else { return };
        let item = dump.connections.iter().find(|item| text(item, "pk") == id);
        let record: Option<Value> = item.and_then(|item| serde_json::from_str(text(item, "record")).ok());
        self.check(record.is_some_and(|record| record["name"] == *name), || {
            format!("connection {id} was named {name}, and is not")
        });
    }

    fn is_archived(&self, id: &str) {
        let Some(dump) = self.ground.dump() else { return };
        let is_live = dump.live_connections().into_iter().any(|item| text(item, "pk") == id);
        self.check(!is_live, || format!("connection {id} was archived, and is live"));
    }

    /// In the end, when nothing goes wrong any more: each live connection has the newest credentials, or says why not.
    pub(super) async fn settles(&self) {
        let Some(dump) = self.ground.dump() else { return };
        for item in dump.live_connections() {
            let id = text(item, "pk");
            let read = self.read(id).await;
            let read = if read.is_some() { read } else { self.shown(id).await };
            let Some(connection) = read else {
                self.check(false, || format!("connection {id} cannot be read"));
                continue;
            };
            if !self.was_disconnected(id) && text(item, "integration") != mail_id() {
                self.settled(id, &connection);
            }
        }
    }

    async fn shown(&self, id: &str) -> Option<Value> {
        let answer = self.call(Method::GET, &format!("/connections/{id}"), None).await;
        answer.status.is_success().then(|| answer.json())
    }

    fn settled(&self, id: &str, connection: &Value) {
        let key = connection["error"]["key"].as_str().unwrap_or_default();
        let is_connected = connection["connected"] == true;
        let token = connection["credentials"]["access_token"].as_str().unwrap_or_default();
        let Some((family, issue)) = numbers(token) else {
            self.check(false, || format!("connection {id} shows no credentials: {connection}"));
            return;
        };
        let judged = self.ground.authority.look_at(family, |family, rotations| {
            let last = rotations.last().map(|rotation| self.ground.book.lost(rotation, id));
            let reused = rotations.iter().find(|rotation| rotation.was_reused);
            (
                family.issue,
                family.is_revoked,
                last,
                reused.map(|rotation| self.ground.book.lost(rotation, id)),
            )
        });
        let Some((newest, is_revoked, last, reused)) = judged else { return };
        self.ground.trace.note(
            &self.name,
            format_args!("{id}: {token} of {newest}, connected: {is_connected}, {key}, {last:?}, {reused:?}"),
        );
        self.check(is_connected || is_revoked, || {
            format!("connection {id} is disconnected for nothing: {key}")
        });
        self.check(!is_connected || issue == newest || last != Some(Lost::Without), || {
            format!("connection {id} has {token}, number {newest} was issued, and nothing explains that")
        });
        let Some(lost) = reused else { return };
        self.ground.trace.count(match lost {
            Lost::Unheard => "grants lost: the provider's answer was not heard",
            Lost::Killed => "grants lost: killed before the save",
            Lost::Unsaved => "grants lost: the database took no save",
            Lost::Without => "grants lost: without a reason",
        });
        self.check(lost != Lost::Without, || {
            format!("connection {id} has shown a rotated token again: {token}")
        });
        let says = match lost {
            Lost::Unheard => key == "access_token_expired" || key == "refresh_interrupted",
            _ => key == "refresh_interrupted",
        };
        self.check(is_connected || says, || {
            format!("connection {id} has lost its grant ({lost:?}), and says {key}")
        });
    }
}

/// What was known of a connection before a call.
#[derive(Clone, Copy)]
struct Before {
    position: usize,
    known: Option<Known>,
}

/// The key of a refusal; empty where there is none.
fn refusal(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["key"].as_str().unwrap_or_default().to_owned()
}
