//! Customers and their browsers. They reload, go back, open two tabs, dawdle and give up.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use protocol::deadline::CLAIM;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::draws::Draws;
use super::ground::Ground;
use super::invariants::outcome;
use crate::answer::parameter;
use crate::definitions::REDIRECT_URI;
use crate::dump::text;
use crate::world::AtProvider;
use crate::{Answer, Browser, Start};

/// A customer who stays learns the end of the flow in this time, whatever happens: the claim dies, the longest outage
/// ends, and one request more is tried.
const END: Duration = Duration::from_secs(CLAIM.as_secs() + 60 + 60);

/// What our own page may say about a flow.
const OWN_PAGE: [&str; 4] = ["key_unavailable", "lock_timeout", "state_expired", "storage_unavailable"];

/// The events that a flow which ends in a connection sends.
const CONNECTED: [&str; 2] = ["connection.created", "connection.reconnected"];

/// A flow, as its customer sees it.
pub(super) struct Flow {
    /// The `customState` that its end must have.
    pub(super) state: String,
    /// The time at which it was asked for: a customer's erasure after that ends it.
    asked: Instant,
    /// The time at which its start was answered: what was erased since then stays so.
    verified: OnceLock<Instant>,
    /// The number of events before it.
    position: usize,
}

impl Flow {
    /// A flow that begins now.
    pub(super) fn begins(ground: &Ground, state: String) -> Self {
        Self::asked_for(ground, state, Instant::now())
    }

    /// A flow that begins now, by a link that was made then.
    pub(super) fn of_link(ground: &Ground, state: String, made: Instant) -> Self {
        let flow = Self::asked_for(ground, state, made);
        flow.verified.get_or_init(|| made);
        flow
    }

    fn asked_for(ground: &Ground, state: String, asked: Instant) -> Self {
        Self { state, asked, verified: OnceLock::new(), position: ground.follower.position() }
    }

    pub(super) fn asked(&self) -> Instant {
        self.asked
    }
}

/// How a flow ended, as its customer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Connected(String),
    Failed(String),
    /// On our own page, with this key.
    Page(String),
}

/// A customer.
pub(super) struct Customer {
    pub(super) ground: Arc<Ground>,
    pub(super) draws: Draws,
    /// Who it is, in the trace.
    name: String,
    pub(super) id: String,
    /// The connections that the customers were told of.
    told: Arc<Mutex<BTreeSet<String>>>,
}

impl Customer {
    pub(super) fn new(ground: &Arc<Ground>, id: String, told: &Arc<Mutex<BTreeSet<String>>>) -> Self {
        Self::named(ground, id.clone(), id, told)
    }

    /// A customer in one of several roles.
    pub(super) fn named(
        ground: &Arc<Ground>,
        name: String,
        id: String,
        told: &Arc<Mutex<BTreeSet<String>>>,
    ) -> Self {
        let draws = Draws::of(ground.seed, &name);
        Self { ground: Arc::clone(ground), draws, name, id, told: Arc::clone(told) }
    }

    pub(super) fn note(&self, what: impl std::fmt::Display) {
        self.ground.trace.note(&self.name, what);
    }

    pub(super) fn check(&self, holds: bool, what: impl FnOnce() -> String) {
        self.ground.trace.check(holds, || format!("{}: {}", self.name, what()));
    }

    /// Connects now and then, until this moment.
    pub(super) async fn lives(self, until: Instant) {
        let browser = Browser::new(&self.ground.functions());
        let mut flow = 0;
        loop {
            sleep(self.draws.time(Duration::from_secs(1)..Duration::from_mins(20))).await;
            if Instant::now() >= until || self.ground.trace.is_broken() {
                return;
            }
            flow += 1;
            let flow = Flow::begins(&self.ground, format!("{} flow {flow}", self.id));
            self.flow(&browser, &flow).await;
            self.ground.look();
        }
    }

