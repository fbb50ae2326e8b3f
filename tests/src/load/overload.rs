//! More requests than a workspace may make in a minute: what is refused says when to come back, and what was accepted
//! ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::http::Method;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::person::{Flow, Person};
use super::{Problem, Target, customer, expect, retry_after};

/// The times that everybody comes back. Nobody needs as many.
const ROUNDS: usize = 20;

/// What became of the customers.
#[derive(Debug, Default)]
pub struct Overload {
    /// The customers.
    pub customers: usize,
    /// The connections that they have in the end, each another one.
    pub connections: BTreeSet<String>,
    /// The starts that were refused.
    pub refused_starts: usize,
    /// The reads that were refused.
    pub refused_reads: usize,
    /// How often those who were refused came back.
    pub rounds: usize,
}

/// The next request of a customer.
#[derive(Debug, Clone)]
enum Next {
    Start,
    /// Of this connection.
    Read(String),
    /// Nothing: the customer has this connection.
    Nothing(String),
}

/// Lets so many customers connect, each of whom then reads the own connection. Those who are refused come back together,
/// once `wait` has let the longest time pass that one of them was told.
///
/// `at_once` is how many of them there are at any time. With more than the database counts within a second, some requests
/// go on uncounted, and the limit is not kept.
///
/// # Errors
///
/// A flow that was accepted did not end, a connection was not there, or a refusal did not say when to come back.
pub async fn overload(
    target: &Target,
    customers: usize,
    at_once: usize,
    wait: impl AsyncFn(Duration) -> Result<(), Problem>,
) -> Result<Overload, Problem> {
    let mut all = Overload { customers, ..Overload::default() };
    let mut waiting: Vec<(usize, Next)> = (0..customers).map(|number| (number, Next::Start)).collect();
    let room = Arc::new(Semaphore::new(at_once));
    while all.rounds < ROUNDS {
        let mut asking = JoinSet::new();
        for (number, next) in waiting.drain(..) {
            let (target, room) = (target.clone(), Arc::clone(&room));
            asking.spawn(async move {
                let _one = room.acquire().await;
                (number, ask(&target, &format!("limited-{number}"), next).await)
            });
        }
        let mut longest = Duration::ZERO;
        while let Some(asked) = asking.join_next().await {
            let (number, asked) = asked.map_err(|problem| problem.to_string())?;
            let (next, later) = asked?;
            longest = longest.max(later);
            match &next {
                Next::Start => all.refused_starts += 1,
                Next::Read(_) => all.refused_reads += 1,
                Next::Nothing(connection) => {
                    all.connections.insert(connection.clone());
                    continue;
                }
            }
            waiting.push((number, next));
        }
        if waiting.is_empty() {
            return Ok(all);
        }
        all.rounds += 1;
        wait(longest).await?;
    }
    Err(format!("{} customers are still refused", waiting.len()))
}

/// Goes as far as the limit allows. Returns what is next, and how much later.
async fn ask(target: &Target, id: &str, mut next: Next) -> Result<(Next, Duration), Problem> {
    if matches!(next, Next::Start) {
        match Person::new(target).connect(id).await? {
            Flow::Connected(connection, _) => next = Next::Read(connection),
            Flow::Refused(later) => return Ok((next, later)),
        }
    }
    if let Next::Read(connection) = &next {
        let answer =
            target.api(&Method::GET, &format!("/connections/{connection}"), &customer(id), None).await?;
        if let Some(later) = retry_after(&answer)? {
            return Ok((next, later));
        }
        let found = expect(&answer, 200)?.json();
        if (&found["userId"], &found["connected"]) != (&json!(id), &json!(true)) {
            return Err(format!("{id} has another connection: {found}"));
        }
        next = Next::Nothing(connection.clone());
    }
    Ok((next, Duration::ZERO))
}
