//! The floor of a function that reads its configuration and writes, as an initiation must: an echo, one `BatchGetItem`
//! of a workspace and an integration, and one `PutItem`.

use std::collections::HashMap;
use std::env;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use floor_dynamodb::{client, put};
use lambda_http::{Error, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (client, flows) = (client()?, env::var("TABLE_FLOWS")?);
    let (integrations, workspace) = (env::var("TABLE_INTEGRATIONS")?, env::var("ROOT_WORKSPACE_KEY")?);
    let integration = format!("integration#{}", env::var("INTEGRATION_ID")?);
    lambda_http::run(service_fn(async |request: Request| {
        let mut keys = KeysAndAttributes::builder().consistent_read(true);
        for sk in ["workspace", &integration] {
            let key = [("pk", workspace.clone()), ("sk", sk.to_owned())];
            keys = keys.keys(HashMap::from(key.map(|(name, of)| (name.to_owned(), AttributeValue::S(of)))));
        }
        let read = client.batch_get_item().request_items(&integrations, keys.build()?).send().await?;
        if read.responses.is_none_or(|tables| tables.values().flatten().count() != 2) {
            return Err("the workspace or the integration is not there".into());
        }
        put(&client, &flows, &request).await
    }))
    .await
}
