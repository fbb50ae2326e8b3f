//! The scheduled refresh: renews credentials that are about to end.

use flow::lifecycle::refresh::sweep;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_scheduled(|deps, end| async move {
        let swept = sweep(&deps, end).await?;
        Ok(json!(swept))
    })
    .await
}
