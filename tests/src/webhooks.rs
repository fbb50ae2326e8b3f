//! Webhooks: the function that sends them, as the queue calls it.

use std::sync::Arc;
use std::time::Duration;

use flow::webhook::{Outcome, handle};
use protocol::clock::Clock;
use protocol::error::Result;
use protocol::record::{Invocation, Record};
use serde_json::Value;

use crate::World;

/// The time that the function has.
const TIME: Duration = Duration::from_secs(50);

impl World {
    /// One try of an event at each endpoint of its workspace that is due, when the event has come so often.
    pub async fn webhook(&self, event: &Value, received: u32) -> Outcome {
        self.handled(event, received).await.unwrap()
    }

    /// True if the try fails for a reason of our own, and the queue is to lay the event aside.
    pub async fn webhook_refused(&self, event: &Value, received: u32) -> bool {
        self.handled(event, received).await.is_err()
    }

    async fn handled(&self, event: &Value, received: u32) -> Result<Outcome> {
        let (deps, until) = (&self.deps, self.clock.now() + TIME);
        let record = Record::begin(Arc::clone(&deps.clock), &*deps.random, Invocation::default());
        let handled = async {
            let handled = handle(deps, &event.to_string(), received, until).await;
            handled.inspect_err(|error| error.report("a message could not be handled"))
        };
        let outcome = record.during(handled).await;
        record.ended_if_said();
        outcome
    }
}
