//! A flow's result: `/connection-result/{flowId}`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run(|deps| deps.service(flow::finish::handle)).await
}
