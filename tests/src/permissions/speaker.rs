//! Who asks AWS for something: the function whose request the present work answers, or the test itself.

use std::future::Future;
use std::sync::LazyLock;

use flow::web::routes::Function;
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

/// The function that has a route, as `GET /self`. What no function has goes to the API.
fn function(route: &str) -> Function {
    static ROUTES: LazyLock<Vec<(&str, Function)>> =
        LazyLock::new(|| api::all_routes().into_iter().map(|route| (route.path, route.function)).collect());
    let path = route.split_once(' ').map_or("", |(_, path)| path);
    ROUTES.iter().find(|(known, _)| *known == path).map_or(Function::Api, |(_, function)| *function)
}
