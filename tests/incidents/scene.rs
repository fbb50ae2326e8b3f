//! A deployment in which something happens, as its log tells it.

use std::time::Duration;

use flow::lifecycle::refresh;
use flow::metrics::Metrics;
use flow::webhook::Outcome;
use http::Method;
use protocol::clock::{Clock, Timestamp};
use protocol::record::Invocation;
use serde_json::{Value, json};
use tests::alarms::{STACK, Seen};
use tests::logs::Logs;
use tests::provider::Reply;
use tests::{Start, World, tokens};

/// The time of the scheduled function.
const RUN: Duration = Duration::from_secs(270);

/// The time between two runs of the schedule.
const BETWEEN_RUNS: Duration = Duration::from_mins(5);

/// Events on their way to endpoints: each with the time of its next try, and which one that is.
pub(crate) type Queue = Vec<(Timestamp, u32, Value)>;

/// A world, from the moment on at which it is looked at.
pub(crate) struct Scene {
    pub(crate) world: World,
    logs: Logs,
    began: Timestamp,
}

impl Scene {
    /// Begins to look, at a world in which the schedule has run before.
    pub(crate) async fn of(world: World) -> Self {
        let began = world.clock.now();
        world.schedule_ran(2 * BETWEEN_RUNS).await;
        Self { world, logs: Logs::record(), began }
    }

    /// A customer begins a flow, and goes as far as it leads.
    pub(crate) async fn connects(&self, customer: &str) {
        let start = Start::new().by(customer);
        let browser = self.world.browser();
        let begun = browser.send(start.form()).await;
        if begun.header("location").starts_with("https://provider.example/") {
            let at_provider = tests::world::AtProvider { address: begun.away() };
            let back = browser.get(&at_provider.consent()).await;
            browser.get(back.location()).await;
        }
    }

    /// Some runs of the schedule, and the time between them.
    pub(crate) async fn goes_on(&self, runs: usize) {
        self.goes_on_with(runs, RUN).await;
    }

    /// The same with so much time for each.
    pub(crate) async fn goes_on_with(&self, runs: usize, time: Duration) {
        for _ in 0..runs {
            self.runs(time).await;
            self.world.clock.advance(BETWEEN_RUNS);
        }
    }

    async fn runs(&self, time: Duration) {
        let invocation = Invocation { cold_start: Some(false), ..Invocation::default() };
        // What becomes of it stands in its line.
        _ = refresh::run(&self.world.deps, invocation, self.world.clock.now() + time).await;
    }

    /// Connections that are due after the next eight runs.
    pub(crate) async fn with_connections(self, count: usize) -> Self {
        for at in 0..count {
            self.connects(&format!("customer-{at}")).await;
        }
        self.goes_on(8).await;
        self
    }

    /// An endpoint of the workspace that answers so to all that it is sent.
    pub(crate) async fn has_endpoint(&self, path: &str, status: u16) {
        let token = tokens::admin(tokens::WORKSPACE);
        let endpoint = json!({ "url": format!("https://app.example{path}") });
        let made = self.world.api(Method::POST, "/webhook-endpoints", &token, Some(&endpoint)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        self.world.provider.always(path, Reply::json(status, &json!({})));
    }

    /// A run of the schedule, and the time until the next one, with what the queue of webhooks hands over in it.
    pub(crate) async fn goes_on_with_webhooks(&self, queue: &mut Queue) {
        let clock = &self.world.clock;
        let end = clock.now() + BETWEEN_RUNS;
        self.runs(RUN).await;
        queue.extend(self.world.take_events().into_iter().map(|event| (clock.now(), 1, event)));
        loop {
            queue.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
            let Some((at, attempt, event)) = queue.pop_if(|(at, ..)| *at < end) else { break };
            clock.advance(at.since(clock.now()));
            if let Outcome::Again(pause) = self.world.webhook(&event, attempt).await {
                queue.push((clock.now() + pause, attempt + 1, event));
            }
        }
        clock.advance(end.since(clock.now()));
    }

    /// What was seen so far, as the functions log it.
    pub(crate) fn seen(self) -> Seen {
        let embedding = Metrics::new(STACK, Some(tokens::ROOT.to_owned()), true);
        let mut lines = self.logs.lines();
        for line in &mut lines {
            embedding.embed(line.as_object_mut().unwrap());
        }
        Seen::of(lines, (self.began.0, self.world.clock.now().0))
    }
}
