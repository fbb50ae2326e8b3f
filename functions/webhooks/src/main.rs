//! Sends what leaves as an event to the workspaces' webhook endpoints.

use flow::webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_queue(|deps, message, until| async move {
        webhook::handle(&deps, &message.body, message.received, until).await
    })
    .await
}
