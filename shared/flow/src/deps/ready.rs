//! What is done before the first event. Lambda gives a whole core for it, whatever the function's memory buys afterwards.

use std::sync::Arc;
use std::time::Duration;

use super::Deps;

/// The time that connections may take to open before the first event. Within a region it is a few milliseconds.
const WITHIN: Duration = Duration::from_millis(100);

impl Deps {
    /// Builds the clients of the database and of the wrapping key, which every request will need, and opens a connection
    /// of each. What hangs goes on beside the events; what fails, the first request tries again.
    pub async fn ready(self: &Arc<Self>) {
        let deps = Arc::clone(self);
        let rehearsed =
            tokio::spawn(async move { tokio::join!(deps.store.rehearse(), deps.sealer.rehearse()) });
        _ = tokio::time::timeout(WITHIN, rehearsed).await;
    }
}
