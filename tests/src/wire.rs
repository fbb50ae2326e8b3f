//! The wire between the SDK and DynamoDB or KMS: recorded, and broken on demand.
//!
//! Tests run on paused time, which leaps to the next timer whenever a test only waits. The requests themselves need real
//! time: they run on a runtime of their own, and while one is under way the paused time stands still.

mod request;

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use flow::aws::AwsHttp;
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::gate::{Gate, at_once, through};
use crate::permissions::{Ledger, denied};
pub use request::AwsRequest;
pub(crate) use request::json_answer;

pub(crate) static REAL_TIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Runs `future` in real time, while the test's own time stands still.
pub async fn in_real_time<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::task::spawn_blocking(move || REAL_TIME.block_on(future)).await.unwrap()
}

/// The consumption that DynamoDB charges for, as it reports it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consumed {
    /// Requests.
    pub requests: usize,
    /// Write units, in tables and indexes.
    pub write_units: f64,
    /// Read units.
    pub read_units: f64,
}

/// The ways in which a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The transaction is cancelled: another one is at its items.
    Conflict,
    /// The transaction is cancelled for this reason of its first write.
    Canceled(&'static str),
    /// The request is carried out, but the answer never arrives.
    LostAnswer,
    /// The connection breaks before the request arrives. It arrives later, by [`Wire::deliver`].
    Late,
    /// The request is refused: too many of them.
    Throttled,
    /// The service refuses it with this code.
    Refused(&'static str),
    /// A read of several items is answered without the first half of them.
    Half,
    /// The request does not arrive.
    Outage,
    /// The request does not arrive, and nothing reports it.
    Silence,
}

#[derive(Debug)]
struct Planned {
    operation: &'static str,
    times: usize,
    fault: Fault,
}

type Meanwhile = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

/// The SDK's HTTP client.
#[derive(Clone)]
pub struct Wire {
    http: AwsHttp,
    requests: Arc<Mutex<Vec<AwsRequest>>>,
    consumed: Arc<Mutex<Consumed>>,
    planned: Arc<Mutex<Vec<Planned>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
    kept: Arc<Mutex<Vec<HttpRequest>>>,
    keeps_writes: Arc<AtomicBool>,
    gate: Option<Arc<dyn Gate>>,
    ledger: Option<Arc<Ledger>>,
}

/// Every operation, in [`Wire::fail`].
pub const EVERYTHING: &str = "*";

/// Until [`Wire::recover`], in [`Wire::fail`].
pub const FOR_GOOD: usize = usize::MAX;

impl Wire {
    /// A wire that works.
    #[must_use]
    pub fn new() -> Self {
        Self {
            http: AwsHttp::new(),
            requests: Arc::default(),
            consumed: Arc::default(),
            planned: Arc::default(),
            meanwhile: Arc::default(),
            kept: Arc::default(),
            keeps_writes: Arc::default(),
            gate: None,
            ledger: None,
        }
    }

    /// The same wire behind this gate, which decides what becomes of each request.
    #[must_use]
    pub fn behind(self, gate: Arc<dyn Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// The same wire under the functions' roles: what they do not allow is refused, and noted here.
    #[must_use]
    pub fn under_roles(self, ledger: &Arc<Ledger>) -> Self {
        Self { ledger: Some(Arc::clone(ledger)), ..self }
    }

    /// Makes the next `times` requests of an operation fail.
    pub fn fail(&self, operation: &'static str, times: usize, fault: Fault) {
        self.planned.lock().unwrap().push(Planned { operation, times, fault });
    }

    /// Makes everything work again. Returns whether every planned fault has happened.
    #[must_use]
    pub fn recover(&self) -> bool {
        self.planned.lock().unwrap().drain(..).all(|planned| planned.times == 0)
    }

    /// Lets something happen while the next request of an operation is on its way.
    pub fn meanwhile(&self, operation: &'static str, what: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some((operation, Box::pin(what)));
    }

    /// Keeps every write from now on.
    pub fn keep_writes(&self) {
        self.keeps_writes.store(true, Ordering::SeqCst);
    }

    /// The requests that were kept, in order: those that are late, and every write after [`Wire::keep_writes`].
    #[must_use]
    pub fn take_kept(&self) -> Vec<HttpRequest> {
        self.keeps_writes.store(false, Ordering::SeqCst);
        std::mem::take(&mut self.kept.lock().unwrap())
    }

    /// Delivers a kept request: for the first time, or once more. Nobody hears its answer.
    pub async fn deliver(&self, request: &HttpRequest) {
        let (http, request) = (self.http.clone(), request.try_clone().unwrap());
        in_real_time(async move { http.call(request).await.map(drop) }).await.unwrap();
    }

    /// The requests since the last call of this function.
    #[must_use]
    pub fn take_requests(&self) -> Vec<AwsRequest> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The consumption since the last call of this function.
    #[must_use]
    pub fn take_consumed(&self) -> Consumed {
        std::mem::take(&mut self.consumed.lock().unwrap())
    }

    async fn exchange(
        self,
        asked: &AwsRequest,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let http = self.http.clone();
        let exchanged = async move {
            let mut response = http.call(request).await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            Ok::<_, ConnectorError>((response, body.unwrap().into_bytes()))
        };
        let (mut response, body) = match self.gate {
            Some(_) => at_once(exchanged).unwrap()?,
            None => in_real_time(exchanged).await?,
        };
        let answer: Value = serde_json::from_slice(&body).unwrap();
        // The body becomes a stream again, as it came: the SDK's own traces would show a body that is in memory.
        *response.body_mut() = SdkBody::from_body_1_x(Full::new(body));
        let mut consumed = self.consumed.lock().unwrap();
        consumed.requests += 1;
        if !response.status().is_success() {
            // The emulator reports no consumption here. DynamoDB charges a cancelled transaction like any other.
            consumed.write_units += 2.0 * f64::from(u32::try_from(asked.writes()).unwrap());
        } else if asked.reads() {
            consumed.read_units += units(&answer);
        } else {
            consumed.write_units += units(&answer);
        }
        drop(consumed);
        Ok(response)
    }

    /// The answer to a request, or what comes of its fault.
    pub(crate) async fn answered(
        self,
        fault: Option<Fault>,
        asked: &AwsRequest,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        match fault {
            None => self.exchange(asked, request).await,
            Some(Fault::LostAnswer) => {
                self.exchange(asked, request).await?;
                Err(ConnectorError::io("the connection was reset".into()))
            }
            Some(Fault::Outage | Fault::Late) => Err(ConnectorError::io("the connection was refused".into())),
            Some(Fault::Silence) => {
                // The production client gives up in this way too.
                tokio::time::sleep(Duration::from_secs(3)).await;
                Err(ConnectorError::timeout("no answer in time".into()))
            }
            Some(Fault::Half) => {
                let (request, left) = halved(request);
                let mut response = self.exchange(asked, request).await?;
                let answer = ByteStream::new(response.take_body()).collect().await.unwrap();
                let mut answer: Value = serde_json::from_slice(&answer.into_bytes()).unwrap();
                answer["UnprocessedKeys"] = left;
                *response.body_mut() = SdkBody::from(answer.to_string());
                response.headers_mut().remove("content-length");
                response.headers_mut().remove("x-amz-crc32");
                Ok(response)
            }
            Some(Fault::Conflict) => Ok(canceled(asked.writes(), "TransactionConflict")),
            Some(Fault::Canceled(code)) => Ok(canceled(asked.writes(), code)),
            Some(Fault::Refused(code)) => Ok(refused(&json!({ "__type": code, "message": "no" }))),
            Some(Fault::Throttled) => Ok(refused(&json!({
                "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "message": "The level of configured provisioned throughput for the table was exceeded.",
            }))),
        }
    }

    fn happens_meanwhile(&self, operation: &str) -> Option<Meanwhile> {
        self.meanwhile.lock().unwrap().take_if(|(awaited, _)| *awaited == operation)
    }

    fn fault(&self, operation: &str) -> Option<Fault> {
        let mut planned = self.planned.lock().unwrap();
        let next = planned.iter_mut().find(|planned| {
            planned.times > 0 && (planned.operation == EVERYTHING || planned.operation == operation)
        })?;
        if next.times != FOR_GOOD {
            next.times -= 1;
        }
        Some(next.fault)
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = AwsRequest::read(&request);
        assert_its_event(&asked.body);
        if let Some(ledger) = &self.ledger
            && let Err(message) = ledger.asks(&asked)
        {
            return HttpConnectorFuture::ready(Ok(denied(&message)));
        }
        let is_dynamo = asked.service == "dynamodb";
        let request = if is_dynamo { with_consumption(request, asked.body.clone()) } else { request };
        let wire = self.clone();
        if let Some(gate) = self.gate.clone() {
            return HttpConnectorFuture::new(through(gate, wire, asked, request));
        }
        let fault = self.fault(&asked.operation);
        let meanwhile = self.happens_meanwhile(&asked.operation);
        self.requests.lock().unwrap().push(asked.clone());
        let is_kept = self.keeps_writes.load(Ordering::SeqCst) && is_dynamo && !asked.reads();
        if is_kept || fault == Some(Fault::Late) {
            self.kept.lock().unwrap().push(request.try_clone().unwrap());
        }
        HttpConnectorFuture::new(async move {
            if let Some((_, meanwhile)) = meanwhile {
                meanwhile.await;
            }
            wire.answered(fault, &asked, request).await
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Asserts that each write of a connection, or of a customer's mark, sets the attribute `event` or removes it. It runs in
/// every test, so that no write is forgotten.
fn assert_its_event(body: &Value) {
    let mut writes = vec![body];
    let transaction = body["TransactItems"].as_array();
    writes.extend(transaction.into_iter().flatten().filter_map(|item| item.as_object()?.values().next()));
    for write in writes.into_iter().filter(|write| write["TableName"] == "connections") {
        let is_no_connection =
            |key: &str| ["slot#", "key#", "self#"].iter().any(|kind| key.starts_with(kind));
        let is_none = write["Key"]["pk"]["S"].as_str().is_some_and(is_no_connection);
        let update = write["UpdateExpression"].as_str().filter(|_| !is_none);
        if let Some(update) = update {
            let sets = update.contains("event = :event");
            let removes = update.split_once("REMOVE").is_some_and(|(_, names)| names.contains("event"));
            assert!(sets != removes, "neither an event nor none: {update}");
        }
    }
}

/// The same request, which also asks for its consumption. The emulator accepts that this part was not signed.
fn with_consumption(mut request: HttpRequest, mut body: Value) -> HttpRequest {
    body["ReturnConsumedCapacity"] = json!("TOTAL");
    let body = body.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    request
}

/// The same read of several items, without the first half of them. Returns also what an answer says of those.
fn halved(request: HttpRequest) -> (HttpRequest, Value) {
    let mut body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
    let mut left = body["RequestItems"].clone();
    for (table, asked) in body["RequestItems"].as_object_mut().unwrap() {
        let keys = asked["Keys"].as_array_mut().unwrap();
        left[table]["Keys"] = keys.drain(..keys.len() / 2).collect();
    }
    (with_consumption(request, body), left)
}

fn units(answer: &Value) -> f64 {
    let consumed = &answer["ConsumedCapacity"];
    let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum()
}

fn canceled(writes: usize, code: &str) -> HttpResponse {
    let mut reasons = vec![json!({ "Code": "None" }); writes];
    if let Some(first) = reasons.first_mut() {
        *first = json!({ "Code": code, "Message": "Transaction is ongoing for the item" });
    }
    refused(&json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    }))
}

fn refused(body: &Value) -> HttpResponse {
    json_answer(400, body)
}
