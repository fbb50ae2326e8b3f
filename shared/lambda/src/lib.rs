//! The common part of the Lambda binaries: dependencies from the environment, made once, and the conversion of
//! requests.

mod environment;
mod gateway_event;
mod log;
mod origin;
mod queue;
mod root_secret;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flow::deps::{Deps, HttpService};
use flow::webhook::Outcome;
use lambda_http::lambda_runtime::{self, Context, LambdaEvent, service_fn};
use origin::Origin;
use protocol::clock::Timestamp;
use protocol::record::Invocation;
use queue::Queue;
use serde_json::Value;

pub use gateway_event::adapt;
pub use lambda_http::Error;
pub use queue::Message;

/// Runs a handler as long as the process lives. Clients are built before the first event.
pub async fn run(mount: impl FnOnce(&Arc<Deps>) -> HttpService) -> Result<(), Error> {
    log::init(environment::metrics()?);
    serve(environment::deps(None)?, mount).await
}

/// The same for a handler that verifies root tokens.
pub async fn run_with_root_secret(mount: impl FnOnce(&Arc<Deps>) -> HttpService) -> Result<(), Error> {
    log::init(environment::metrics()?);
    serve(environment::deps(root_secret::from_environment()?)?, mount).await
}

async fn serve(deps: Arc<Deps>, mount: impl FnOnce(&Arc<Deps>) -> HttpService) -> Result<(), Error> {
    let service = Origin::from_environment()?.guard(mount(&deps));
    deps.ready().await;
    lambda_runtime::run(gateway_event::adapt(service)).await
}

/// Runs a scheduled handler. It gets what Lambda tells of the call, and the time at which the function must end.
pub async fn run_scheduled<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(Arc<Deps>, Invocation, Timestamp) -> Fut + Send + 'static,
    Fut: Future<Output = protocol::error::Result<Value>> + Send + 'static,
{
    log::init(environment::metrics()?);
    let deps = environment::deps(None)?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let end = Timestamp(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
        // A type of its own: the compiler counts how deep futures stand in each other.
        let invocation = invocation(&event.context);
        let handled: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(handler(Arc::clone(&deps), invocation, end));
        async { Ok::<_, Error>(handled.await?) }
    }))
    .await
}

/// Runs a handler of a queue's messages. It gets a message, and the time at which its work must end; it says whether the
/// message is to come again.
pub async fn run_queue<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(Arc<Deps>, Message, Timestamp) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = protocol::error::Result<Outcome>> + Send + 'static,
{
    log::init(environment::metrics()?);
    let deps = environment::deps(None)?;
    let queue = Arc::new(Queue::from_environment()?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let end = Timestamp(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
        let invocation = invocation(&event.context);
        let (deps, handler, until) = (&deps, &handler, end - TIME_TO_NOTE);
        let handler = move |message| handler(Arc::clone(deps), message, until);
        let seams = (&deps.clock, &deps.random);
        let handled: Pin<Box<dyn Future<Output = _> + Send + '_>> =
            Box::pin(queue::handle(seams, &queue, handler, event.payload, invocation));
        handled
    }))
    .await
}

/// The time that is left, when the last call ends, for noting what came of it.
const TIME_TO_NOTE: Duration = Duration::from_secs(10);

/// What Lambda tells of a call.
fn invocation(context: &Context) -> Invocation {
    static IS_WARM: AtomicBool = AtomicBool::new(false);
    Invocation {
        request_id: Some(context.request_id.clone()),
        xray_trace_id: context.xray_trace_id.clone(),
        cold_start: Some(!IS_WARM.swap(true, Ordering::Relaxed)),
    }
}
