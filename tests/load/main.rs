//! A small piece of `tests/load/run.sh`, on every run of the tests: the local run over the network, with many at once.

#![expect(clippy::unwrap_used, reason = "a test's helper fails the test")]

use linkspan_local::args::Options;
use tests::load::{Target, crowd, overload, readers};

/// A local run, and the demo provider in it. It ends with its test.
async fn local_run() -> Target {
    let running = linkspan_local::start(Options::default()).await.unwrap();
    let base = running.base.clone();
    tokio::spawn(running.serve(std::future::pending()));
    Target::prepare(&base, &base).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_that_are_made_at_once_all_end_in_a_connection_of_their_own() {
    let target = local_run().await;
    let crowd = crowd(&target, 16, 0..32, |_| {}).await;
    assert_eq!((crowd.whole.count(), crowd.errors), (32, 0), "{:?}", crowd.problems);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_come_at_once_make_one_refresh_and_all_have_what_it_brought() {
    let target = local_run().await;
    let readers = readers(&target, 50).await.unwrap();
    assert_eq!((readers.times.count(), readers.refreshes, readers.tokens.len()), (50, 1, 1), "{readers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_can_be_made_again_and_what_was_accepted_ends() {
    let target = local_run().await;
    target.limit(Some(5)).await.unwrap();
    // Instead of waiting for the minute to be over.
    let lift = async |_| target.limit(None).await;
    let overload = overload(&target, 16, 4, lift).await.unwrap();
    assert_eq!(overload.connections.len(), 16);
    assert!(overload.refused_starts > 0 && overload.rounds == 1, "{overload:?}");
}
