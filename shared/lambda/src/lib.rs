//! What the Lambda binaries share: the dependencies from the environment, made once, and the hand-over of requests.

mod environment;
mod handover;

use std::sync::Arc;

use flow::deps::{Deps, HttpService};

pub use lambda_http::Error;

/// Runs a handler for as long as the Lambda lives. Nothing is done before the first request that a request may not
/// need: clients connect when they are first used.
pub async fn run(mount: impl FnOnce(&Arc<Deps>) -> HttpService) -> Result<(), Error> {
    environment::log();
    let service = mount(&environment::deps().await?);
    lambda_http::run(handover::adapt(service)).await
}