    /// A start. It is repeated if nothing is heard of it.
    async fn started(&self, browser: &Browser, flow: &Flow) -> Option<AtProvider> {
        let mut start = Start::new().by(&self.id).with(&json!({ "customState": flow.state }));
        let before = self.told.lock().unwrap().iter().next_back().cloned();
        if let Some(id) = before.filter(|_| self.draws.chance(150)) {
            start = start.with(&json!({ "connectionId": id }));
        }
        for _ in 0..4 {
            let answer = browser.send(start.form()).await;
            self.note(format_args!("start: {} {}", answer.status, answer.header("location")));
            match answer.status.as_u16() {
                303 if answer.header("location").starts_with(REDIRECT_URI) => {
                    let end = self.end(&answer, flow);
                    self.check(!matches!(end, End::Connected(_)), || {
                        "a start that ends in a connection".to_owned()
                    });
                    return None;
                }
                303 => return Some(AtProvider { address: answer.away() }),
                500.. => sleep(self.draws.time(Duration::from_millis(300)..Duration::from_secs(4))).await,
                status => {
                    self.check(false, || format!("a start is answered with {status}: {}", answer.body));
                    return None;
                }
            }
        }
        self.ground.trace.count("starts given up");
        None
    }

    async fn flow(&self, browser: &Browser, flow: &Flow) {
        if let Some(at_provider) = self.started(browser, flow).await {
            self.at_provider(browser, &at_provider, flow).await;
        }
    }

    /// Goes on at the provider. Returns how the flow ended, if that was told.
    pub(super) async fn at_provider(
        &self,
        browser: &Browser,
        at_provider: &AtProvider,
        flow: &Flow,
    ) -> Option<End> {
        self.ground.trace.count("flows");
        flow.verified.get_or_init(Instant::now);
        self.ground.comes_to_provider(&self.id);
        let think = if self.draws.chance(50) { 60..1200 } else { 1..60 };
        sleep(self.draws.time(Duration::from_secs(think.start)..Duration::from_secs(think.end))).await;
        if self.draws.chance(50) {
            self.note("never comes back from the provider");
            self.ground.trace.count("flows given up");
            return None;
        }
        let callback = if self.draws.chance(70) {
            at_provider.back(&[("error", "access_denied")])
        } else {
            at_provider.back(&[("code", &self.ground.authority.consent(&at_provider.address, &self.id))])
        };
        if self.draws.chance(120) {
            let patience = self.draws.time(Duration::ZERO..Duration::from_secs(5));
            let hung_up = timeout(patience, browser.get(&callback)).await.is_err();
            self.note(format_args!("reloads the callback; hung up: {hung_up}"));
            self.ground.trace.count("reloads");
        }
        if self.draws.chance(60) {
            self.ground.trace.count("flows given up");
            return None;
        }
        let first = if self.draws.chance(150) {
            self.ground.trace.count("two tabs");
            let later = self.draws.time(Duration::ZERO..Duration::from_millis(400));
            let other = async {
                sleep(later).await;
                self.to_end(&browser.clone(), &callback, flow).await
            };
            let (one, other) = tokio::join!(self.to_end(browser, &callback, flow), other);
            self.agree(one.as_ref(), other.as_ref());
            one.or(other)
        } else {
            self.to_end(browser, &callback, flow).await
        };
        if self.draws.chance(150) {
            // Back at the provider, and a consent once more: with another code for the same flow.
            self.ground.trace.count("ways back");
            let again = self.ground.authority.consent(&at_provider.address, &self.id);
            let again = self.to_end(browser, &at_provider.back(&[("code", &again)]), flow).await;
            self.agree(first.as_ref(), again.as_ref());
            return first.or(again);
        }
        first
    }

    /// A flow has one end, however often it is asked for. Later it may be forgotten.
    fn agree(&self, one: Option<&End>, other: Option<&End>) {
        let is_left_open = |end: &End| match end {
            End::Page(_) => true,
            End::Failed(key) => key == "state_expired",
            End::Connected(_) => false,
        };
        if let (Some(one), Some(other)) = (one, other) {
            let open = is_left_open(one) || is_left_open(other);
            self.check(one == other || open, || format!("one flow ended in {one:?} and in {other:?}"));
        }
    }

