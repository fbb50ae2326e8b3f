//! A request that is made and not sent. A function does that before its first event, when it has a whole core: then the
//! SDK's client is built, its code is in memory, and a connection is open, with its TLS session.
//!
//! The service gets `GET /` on that connection. DynamoDB answers that it is healthy, KMS that it knows no such request, and
//! both keep the connection. So it costs nothing, needs no permission, and is in no audit log.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::uri::{InvalidUri, PathAndQuery, Uri};

/// The HTTP client of a rehearsal: it greets the service, whatever it is to send.
#[derive(Debug)]
pub struct Rehearsal(SharedHttpClient);

impl Rehearsal {
    /// Makes one over the connections of the client that is to be used afterwards.
    #[must_use]
    pub fn over(client: SharedHttpClient) -> Self {
        Self(client)
    }
}

impl HttpClient for Rehearsal {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Greeting(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Greeting(SharedHttpConnector);

impl HttpConnector for Greeting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match greeting(&request) {
            Ok(greeting) => self.0.call(greeting),
            Err(error) => HttpConnectorFuture::ready(Err(error)),
        }
    }
}

/// A request to the same service that has nothing of `request`.
fn greeting(request: &HttpRequest) -> Result<HttpRequest, ConnectorError> {
    let uri: Uri = request.uri().parse().map_err(|error: InvalidUri| ConnectorError::user(error.into()))?;
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    let uri = Uri::from_parts(parts).map_err(|error| ConnectorError::user(error.into()))?;
    HttpRequest::get(uri.to_string()).map_err(|error| ConnectorError::user(error.into()))
}
