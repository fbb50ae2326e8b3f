//! Requests to AWS, and answers, as they are on the wire.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// A request to DynamoDB, KMS or Secrets Manager.
#[derive(Debug, Clone)]
pub struct AwsRequest {
    /// `dynamodb`, `kms` or `secretsmanager`.
    pub service: String,
    /// `GetItem`, `TransactWriteItems`, …
    pub operation: String,
    /// The JSON body.
    pub body: Value,
}

impl AwsRequest {
    /// A request as the SDK sends it.
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (service, operation) = target.rsplit_once('.').unwrap_or_default();
        let service = match service {
            "DynamoDB_20120810" => "dynamodb",
            "TrentService" => "kms",
            other => other,
        };
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        Self { service: service.to_owned(), operation: operation.to_owned(), body }
    }

    /// True if it writes nothing.
    #[must_use]
    pub fn reads(&self) -> bool {
        READS.contains(&self.operation.as_str())
    }

    /// The number of a transaction's writes.
    pub(super) fn writes(&self) -> usize {
        self.body["TransactItems"].as_array().map_or(0, Vec::len)
    }
}

/// The operations that consume read units; all others write.
const READS: [&str; 3] = ["BatchGetItem", "GetItem", "Query"];

/// An answer of AWS.
pub(crate) fn json_answer(status: u16, body: &Value) -> HttpResponse {
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(SdkBody::from(body.to_string()))
        .unwrap();
    HttpResponse::try_from(response).unwrap()
}