    /// Follows a callback to the end of the flow.
    async fn to_end(&self, browser: &Browser, callback: &str, flow: &Flow) -> Option<End> {
        let (began, mut address) = (Instant::now(), callback.to_owned());
        while began.elapsed() < END {
            let answer = browser.get(&address).await;
            let location = answer.header("location");
            self.note(format_args!("{address}: {} {location}", answer.status));
            match answer.status.as_u16() {
                303 if location.starts_with("/connection-result/") => location.clone_into(&mut address),
                303 => {
                    let end = self.end(&answer, flow);
                    self.compare(&address, &end, flow);
                    let took = began.elapsed().as_secs();
                    self.ground.trace.longest("longest way from a callback to its end, in s", took);
                    return Some(end);
                }
                202 => sleep(Duration::from_secs(2)).await,
                500.. => sleep(self.draws.time(Duration::from_millis(300)..Duration::from_secs(4))).await,
                _ => {
                    let key = answer.json()["key"].as_str().unwrap_or_default().to_owned();
                    self.check(OWN_PAGE.contains(&key.as_str()), || format!("our own page says {key}"));
                    self.ground.trace.count("flows ended on our own page");
                    return Some(End::Page(key));
                }
            }
        }
        self.check(false, || format!("after {END:?} a flow has no end: {address}"));
        None
    }

    /// What the customer is told, at the right place.
    pub(super) fn end(&self, answer: &Answer, flow: &Flow) -> End {
        let state = flow.state.as_str();
        let url: Url = answer.away();
        let is_right = url.as_str().starts_with(&format!("{REDIRECT_URI}?"))
            && parameter(&url, "customState").as_deref() == Some(state);
        self.check(is_right, || format!("the end of {state} went to {url}"));
        match (parameter(&url, "connectionId"), parameter(&url, "errorData")) {
            (Some(id), None) => {
                self.ground.trace.count("flows ended in a connection");
                self.told.lock().unwrap().insert(id.clone());
                self.ground.erasures.told(&id, &self.id, *flow.verified.get_or_init(Instant::now));
                self.check(self.ground.follower.heard_since(flow.position, &id, &CONNECTED), || {
                    format!("{state} ended in connection {id}, and no event says so")
                });
                End::Connected(id)
            }
            (None, Some(error)) => {
                self.ground.trace.count("flows ended in an error");
                let error: serde_json::Value = serde_json::from_str(&error).unwrap();
                let key = error["key"].as_str().unwrap_or_default().to_owned();
                self.check(key != "internal" && !key.is_empty(), || format!("{state} ended in {error}"));
                let is_erased = self.ground.erasures.may_be_since(&self.id, flow.asked);
                self.check(key != "customer_erased" || is_erased, || {
                    format!("{state} says that its customer was erased, and nobody has asked for that")
                });
                End::Failed(key)
            }
            _ => {
                self.check(false, || format!("{state} ended in neither or both: {url}"));
                End::Failed(String::new())
            }
        }
    }

    /// The table says the same as the customer was told.
    fn compare(&self, address: &str, end: &End, of: &Flow) {
        let Some(flow) = address.strip_prefix("/connection-result/") else { return };
        let flow = flow.trim_end_matches('#');
        let Some(dump) = self.ground.dump() else { return };
        let stored = dump.flows.iter().find(|item| text(item, "pk") == flow).and_then(outcome);
        if stored.is_none() && self.ground.erasures.may_be_since(&self.id, of.asked) {
            return;
        }
        let same = match (end, &stored) {
            (End::Connected(id), Some(stored)) => stored["connectionId"] == json!(id),
            (End::Failed(key), Some(stored)) => stored["error"]["key"] == json!(key),
            _ => false,
        };
        self.check(same, || format!("the customer was told {end:?}, and stored is {stored:?}"));
    }
}
