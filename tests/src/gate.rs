//! A gate in front of the wire: it decides for each request when it arrives, what becomes of it, and when its answer is
//! heard. What goes through it happens in the same order in each run.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use protocol::BoxFuture;

use crate::wire::{AwsRequest, Fault, REAL_TIME, Wire};

/// The time that the production client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The fate of one request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passage {
    /// The time until it arrives.
    pub before: Duration,
    /// What goes wrong with it.
    pub fault: Option<Fault>,
    /// The time until its answer is heard.
    pub after: Duration,
    /// It is delivered by itself so much later: once more, or, if its fault kept it back, for the first time.
    pub again: Option<Duration>,
}

/// Decides what becomes of requests.
pub trait Gate: Send + Sync {
    /// Says what becomes of a request. It returns never if whoever sends it is dead.
    fn enter<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Passage>;

    /// A request was carried out, and this is the answer's status.
    fn carried_out(&self, request: &AwsRequest, status: u16);

    /// Lets the answer of a request be heard. It returns never if whoever waits for it is dead.
    fn leave<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, ()>;
}

/// Runs `future` in real time, and nothing else meanwhile: so the order of all that happens is the same in each run. It
/// is an error if the future panics.
pub fn at_once<F>(future: F) -> Result<F::Output, std::sync::mpsc::RecvError>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (send, receive) = std::sync::mpsc::channel();
    REAL_TIME.spawn(async move {
        let _ = send.send(future.await);
    });
    receive.recv()
}

/// Sends a request through a gate. Once it has entered, it arrives even if nobody waits for it any more, as on a network.
pub(crate) async fn through(
    gate: Arc<dyn Gate>,
    wire: Wire,
    asked: AwsRequest,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let passage = gate.enter(&asked).await;
    if let Some(again) = passage.again {
        let (gate, wire, asked) = (Arc::clone(&gate), wire.clone(), asked.clone());
        let request = request.try_clone().unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(again).await;
            if let Ok(answer) = wire.answered(None, &asked, request).await {
                gate.carried_out(&asked, answer.status().as_u16());
            }
        });
    }
    let arrives = {
        let (gate, asked) = (Arc::clone(&gate), asked.clone());
        async move {
            tokio::time::sleep(passage.before).await;
            let answer = wire.answered(passage.fault, &asked, request).await;
            match (&answer, passage.fault) {
                (Ok(answer), None | Some(Fault::Half)) => {
                    gate.carried_out(&asked, answer.status().as_u16());
                }
                (_, Some(Fault::LostAnswer)) => gate.carried_out(&asked, 200),
                _ => {}
            }
            tokio::time::sleep(passage.after).await;
            answer
        }
    };
    let heard = tokio::time::timeout(PATIENCE, tokio::spawn(arrives)).await;
    let answer = heard.map_or_else(|late| Err(ConnectorError::timeout(late.into())), Result::unwrap);
    gate.leave(&asked).await;
    answer
}
