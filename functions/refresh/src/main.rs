//! The scheduled refresh: renews credentials that are about to end.

use flow::lifecycle::refresh;
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_scheduled(|deps, invocation, end| async move {
        let swept = refresh::run(&deps, invocation, end).await?;
        Ok(json!(swept))
    })
    .await
}
