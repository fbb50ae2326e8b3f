//! The events about connections, as they leave the database: on AWS through an EventBridge pipe, here through the
//! same filter and transformer.

pub mod log;
pub mod pipe;
pub mod stream;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::Problem;
use log::Log;
use pipe::Pipe;
use stream::Stream;

/// The pause before the stream is read again. A pipe reads four times a second too.
const PAUSE: Duration = Duration::from_millis(250);

/// Writes the stream's events to the log, and hands them to the webhooks, until the log is closed.
pub(crate) async fn follow(
    mut stream: Stream,
    pipe: Pipe,
    log: Log,
    webhooks: UnboundedSender<Value>,
) -> Result<(), Problem> {
    let mut ticks = tokio::time::interval(PAUSE);
    while !log.is_closed() {
        ticks.tick().await;
        for record in stream.read()? {
            if let Some(event) = pipe.event(&record)? {
                // Nobody hears it only when the run is over.
                _ = webhooks.send(event.clone());
                log.push(event);
            }
        }
    }
    Ok(())
}
