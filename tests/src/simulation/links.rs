//! Connection requests: a backend makes links, asks how they stand and cancels some; people open them, in one browser or two.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::backend::Backend;
use super::customer::{Customer, End, Flow};
use crate::Browser;
use crate::definitions::{INTEGRATION, REDIRECT_URI};
use crate::form::Form;
use crate::world::AtProvider;

/// The schedule notices the end of a request's time: one minute later, when it runs.
const NOTICED: Duration = Duration::from_mins(6);

/// A link, and what was said of it.
pub(super) struct Link {
    id: String,
    url: String,
    subject: String,
    customer: String,
    state: String,
    made: Instant,
    expires: Instant,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    /// The connections that people were told of who had opened it.
    connected: BTreeSet<String>,
    /// How it had ended when it was asked: the status, and the connection.
    ended: Option<(String, String)>,
    /// A call to cancel it was answered with success.
    is_cancelled: bool,
}

impl Backend {
    /// Makes links now and then, until this moment, and what becomes of each.
    pub(super) async fn links(self: Arc<Self>, customers: u64, until: Instant) -> Vec<Arc<Link>> {
        let (mut links, mut living) = (Vec::new(), JoinSet::new());
        loop {
            sleep(self.draws.time(Duration::from_secs(20)..Duration::from_mins(12))).await;
            if Instant::now() >= until || self.ground.trace.is_broken() {
                break;
            }
            let number = links.len();
            let Some(link) = self.makes(number, customers).await else { continue };
            let link = Arc::new(link);
            links.push(Arc::clone(&link));
            living.spawn(Arc::clone(&self).asks(Arc::clone(&link), until));
            let together = self.draws.chance(500).then(|| self.draws.time(VISIT.0..VISIT.1));
            for visitor in 0..=self.draws.below(2) {
                let name = format!("visitor {visitor} of link {number}");
                let customer = Customer::named(&self.ground, name, link.customer.clone(), self.told());
                living.spawn(customer.visits(Arc::clone(&link), together));
            }
        }
        while let Some(ended) = living.join_next().await {
            self.check(ended.is_ok(), || format!("somebody broke down: {ended:?}"));
        }
        links
    }

    async fn makes(&self, number: usize, customers: u64) -> Option<Link> {
        let customer = format!("user-{}", self.draws.below(customers));
        let (state, lifetime) = (format!("link {number}"), self.draws.time(LIVES.0..LIVES.1));
        let mut body = json!({
            "userId": customer, "integrationKey": INTEGRATION, "redirectUri": REDIRECT_URI, "customState": state,
            "expiresIn": lifetime.as_secs(),
        });
        if let Some(id) = self.a_connection().filter(|_| self.draws.chance(200)) {
            body["connectionId"] = json!(id);
        }
        let made = self.call(Method::POST, "/connection-requests", Some(&body)).await;
        if made.status.as_u16() != 201 {
            return None;
        }
        let made = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        self.ground.trace.count("links");
        self.ground.erasures.requested(&text("subject"), &customer);
        let (made, said) = (Instant::now(), Mutex::default());
        let (id, url, subject) = (text("requestId"), text("url"), text("subject"));
        Some(Link { id, url, subject, customer, state, made, expires: made + lifetime, said })
    }

    /// Asks how a link stands, until it has ended and for a while after. Cancels it, now and then.
    async fn asks(self: Arc<Self>, link: Arc<Link>, until: Instant) {
        let path = format!("/connection-requests/{}", link.id);
        while Instant::now() < until
            && Instant::now() < link.expires + NOTICED
            && !self.ground.trace.is_broken()
        {
            let left = link.expires.saturating_duration_since(Instant::now());
            let usual = self.draws.time(Duration::from_secs(1)..Duration::from_mins(2));
            // The end of its time is looked at closely.
            sleep(if left < Duration::from_secs(30) { usual / 8 } else { usual.min(left) }).await;
            if self.draws.chance(40) {
                let is_cancelled = self.call(Method::DELETE, &path, None).await.status.is_success();
                link.said.lock().unwrap().is_cancelled |= is_cancelled;
            }
            self.asks_once(&link).await;
        }
    }

