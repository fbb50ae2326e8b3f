//! The floor: a function that answers with the request's path.

use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(async |request: Request| {
        Ok::<_, std::convert::Infallible>(request.uri().path().to_owned())
    }))
    .await
}
