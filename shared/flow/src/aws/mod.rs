//! An HTTP client for the AWS SDK, built on ours: no second TLS stack, and no system certificates to load at a cold
//! start.

mod json_request;
mod rehearsal;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};

use protocol::http::address::Reach;
use protocol::http::{HyperClient, client};

pub use json_request::json_request;
pub use rehearsal::Rehearsal;

/// The time that AWS has for one answer. After it, the SDK tries again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// The HTTP client for an AWS SDK configuration.
#[derive(Clone)]
pub struct AwsHttp {
    client: Arc<LazyLock<HyperClient>>,
}

impl AwsHttp {
    /// Makes a client with connections of its own. They are opened at its first use.
    #[must_use]
    pub fn new() -> Self {
        Self { client: Arc::new(LazyLock::new(|| client(Reach::Anywhere))) }
    }

    async fn exchange(
        client: Arc<LazyLock<HyperClient>>,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        // DynamoDB and KMS requests are whole in memory, so there is no streaming body to copy.
        let request = request.map(|body| Full::new(Bytes::copy_from_slice(body.bytes().unwrap_or_default())));
        let response = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
        // A streamed body is not shown in the SDK's own traces. KMS answers with data keys, which must not be.
        let body = SdkBody::from_body_1_x(Full::new(body));
        HttpResponse::try_from(http::Response::from_parts(head, body))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// Describes a failed call for the operator: the operation, and the service's code and message. None of them repeats
/// the request's content.
pub(crate) fn described<E, R>(operation: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
{
    let code = error.code().unwrap_or(match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection failed",
        SdkError::ResponseError(_) => "response unreadable",
        SdkError::ConstructionFailure(_) => "request could not be built",
        _ => "unknown",
    });
    match error.message() {
        Some(message) => format!("{operation}: {code}: {message}"),
        None => format!("{operation}: {code}"),
    }
}

impl Default for AwsHttp {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for AwsHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AwsHttp")
    }
}

impl HttpConnector for AwsHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let exchange = Self::exchange(Arc::clone(&self.client), request);
        HttpConnectorFuture::new(async {
            tokio::time::timeout(ATTEMPT_TIMEOUT, exchange)
                .await
                .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into())))
        })
    }
}

impl HttpClient for AwsHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