    /// Asks how a link stands. It does not come back from its end, and says what its visitors were told.
    async fn asks_once(&self, link: &Link) -> Option<Value> {
        let (connected, is_cancelled) = {
            let said = link.said.lock().unwrap();
            (said.connected.clone(), said.is_cancelled)
        };
        let answer = self.call(Method::GET, &format!("/connection-requests/{}", link.id), None).await;
        if !answer.status.is_success() {
            self.check(answer.status.as_u16() != 404, || format!("{} is not found", link.state));
            return None;
        }
        let shown = answer.json();
        let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
        let (status, connection) = (text("status"), text("resultConnectionId"));
        self.ground.trace.count("links asked about");
        let is_success = status == "success";
        self.check(is_success != connection.is_empty(), || format!("{} says {shown}", link.state));
        self.check(!is_success || self.ground.follower.known(&connection).is_some(), || {
            format!("{} has succeeded with {connection}, which never was", link.state)
        });
        let is_as_told = connected.is_empty() || connected.contains(&connection);
        self.check(is_as_told, || {
            format!("{} says {status} {connection}, and told was {connected:?}", link.state)
        });
        let is_open = status == "pending";
        self.check(!is_open || !is_cancelled, || format!("{} was cancelled, and is pending", link.state));
        let mut said = link.said.lock().unwrap();
        if let Some(ended) = &said.ended {
            self.check((&ended.0, &ended.1) == (&status, &connection), || {
                format!("{} had ended by {ended:?}, and says {status} {connection}", link.state)
            });
        } else if !is_open {
            said.ended = Some((status, connection));
        }
        Some(shown)
    }

    /// In the end, what the events told is what a link says.
    pub(super) async fn settle_links(&self, links: &[Arc<Link>]) {
        for link in links {
            let Some(shown) = self.asks_once(link).await else {
                self.check(false, || format!("{} cannot be read", link.state));
                continue;
            };
            let ended = self.ground.follower.ended(&link.subject);
            let expected: &[Option<&str>] = match shown["status"].as_str().unwrap_or_default() {
                "success" => &[Some("connection-request.succeeded")],
                "cancelled" => &[Some("connection-request.cancelled")],
                "error" => &[Some("connection-request.expired")],
                _ => &[None],
            };
            let is_noticed = link.expires + NOTICED < Instant::now();
            let may_be_silent = !self.ground.erasures.may_tell_of(&link.subject)
                || self.ground.erasures.may_be_since(&link.customer, link.made)
                || (shown["status"] == "error" && !is_noticed);
            let is_told = expected.contains(&ended.as_deref()) || (ended.is_none() && may_be_silent);
            self.check(is_told, || format!("{} says {shown}, and by the events {ended:?}", link.state));
        }
    }
}

/// The times for which links serve.
const LIVES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(25));

/// The time until somebody opens a link.
const VISIT: (Duration, Duration) = (Duration::ZERO, Duration::from_mins(20));

impl Customer {
    /// Opens a link, presses its button, and goes on to the end.
    async fn visits(self, link: Arc<Link>, together: Option<Duration>) {
        let browser = Browser::new(&self.ground.functions());
        sleep(together.unwrap_or_else(|| self.draws.time(VISIT.0..VISIT.1))).await;
        for _ in 0..=self.draws.below(2) {
            self.ground.trace.count("links opened");
            let flow = Flow::of_link(&self.ground, link.state.clone(), link.made);
            let Some(at_provider) = self.opens(&browser, &link, &flow).await else { continue };
            let ended = self.at_provider(&browser, &at_provider, &flow).await;
            if let Some(End::Connected(id)) = ended {
                let mut said = link.said.lock().unwrap();
                said.connected.insert(id);
                self.check(said.connected.len() == 1, || format!("{} made {:?}", link.state, said.connected));
            }
        }
    }

    /// The link's page, and its button. Whoever is refused is so for a reason.
    async fn opens(&self, browser: &Browser, link: &Link, flow: &Flow) -> Option<AtProvider> {
        for _ in 0..4 {
            let page = browser.for_a_person().get(&link.url).await;
            self.note(format_args!("opens {}: {}", link.state, page.status));
            let answer = match page.status.as_u16() {
                200 => browser.send(Form::read(&page).submit()).await,
                _ => page,
            };
            self.note(format_args!("goes on: {} {}", answer.status, answer.header("location")));
            match answer.status.as_u16() {
                303 if answer.header("location").starts_with(REDIRECT_URI) => {
                    let end = self.end(&answer, flow);
                    self.check(!matches!(end, End::Connected(_)), || {
                        "a link that connects at once".to_owned()
                    });
                    return None;
                }
                303 => return Some(AtProvider { address: answer.away() }),
                500.. => sleep(self.draws.time(Duration::from_millis(300)..Duration::from_secs(4))).await,
                status => {
                    self.is_refused_rightly(link, status);
                    return None;
                }
            }
        }
        self.ground.trace.count("starts given up");
        None
    }

    fn is_refused_rightly(&self, link: &Link, status: u16) {
        let Self { ground, .. } = self;
        let is_over = ground.follower.ended(&link.subject).is_some() || link.expires <= Instant::now();
        let is_erased = ground.erasures.may_be_since(&self.id, link.made);
        self.check(is_over || is_erased, || format!("{} is refused with {status}, for nothing", link.state));
    }
}
