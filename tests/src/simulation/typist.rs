//! Customers who connect by an API key, on our own form; and a backend that brings credentials along.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::backend::Backend;
use super::customer::{Customer, Flow};
use super::ground::Ground;
use crate::definitions::{self, INTEGRATION, REDIRECT_URI};
use crate::form::Form;
use crate::tokens::WORKSPACE;
use crate::{Answer, Browser, Start};

/// The integration whose credentials are what the customer enters.
pub(super) const MAIL: &str = "mail";

/// The id of [`MAIL`].
pub(super) fn mail_id() -> String {
    definitions::integration_id(WORKSPACE, MAIL)
}

/// An API key of this customer's. The provider knows some of them.
fn key(customer: &str, number: u64) -> String {
    format!("{customer}/{number}")
}

/// True if the provider knows this API key.
pub(super) fn is_known(key: &str) -> bool {
    key.rsplit_once('/')
        .and_then(|(_, number)| number.parse::<u64>().ok())
        .is_some_and(|number| number % 4 != 0)
}

/// A customer at a form.
pub(super) struct Typist {
    customer: Customer,
    keys: Mutex<u64>,
}

impl Typist {
    pub(super) fn new(ground: &Arc<Ground>, id: &str, told: &Arc<Mutex<BTreeSet<String>>>) -> Self {
        let customer = Customer::named(ground, format!("{id} at a form"), id.to_owned(), told);
        Self { customer, keys: Mutex::default() }
    }

    /// Connects now and then, until this moment.
    pub(super) async fn lives(self, until: Instant) {
        let Customer { ground, draws, .. } = &self.customer;
        let browser = Browser::new(&ground.functions()).for_a_person();
        let mut flow = 0;
        loop {
            sleep(draws.time(Duration::from_secs(5)..Duration::from_mins(40))).await;
            if Instant::now() >= until || ground.trace.is_broken() {
                return;
            }
            flow += 1;
            let flow = Flow::begins(ground, format!("{} form {flow}", self.customer.id));
            self.flow(&browser, &flow).await;
            ground.look();
        }
    }

    /// The next key: one that the provider knows, or not.
    fn entered(&self) -> Value {
        let mut keys = self.keys.lock().unwrap();
        *keys += 1;
        json!({ "subdomain": "acme", "apiKey": key(&self.customer.id, *keys) })
    }

    async fn flow(&self, browser: &Browser, flow: &Flow) {
        let Customer { ground, draws, id, .. } = &self.customer;
        let mut start =
            Start::new().by(id).with(&json!({ "integrationKey": MAIL, "customState": flow.state }));
        if draws.chance(300) {
            start = start.with(&json!({ "connectionParameters": self.entered() }));
        }
        let mut answer = browser.send(start.form()).await;
        ground.trace.count("forms");
        for _ in 0..6 {
            self.customer.note(format_args!("form: {} {}", answer.status, answer.header("location")));
            answer = match answer.status.as_u16() {
                303 => {
                    self.ended(&answer, flow);
                    return;
                }
                200 => {
                    let entered = self.entered();
                    sleep(draws.time(Duration::from_secs(1)..Duration::from_secs(90))).await;
                    let form = Form::with(&answer, "input/apiKey")
                        .fill("input/subdomain", "acme")
                        .fill("input/apiKey", entered["apiKey"].as_str().unwrap());
                    let sent = form.submit();
                    let (head, body) = sent.into_parts();
                    let again = || http::Request::from_parts(head.clone(), body.clone());
                    let first = browser.send(again()).await;
                    // An impatient customer reloads.
                    if first.status.is_server_error() || draws.chance(100) {
                        browser.send(again()).await
                    } else {
                        first
                    }
                }
                500.. => {
                    sleep(draws.time(Duration::from_millis(300)..Duration::from_secs(4))).await;
                    browser.send(start.form()).await
                }
                status => {
                    let is_erased = ground.erasures.may_be_since(id, flow.asked());
                    // What was sent twice has ended, or is under way.
                    let is_so = matches!(status, 202 | 409 | 410) || is_erased;
                    self.customer
                        .check(is_so, || format!("a form is answered with {status}: {}", answer.body));
                    return;
                }
            };
        }
        ground.trace.count("starts given up");
    }

    fn ended(&self, answer: &Answer, flow: &Flow) {
        let location = answer.header("location");
        self.customer.check(location.starts_with(REDIRECT_URI), || format!("a form leads to {location}"));
        self.customer.end(answer, flow);
    }
}

impl Backend {
    /// A connection's API key is one that its customer has entered, and that the provider knows.
    pub(super) fn reads_key(&self, connection: &Value) {
        let key = connection["credentials"]["apiKey"].as_str().unwrap_or_default();
        let (id, customer) = (&connection["id"], connection["userId"].as_str().unwrap_or_default());
        if key.is_empty() {
            self.check(self.was_disconnected(id.as_str().unwrap_or_default()), || {
                format!("connection {id} has no key")
            });
            return;
        }
        self.ground.trace.count("API keys read");
        let is_its = key.split_once('/').is_some_and(|(of, _)| of == customer);
        self.check(is_its && is_known(key), || format!("connection {id} of {customer} has the key {key}"));
    }

    /// Brings credentials along that it has of its customers, now and then.
    pub(super) async fn imports(self, customers: u64, until: Instant) {
        loop {
            sleep(self.draws.time(Duration::from_mins(4)..Duration::from_mins(40))).await;
            if Instant::now() >= until || self.ground.trace.is_broken() {
                return;
            }
            let customer = format!("user-{}", self.draws.below(customers));
            self.import(&customer).await;
            self.ground.look();
        }
    }

    async fn import(&self, customer: &str) {
        let position = self.ground.follower.position();
        let credentials = self.ground.authority.grants(customer);
        let body = json!({ "userId": customer, "integrationKey": INTEGRATION, "credentials": credentials });
        self.ground.erasures.imports(customer);
        let made = self.call(Method::POST, "/connections", Some(&body)).await;
        if made.status.as_u16() != 201 {
            return;
        }
        self.ground.trace.count("imports");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        self.ground.erasures.told(&id, customer, Instant::now());
        self.check(self.ground.follower.heard_since(position, &id, &["connection.created"]), || {
            format!("connection {id} was imported, and no event says so")
        });
        self.told().lock().unwrap().insert(id);
    }
}
