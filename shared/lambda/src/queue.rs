//! Messages of a queue. One that is to come again comes after a pause of its own: its visibility timeout.
//!
//! Only one operation of SQS is used, so there is no SDK for it.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::config::Credentials;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use bytes::Bytes;
use flow::aws::{AwsHttp, json_request};
use flow::webhook::Outcome;
use lambda_http::Error;
use protocol::clock::{Clock, Timestamp};
use protocol::error::Result;
use protocol::provider::aws_signature::Scope;
use protocol::random::Random;
use protocol::record::{self, Invocation, Level, Record, Remark};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::environment::{own_credentials, required};

/// The pause for a message that cannot be handled. The queue lays it aside when it has come often enough.
const AFTER_ERROR: Duration = Duration::from_secs(30);

/// A message.
pub struct Message {
    /// Its text.
    pub body: String,
    /// How often it has come, this time included: also when it was not handled then.
    pub received: u32,
}

/// What Lambda hands over.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Received>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    message_id: String,
    receipt_handle: String,
    body: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "ApproximateReceiveCount")]
    receive_count: String,
}

/// The queue that the messages come from.
pub(crate) struct Queue {
    http: SharedHttpConnector,
    credentials: Credentials,
    region: String,
    url: String,
}

impl Queue {
    pub(crate) fn from_environment() -> std::result::Result<Self, Error> {
        Ok(Self {
            http: SharedHttpConnector::new(AwsHttp::new()),
            credentials: own_credentials()?,
            region: required("AWS_REGION")?,
            url: required("WEBHOOKS_QUEUE_URL")?,
        })
    }

    /// Lets a message come again after this pause. If that fails, it comes after the queue's own.
    async fn postpone(&self, at: Timestamp, receipt: &str, pause: Duration) {
        let body = json!({
            "QueueUrl": self.url, "ReceiptHandle": receipt, "VisibilityTimeout": pause.as_secs().max(1),
        });
        let scope = Scope { service: "sqs", region: &self.region, at };
        let what = ("application/x-amz-json-1.0", "AmazonSQS.ChangeMessageVisibility");
        let request =
            json_request(self.credentials.clone(), scope, &self.url, what, Bytes::from(body.to_string()));
        let answered = match request {
            Some(request) => self.http.call(request).await.ok().map(|answer| answer.status().as_u16()),
            None => None,
        };
        if answered != Some(200) {
            record::notes(Remark::new(Level::Warn, "a message was not postponed").with("status", answered));
        }
    }
}

/// Handles the messages of a batch, all at once. Returns those that are to come again, as Lambda wants to hear of them.
pub(crate) async fn handle<F, Fut>(
    seams: (&Arc<dyn Clock>, &Arc<dyn Random>),
    queue: &Arc<Queue>,
    handler: F,
    event: Value,
    invocation: Invocation,
) -> std::result::Result<Value, Error>
where
    F: Fn(Message) -> Fut,
    Fut: Future<Output = Result<Outcome>> + Send + 'static,
{
    let (clock, random) = seams;
    let batch: Batch = serde_json::from_value(event)?;
    let mut tasks = JoinSet::new();
    for Received { message_id, receipt_handle, body, attributes } in batch.records {
        let received = attributes.receive_count.parse().unwrap_or(1);
        let record = Record::begin(Arc::clone(clock), &**random, invocation.clone());
        let handled = handler(Message { body, received });
        let (clock, queue) = (Arc::clone(clock), Arc::clone(queue));
        tasks.spawn(async move {
            let work = async {
                match handled.await {
                    Ok(Outcome::Done) => false,
                    Ok(Outcome::Again(pause)) => {
                        queue.postpone(clock.now(), &receipt_handle, pause).await;
                        true
                    }
                    Err(error) => {
                        error.report("a message could not be handled");
                        queue.postpone(clock.now(), &receipt_handle, AFTER_ERROR).await;
                        true
                    }
                }
            };
            let comes_again = record.during(work).await;
            // Most events are wanted by nobody.
            record.ended_if_said();
            comes_again.then_some(message_id)
        });
    }
    let mut failed = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        failed.extend(ended?.map(|id| json!({ "itemIdentifier": id })));
    }
    Ok(json!({ "batchItemFailures": failed }))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use protocol::clock::SystemClock;
    use protocol::error::Error as Problem;
    use protocol::random::SystemRandom;

    use super::*;

    /// A queue that notes what it is asked.
    #[derive(Debug, Clone, Default)]
    struct Asked(Arc<Mutex<Vec<(String, String, String)>>>);

    impl HttpConnector for Asked {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let header = |name: &str| request.headers().get(name).unwrap().to_owned();
            let body = String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap();
            assert!(header("authorization").contains("/eu-west-1/sqs/aws4_request"));
            self.0.lock().unwrap().push((request.uri().to_owned(), header("x-amz-target"), body));
            let answer = http::Response::new("{}".into());
            HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
        }
    }

    fn message(id: &str, count: &str) -> Value {
        // As AWS documents it.
        json!({
            "messageId": id,
            "receiptHandle": format!("receipt of {id}"),
            "body": id,
            "attributes": {
                "ApproximateReceiveCount": count, "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1545082649185",
            },
            "messageAttributes": {}, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
            "awsRegion": "us-east-2",
        })
    }

    #[tokio::test]
    async fn of_a_batch_only_what_is_to_be_tried_again_comes_again_and_after_its_pause() {
        let asked = Asked::default();
        let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/webhooks";
        let queue = Arc::new(Queue {
            http: SharedHttpConnector::new(asked.clone()),
            credentials: Credentials::new("id", "secret", None, None, "test"),
            region: "eu-west-1".to_owned(),
            url: url.to_owned(),
        });
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        let handler = |message: Message| async move {
            match (&*message.body, message.received) {
                ("taken", 1) => Ok(Outcome::Done),
                ("refused", 3) => Ok(Outcome::Again(Duration::from_mins(30))),
                ("broken", _) => Err(Problem::internal("it cannot be read")),
                (body, received) => panic!("{body} {received}"),
            }
        };
        let batch =
            json!({ "Records": [message("taken", "1"), message("refused", "3"), message("broken", "2")] });
        let answer = handle((&clock, &random), &queue, handler, batch, Invocation::default()).await.unwrap();
        let mut failed: Vec<&str> = answer["batchItemFailures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["itemIdentifier"].as_str().unwrap())
            .collect();
        failed.sort_unstable();
        assert_eq!(failed, ["broken", "refused"]);
        let postponed = |id: &str, seconds: u64| {
            let body = json!({
                "QueueUrl": url, "ReceiptHandle": format!("receipt of {id}"), "VisibilityTimeout": seconds,
            });
            (url.to_owned(), "AmazonSQS.ChangeMessageVisibility".to_owned(), body.to_string())
        };
        let mut asked = asked.0.lock().unwrap().clone();
        asked.sort();
        assert_eq!(asked, [postponed("broken", 30), postponed("refused", 1800)]);
    }
}
