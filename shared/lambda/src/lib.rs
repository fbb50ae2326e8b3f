//! The common part of the Lambda binaries: dependencies from the environment, made once, and the conversion of
//! requests.

mod environment;
mod gateway_event;

use std::pin::Pin;
use std::sync::Arc;

use flow::deps::{Deps, HttpService};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use protocol::clock::Timestamp;
use serde_json::Value;

pub use lambda_http::Error;

/// Runs a handler as long as the process lives. Clients are built before the first event.
pub async fn run(mount: impl FnOnce(&Arc<Deps>) -> HttpService) -> Result<(), Error> {
    environment::log();
    let deps = environment::deps()?;
    let service = mount(&deps);
    deps.ready().await;
    lambda_runtime::run(gateway_event::adapt(service)).await
}

/// Runs a scheduled handler. It gets the time at which the function must end, and its answer goes into the log.
pub async fn run_scheduled<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(Arc<Deps>, Timestamp) -> Fut + Send + 'static,
    Fut: Future<Output = protocol::error::Result<Value>> + Send + 'static,
{
    environment::log();
    let deps = environment::deps()?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let end = Timestamp(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
        // A type of its own: the compiler counts how deep futures stand in each other.
        let handled: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(handler(Arc::clone(&deps), end));
        async {
            let answer = handled.await.inspect_err(|error| error.report("scheduled work failed"))?;
            tracing::info!(%answer, "scheduled work ended");
            Ok::<_, Error>(answer)
        }
    }))
    .await
}
