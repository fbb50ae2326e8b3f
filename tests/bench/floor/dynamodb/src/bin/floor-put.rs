//! The floor of a function that writes: an echo and one `PutItem`.

use std::env;

use floor_dynamodb::{client, put};
use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (client, table) = (client()?, env::var("TABLE_FLOWS")?);
    lambda_http::run(service_fn(async |request: Request| put(&client, &table, &request).await)).await
}
