//! Whole flows, so many at once.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::person::{Flow, Person, STEPS};
use super::times::{HEADINGS, RULE, Times};
use super::{Problem, Target};

/// The errors that are kept in words.
const SHOWN: usize = 5;

/// What became of the flows.
#[derive(Debug, Default)]
pub struct Crowd {
    at_once: usize,
    took: Duration,
    /// The whole flows that ended in a connection.
    pub whole: Times,
    steps: [Times; STEPS.len()],
    /// The flows that did not.
    pub errors: usize,
    /// The first of them.
    pub problems: Vec<Problem>,
}

/// Makes a flow for each of these numbers, `at_once` of them at any time. `done` is told of each that is over.
///
/// Each person makes a flow before, to sign in at the provider: it counts among the errors, and not among the times.
pub async fn crowd(
    target: &Target,
    at_once: usize,
    numbers: Range<usize>,
    done: impl Fn(usize) + Clone + Send + 'static,
) -> Crowd {
    let next = Arc::new(AtomicUsize::new(numbers.start));
    let mut people = JoinSet::new();
    for person in 0..at_once {
        let (target, next, end, done) = (target.clone(), Arc::clone(&next), numbers.end, done.clone());
        let own = format!("person-{}-{at_once}-{person}", numbers.start);
        people.spawn(async move {
            let mut crowd = Crowd::default();
            let mut person = Person::new(&target);
            crowd.note(person.connect(&own).await, false);
            let since = Instant::now();
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= end {
                    break;
                }
                crowd.note(person.connect(&format!("customer-{number}")).await, true);
                done(number);
            }
            crowd.took = since.elapsed();
            crowd
        });
    }
    let mut all = Crowd { at_once, ..Crowd::default() };
    people.join_all().await.into_iter().for_each(|crowd| all.add(crowd));
    all
}

impl Crowd {
    fn note(&mut self, flow: Result<Flow, Problem>, counts: bool) {
        match flow {
            Ok(Flow::Connected(_, took)) if counts => {
                self.whole.add(took.iter().sum());
                self.steps.iter_mut().zip(took).for_each(|(times, took)| times.add(took));
            }
            Ok(Flow::Connected(..)) => {}
            Ok(Flow::Refused(_)) => self.fail("a start was refused, and there is no limit".to_owned()),
            Err(problem) => self.fail(problem),
        }
    }

    fn fail(&mut self, problem: Problem) {
        self.errors += 1;
        self.problems.push(problem);
        self.problems.truncate(SHOWN);
    }

    fn add(&mut self, other: Self) {
        self.took = self.took.max(other.took);
        self.whole.extend(other.whole);
        self.steps.iter_mut().zip(other.steps).for_each(|(times, others)| times.extend(others));
        self.errors += other.errors;
        self.problems.extend(other.problems);
        self.problems.truncate(SHOWN);
    }

    /// The flows and their steps, as a table. The service used so much processor time for them, the people's first flows
    /// included.
    #[must_use]
    pub fn table(&self, processor: Duration) -> String {
        let flows = self.whole.count();
        let number = f64::from(u32::try_from(flows).unwrap());
        let head = format!(
            "**{} flows at once: {flows} flows, {} errors, {:.0} flows a second, {:.1} ms of processor time each**",
            self.at_once,
            self.errors,
            number / self.took.as_secs_f64(),
            processor.as_secs_f64() * 1000.0 / (number + f64::from(u32::try_from(self.at_once).unwrap()))
        );
        let mut lines = vec![head, String::new(), format!("|  |{HEADINGS}"), format!("| --- |{RULE}")];
        lines.push(format!("| whole flow |{}", self.whole.cells()));
        lines.extend(
            STEPS.iter().zip(&self.steps).map(|(step, times)| format!("| {step} |{}", times.cells())),
        );
        lines.join("\n")
    }
}
