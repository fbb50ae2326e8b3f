//! What the floors with DynamoDB share: the SDK's client without its defaults.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use flow::aws::{AwsHttp, Rehearsal};
use lambda_http::{Error, Request, RequestExt};

/// The client, as lean as it can be made.
pub fn client() -> Result<Client, Error> {
    let credentials =
        Credentials::new(env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?, None, None, "");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(env::var("AWS_ENDPOINT_URL_DYNAMODB")?)
        .credentials_provider(credentials)
        .http_client(AwsHttp::new())
        .build();
    Ok(Client::from_conf(config))
}

/// Opens the client's connection before there is an event, as our functions do.
pub async fn rehearse(client: &Client, table: &str) {
    let Some(http) = client.config().http_client() else { return };
    let instead = aws_sdk_dynamodb::Config::builder()
        .http_client(Rehearsal::over(http))
        .retry_config(RetryConfig::disabled());
    let put = client.put_item().table_name(table).item("pk", AttributeValue::S(String::new()));
    _ = put.customize().config_override(instead).send().await;
}

/// Writes an item that is named by the request, and echoes.
pub async fn put(client: &Client, table: &str, request: &Request) -> Result<String, Error> {
    let key = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
    client.put_item().table_name(table).item("pk", AttributeValue::S(key)).send().await?;
    Ok(request.uri().path().to_owned())
}
