//! Starts connections: `/connection-popup` and `/connect`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run(|deps| deps.service(flow::start::handle)).await
}
