//! The provider's callback: `/oauth-callback[/{integrationId}]`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run(|deps| deps.service(flow::callback::handle)).await
}
