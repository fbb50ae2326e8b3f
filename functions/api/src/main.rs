//! The REST resources.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_with_root_secret(|deps| deps.service(api::handle)).await
}
