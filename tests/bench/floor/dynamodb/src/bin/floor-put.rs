//! The floor of a function that writes: an echo and one `PutItem`. Its client is built at the start; if `CLIENTS` is
//! `first event`, when there is something to write; if it is `ready`, at the start with an open connection.

use std::env;
use std::sync::OnceLock;

use aws_sdk_dynamodb::Client;
use floor_dynamodb::{client, put, rehearse};
use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let table = env::var("TABLE_FLOWS")?;
    let built: OnceLock<Client> = OnceLock::new();
    let clients = env::var("CLIENTS").unwrap_or_default();
    if clients != "first event" {
        let client = client()?;
        if clients == "ready" {
            rehearse(&client, &table).await;
        }
        _ = built.set(client);
    }
    lambda_http::run(service_fn(async |request: Request| {
        if built.get().is_none() {
            _ = built.set(client()?);
        }
        match built.get() {
            Some(client) => put(client, &table, &request).await,
            None => Err("the client is not there".into()),
        }
    }))
    .await
}
