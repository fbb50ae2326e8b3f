//! A simulation of the whole service under faults. Everything that happens in a run is drawn from its seed: who does what
//! and when, what goes wrong, which sandboxes are killed where. So a run can be repeated exactly.
//!
//! One thread and paused time are the scheduler. The embedded database answers each request in one step, at the moment
//! at which the request was drawn to arrive.

mod authority;
mod backend;
mod book;
mod customer;
mod door;
mod draws;
mod eraser;
mod erasures;
mod follower;
mod ground;
mod image;
mod invariants;
mod life;
mod links;
mod observer;
mod trace;
mod typist;
mod weather;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use linkspan_local::database::Database;
use protocol::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub use trace::Report;

use crate::definitions::{self, INTEGRATION};
use crate::tokens::{ROOT, WORKSPACE};
use backend::Backend;
use customer::Customer;
use draws::Draws;
use ground::Ground;
use links::Link;
use typist::Typist;

/// The time between two runs of the schedule.
const SCHEDULE: Duration = Duration::from_mins(5);

/// What is still under way has arrived after this time.
const CALM: Duration = Duration::from_mins(4);

/// Does the run of this seed.
#[must_use]
pub fn run(seed: u64) -> Report {
    // The database has a runtime of its own, in real time, which ends with the run.
    let real = Runtime::new().unwrap();
    let database = real.block_on(real.spawn(async { Database::start(0, None).await.unwrap() }));
    let simulated = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let report = simulated.block_on(lived(seed, database.unwrap()));
    simulated.shutdown_background();
    real.shutdown_background();
    report
}

async fn lived(seed: u64, database: Database) -> Report {
    let ground = Ground::new(seed, database);
    ground.put(&format!("/workspaces/{WORKSPACE}"), ROOT, &definitions::workspace(WORKSPACE)).await;
    ground.put(&format!("/integrations/{INTEGRATION}"), WORKSPACE, &ground.integration()).await;
    ground.put(&format!("/integrations/{}", typist::MAIL), WORKSPACE, &definitions::api_key()).await;
    ground.begin_schedule().await;
    ground.weather.is_calm(false);

    let draws = Draws::of(seed, "run");
    let until = Instant::now() + draws.time(Duration::from_mins(30)..Duration::from_mins(90));
    let (told, disconnected) = (Arc::<Mutex<BTreeSet<String>>>::default(), Arc::default());
    let backend = |name: &str| Backend::new(&ground, name, &told, &disconnected);
    let customers = 1 + draws.below(5);
    let links: Arc<Mutex<Vec<Arc<Link>>>> = Arc::default();
    let (linker, made) = (Arc::new(backend("linker")), Arc::clone(&links));
    let mut lives: Vec<BoxFuture<()>> = vec![
        Box::pin(async move { *made.lock().unwrap() = linker.links(customers, until).await }),
        Box::pin(backend("eraser").erases(customers, until)),
        Box::pin(backend("importer").imports(customers, until)),
        Box::pin(backend("reader 1").reads(until)),
        Box::pin(backend("reader 2").reads(until)),
        Box::pin(backend("changer").changes(until)),
        Box::pin(scheduled(Arc::clone(&ground), until)),
    ];
    for number in 0..customers {
        let id = format!("user-{number}");
        lives.push(Box::pin(Typist::new(&ground, &id, &told).lives(until)));
        lives.push(Box::pin(Customer::new(&ground, id, &told).lives(until)));
    }
    let mut living = JoinSet::new();
    for life in lives {
        living.spawn(life);
    }
    while let Some(ended) = living.join_next().await {
        ground.trace.check(ended.is_ok(), || format!("somebody broke down: {ended:?}"));
        if ground.trace.is_broken() {
            return ground.trace.report(seed);
        }
    }

    ground.weather.is_calm(true);
    sleep(CALM).await;
    ground.sweep().await;
    ground.look();
    let in_the_end = backend("in the end");
    in_the_end.settles().await;
    let links = std::mem::take(&mut *links.lock().unwrap());
    in_the_end.settle_links(&links).await;
    ground.follower.knows_all();
    ground.compare();
    ground.look();
    ground.trace.report(seed)
}

async fn scheduled(ground: Arc<Ground>, until: Instant) {
    while Instant::now() < until && !ground.trace.is_broken() {
        sleep(SCHEDULE).await;
        ground.sweep().await;
        ground.look();
    }
}
