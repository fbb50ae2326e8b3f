//! Many flows at once: each thread has a runtime whose time stands still while it waits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use tokio::runtime::Builder;

use crate::Checked;
use crate::flow::{self, Steps};

/// A debug build's futures are large.
const STACK: usize = 64 * 1024 * 1024;

/// One option of a connector.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) connector: String,
    /// The whole definition, without what is about the connector.
    pub(crate) definition: Value,
    pub(crate) place: usize,
}

impl Subject {
    /// The option.
    pub(crate) fn option(&self) -> &Value {
        &self.definition["authOptions"][self.place]
    }

    /// The option's key.
    pub(crate) fn option_key(&self) -> &str {
        self.option()["key"].as_str().unwrap_or_default()
    }
}

/// Every option of every connector.
pub(crate) fn all() -> Vec<Subject> {
    let connectors = catalogue::all().map(|connector| {
        let mut definition = Value::Object(connector.details().definition);
        definition["key"] = connector.key.into();
        definition
    });
    connectors
        .flat_map(|definition| {
            let options = definition["authOptions"].as_array().map_or(0, Vec::len);
            let connector = definition["key"].as_str().unwrap_or_default().to_owned();
            (0..options).map(move |place| Subject {
                connector: connector.clone(),
                definition: definition.clone(),
                place,
            })
        })
        .collect()
}

/// Goes the whole way of one option in a world of its own, on a definition that is `put`.
pub(crate) fn one(subject: &Subject, put: &Value, most_rounds: usize) -> Checked<Steps> {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let flow = async {
        let world = flow::world().await;
        flow::whole(&world, subject, put, most_rounds).await
    };
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(flow)));
    result.unwrap_or_else(|_| Err("the test itself ended".to_owned()))
}

/// The result of each job, in the jobs' order.
pub(crate) fn each<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            let worker = || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let result = work(job);
                    results.lock().unwrap().insert(at, result);
                }
            };
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker).unwrap();
        }
    });
    results.into_inner().unwrap().into_values().collect()
}
