//! Which customers were erased, and when: what was there before must be gone, and what comes later may be there.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use protocol::clock::Timestamp;
use tokio::time::Instant;

use crate::clock::BEGINNING;

/// A function that erases has ended for good after this time, whether its answer was heard or not.
const LONGEST: Duration = Duration::from_mins(1);

/// One request for an erasure.
struct Erasure {
    asked: Instant,
    /// The time at which it was answered that nothing is left.
    done: Option<Instant>,
}

/// The erasures of a run, by customer.
pub(super) struct Erasures {
    began: Instant,
    of: Mutex<BTreeMap<String, Vec<Erasure>>>,
    /// The connections that customers were told of: whose, and when the first flow that ended in it began.
    told: Mutex<BTreeMap<String, (String, Instant)>>,
    /// The imports: whose, and when each was asked for.
    imported: Mutex<Vec<(String, Instant)>>,
    /// The connection requests: whose, and when each was there.
    requests: Mutex<BTreeMap<String, (String, Instant)>>,
}

impl Erasures {
    pub(super) fn none() -> Self {
        Self {
            began: Instant::now(),
            of: Mutex::default(),
            told: Mutex::default(),
            imported: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    /// This moment by the service's clock.
    fn by_the_clock(&self, at: Instant) -> Timestamp {
        BEGINNING + at.duration_since(self.began)
    }

    /// Somebody asks for an erasure.
    pub(super) fn asked(&self, customer: &str) {
        let erasure = Erasure { asked: Instant::now(), done: None };
        self.of.lock().unwrap().entry(customer.to_owned()).or_default().push(erasure);
    }

    /// The last request for it is answered: nothing is left.
    pub(super) fn done(&self, customer: &str) {
        let mut of = self.of.lock().unwrap();
        of.get_mut(customer).unwrap().last_mut().unwrap().done = Some(Instant::now());
    }

    /// The last time at which somebody asked for an erasure that was done by this moment: nothing of before is there any more.
    pub(super) fn nothing_before(&self, customer: &str, by: Instant) -> Option<Instant> {
        let of = self.of.lock().unwrap();
        let is_done = |erasure: &&Erasure| erasure.done.is_some_and(|done| done <= by);
        of.get(customer)?.iter().filter(is_done).map(|erasure| erasure.asked).max()
    }

    /// The same, by the service's clock.
    pub(super) fn nothing_made_before(&self, customer: &str) -> Option<Timestamp> {
        self.nothing_before(customer, Instant::now()).map(|at| self.by_the_clock(at))
    }

    /// True if an erasure may have been under way at this time, or later.
    pub(super) fn may_be_since(&self, customer: &str, at: Instant) -> bool {
        let of = self.of.lock().unwrap();
        of.get(customer).is_some_and(|all| all.iter().any(|erasure| erasure.asked + LONGEST >= at))
    }

    /// The same, by the service's clock.
    pub(super) fn may_be_since_then(&self, customer: &str, at: Timestamp) -> bool {
        let of = self.of.lock().unwrap();
        let ends_later = |erasure: &Erasure| self.by_the_clock(erasure.asked + LONGEST) >= at;
        of.get(customer).is_some_and(|all| all.iter().any(ends_later))
    }

    /// The time at which the first of the erasures was asked for that may be under way now.
    pub(super) fn first_under_way(&self, customer: &str) -> Option<Timestamp> {
        let of = self.of.lock().unwrap();
        let mut under_way =
            of.get(customer)?.iter().filter(|erasure| erasure.asked + LONGEST >= Instant::now());
        under_way.next().map(|erasure| self.by_the_clock(erasure.asked))
    }

    /// A customer was told that a flow, which began then, has ended in this connection.
    pub(super) fn told(&self, connection: &str, customer: &str, began: Instant) {
        let mut told = self.told.lock().unwrap();
        let (_, first) = told.entry(connection.to_owned()).or_insert_with(|| (customer.to_owned(), began));
        *first = began.min(*first);
    }

    /// Somebody imports a connection.
    pub(super) fn imports(&self, customer: &str) {
        self.imported.lock().unwrap().push((customer.to_owned(), Instant::now()));
    }

    /// True if an import of this customer's was under way then.
    pub(super) fn may_be_imported(&self, customer: &str, at: Timestamp) -> bool {
        let imported = self.imported.lock().unwrap();
        imported.iter().any(|(of, asked)| {
            let window = self.by_the_clock(*asked)..=self.by_the_clock(*asked + LONGEST);
            of == customer && window.contains(&at)
        })
    }

    /// A connection request was made.
    pub(super) fn requested(&self, subject: &str, customer: &str) {
        let made = (customer.to_owned(), Instant::now());
        self.requests.lock().unwrap().insert(subject.to_owned(), made);
    }

    /// True unless the request's customer was erased after it was made: of such a one nothing is told.
    pub(super) fn may_tell_of(&self, subject: &str) -> bool {
        let requests = self.requests.lock().unwrap();
        let Some((customer, made)) = requests.get(subject) else { return true };
        self.nothing_before(customer, Instant::now()).is_none_or(|at| at <= *made)
    }

    /// Whose the connection is that a customer was told of, if it must be gone.
    pub(super) fn must_be_gone(&self, connection: &str) -> Option<String> {
        let (customer, began) = self.told.lock().unwrap().get(connection).cloned()?;
        self.nothing_before(&customer, Instant::now()).is_some_and(|at| at > began).then_some(customer)
    }
}
