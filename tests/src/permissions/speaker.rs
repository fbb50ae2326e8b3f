//! Who asks AWS for something: the function whose request the present work answers, or the test itself.

use std::future::Future;
use std::sync::LazyLock;

use flow::web::routes::{Function, Route};
use flow::webhook::WORK as WEBHOOKS;
use protocol::record::Record;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The function of this name.
    Function(&'static str),
    /// The test, as anyone with access to the tables.
    Test,
}

tokio::task_local! {
    static SPEAKER: Speaker;
}

/// Does by the test's own hand what no function does.
pub async fn by_hand<F: Future>(work: F) -> F::Output {
    SPEAKER.scope(Speaker::Test, work).await
}

/// Does work as the scheduled function.
pub async fn as_refresh<F: Future>(work: F) -> F::Output {
    SPEAKER.scope(Speaker::Function("refresh"), work).await
}

/// Who asks at present. Work that goes on in a task of its own has the record of the request that began it.
#[must_use]
pub fn speaker() -> Option<Speaker> {
    SPEAKER.try_with(|speaker| *speaker).ok().or_else(|| {
        // Scheduled work has no route, and that of a queue the queue's.
        let route = Record::present()?.route();
        Some(Speaker::Function(match route.as_deref() {
            None => "refresh",
            Some(WEBHOOKS) => "webhooks",
            Some(route) => function(route).name(),
        }))
    })
}

/// The function that has a route, as `GET /self`. A method that a path does not have goes to the path's first function, and
/// what no function has goes to the API.
fn function(route: &str) -> Function {
    static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(api::all_routes);
    let (method, path) = route.split_once(' ').unwrap_or_default();
    let of_path = || ROUTES.iter().filter(|known| known.path == path);
    let found = of_path().find(|known| known.method == method).or_else(|| of_path().next());
    found.map_or(Function::Api, |found| found.function)
}
