//! The events about connections, as they leave the database: on AWS through an EventBridge pipe, here through the
//! same filter and transformer.

pub mod log;
pub mod pipe;
pub mod stream;

use std::time::Duration;

use crate::Problem;
use log::Log;
use pipe::Pipe;
use stream::Stream;

/// The pause before the stream is read again. A pipe reads four times a second too.
const PAUSE: Duration = Duration::from_millis(250);

/// Writes the stream's events to the log, until the log is closed.
pub(crate) async fn follow(mut stream: Stream, pipe: Pipe, log: Log) -> Result<(), Problem> {
    let mut ticks = tokio::time::interval(PAUSE);
    while !log.is_closed() {
        ticks.tick().await;
        for record in stream.read()? {
            if let Some(event) = pipe.event(&record)? {
                log.push(event);
            }
        }
    }
    Ok(())
}
