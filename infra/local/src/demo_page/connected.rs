//! `GET /demo/connected`: the page that the result comes back to. The address only claims a result: the connection is
//! shown once the service has confirmed it for this customer.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use super::customers::Customer;
use super::service::{Connection, Problem, Service};
use super::view::{Frame, Row, rows};
use super::{Config, response};

#[derive(Template)]
#[template(path = "demo_page/connected.html")]
struct ConnectedPage {
    frame: Frame,
    outcome: Outcome,
    custom_state: Option<String>,
    rows: Vec<Row>,
    problem: Option<String>,
}

/// The result that came back.
enum Outcome {
    /// A connection that the service confirms.
    Connected(Connection),
    /// A `connectionId` or `connectionRequestId` that the service does not know for this customer.
    Unconfirmed,
    /// A connection that could not be looked up, or a connection request that could not be completed.
    Unverified(String),
    /// An error.
    Failed(Failure),
    /// None of the result's parameters.
    Nothing,
}

/// An error that came back, with the details of `errorData`.
struct Failure {
    message: String,
    data: Option<ErrorData>,
    /// `errorData` as indented JSON, or as it came if it is not JSON.
    raw: Option<String>,
}

#[derive(Deserialize)]
struct ErrorData {
    r#type: String,
    key: Option<String>,
    message: Option<String>,
}

pub(super) async fn connected(
    State(config): State<Arc<Config>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let parameter = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.into_owned())
    };
    let customer = Customer::signed_in(&headers);
    let service = Service::for_customer(&config, customer);

    // An error counts, even beside a connectionId.
    let (connection, request) = (parameter("connectionId"), parameter("connectionRequestId"));
    let outcome = match (parameter("error"), connection, request) {
        (Some(message), _, _) => Outcome::Failed(Failure::new(message, parameter("errorData"))),
        (None, Some(id), _) => judge(&service, async |service| service.connection(&id).await).await,
        (None, None, Some(id)) => judge(&service, async |service| service.complete(&id).await).await,
        (None, None, None) => Outcome::Nothing,
    };
    let (rows, problem) = match list(&service).await {
        Ok(rows) => (rows, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let custom_state = parameter("customState");
    let frame = Frame::new(&config, customer);
    response::page(&ConnectedPage { frame, outcome, custom_state, rows, problem })
}

async fn list(service: &Result<Service<'_>, Problem>) -> Result<Vec<Row>, String> {
    let service = service.as_ref().map_err(Problem::to_string)?;
    let read = async || {
        let integrations = service.integrations().await?;
        Ok::<_, Problem>(rows(service.connections().await?, &integrations))
    };
    read().await.map_err(|problem| problem.to_string())
}

/// What the service says of the result, asked with the customer's token.
async fn judge(
    service: &Result<Service<'_>, Problem>,
    ask: impl AsyncFnOnce(&Service<'_>) -> Result<Connection, Problem>,
) -> Outcome {
    let service = match service {
        Ok(service) => service,
        Err(problem) => return Outcome::Unverified(problem.to_string()),
    };
    match ask(service).await {
        Ok(connection) => Outcome::Connected(connection),
        Err(problem) if problem.is_not_found() => Outcome::Unconfirmed,
        Err(problem) => Outcome::Unverified(problem.to_string()),
    }
}

impl Failure {
    fn new(message: String, error_data: Option<String>) -> Self {
        let json = error_data.as_deref().map(serde_json::from_str::<Value>);
        match json {
            Some(Ok(json)) => {
                Self { message, raw: Some(format!("{json:#}")), data: ErrorData::deserialize(json).ok() }
            }
            Some(Err(_)) | None => Self { message, data: None, raw: error_data },
        }
    }
}

impl ErrorData {
    /// The error's type in words.
    fn type_words(&self) -> &'static str {
        match self.r#type.as_str() {
            "bad_request" => "The request was not acceptable.",
            "connection" => "The connection could not be made; trying again may help.",
            "configuration" => "The integration is not set up correctly; trying again will not help.",
            "dependency_error" => "The provider did not answer as it should.",
            "concurrency" => "Something else was at work on the same connection; try again.",
            "internal" => "The service itself had a problem.",
            _ => "The service names no kind that this page knows.",
        }
    }
}
