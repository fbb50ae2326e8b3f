//! Webhooks of the local run: what a queue keeps on AWS waits in memory here.

use std::sync::Arc;
use std::time::Duration;

use flow::deps::Deps;
use flow::webhook::{self, Outcome};
use protocol::record::{Invocation, Record};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

/// The time that one try may take at all endpoints.
const TIME: Duration = Duration::from_mins(1);

/// Sends each event, until there are no more.
pub(crate) async fn send(deps: Arc<Deps>, mut events: UnboundedReceiver<Value>) {
    while let Some(event) = events.recv().await {
        tokio::spawn(tried(Arc::clone(&deps), event.to_string()));
    }
}

async fn tried(deps: Arc<Deps>, event: String) {
    for received in 1.. {
        let record = Record::begin(Arc::clone(&deps.clock), &*deps.random, Invocation::default());
        let until = deps.clock.now() + TIME;
        let handled = record.during(async {
            let handled = webhook::handle(&deps, &event, received, until).await;
            handled.inspect_err(|error| error.report("a message could not be handled"))
        });
        let handled = handled.await;
        record.ended_if_said();
        match handled {
            Ok(Outcome::Again(pause)) => tokio::time::sleep(pause).await,
            Ok(Outcome::Done) | Err(_) => return,
        }
    }
}
