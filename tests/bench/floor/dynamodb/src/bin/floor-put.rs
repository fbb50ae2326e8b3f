//! The floor of a function that writes: an echo and one `PutItem`, over the SDK's client without its defaults.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use flow::http::aws::AwsHttp;
use lambda_http::{Error, Request, RequestExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let credentials =
        Credentials::new(env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?, None, None, "");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(env::var("AWS_ENDPOINT_URL_DYNAMODB")?)
        .credentials_provider(credentials)
        .http_client(AwsHttp::new())
        .build();
    let (client, table) = (Client::from_conf(config), env::var("TABLE_FLOWS")?);
    lambda_http::run(service_fn(async |request: Request| {
        let key = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
        client.put_item().table_name(&table).item("pk", AttributeValue::S(key)).send().await?;
        Ok::<_, Error>(request.uri().path().to_owned())
    }))
    .await
}
