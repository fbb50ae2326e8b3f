//! The functions' own handlers, behind one listener with the routes of the SAM template.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use bytes::Bytes;
use flow::deps::{Deps, HttpService};
use http::StatusCode;
use tower::ServiceExt as _;

/// API Gateway's own limit on a body, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// The handlers, as the Lambda functions run them.
#[derive(Clone)]
pub struct Functions {
    /// `/connection-popup` and `/connect`.
    pub initiate: HttpService,
    /// `/oauth-callback[/{integrationId}]`.
    pub callback: HttpService,
    /// `/connection-result/{flowId}`.
    pub finish: HttpService,
    /// The REST resources.
    pub api: HttpService,
}

impl Functions {
    /// All handlers on the same dependencies.
    #[must_use]
    pub fn new(deps: &Arc<Deps>) -> Self {
        Self {
            initiate: deps.service(flow::start::handle),
            callback: deps.service(flow::callback::handle),
            finish: deps.service(flow::finish::handle),
            api: deps.service(api::handle),
        }
    }
}

/// The routes of the SAM template; a test compares them.
pub(crate) fn router(functions: &Functions) -> Router {
    let initiate = || mount(&functions.initiate);
    let callback = || mount(&functions.callback);
    let api = || mount(&functions.api);
    Router::new()
        .route("/connection-popup", initiate())
        .route("/connect", initiate())
        .route("/oauth-callback", callback())
        .route("/oauth-callback/{integrationId}", callback())
        .route("/connection-result/{flowId}", mount(&functions.finish))
        .route("/openapi.json", api())
        .route("/self", api())
        .route("/workspaces/{key}", api())
        .route("/integrations", api())
        .route("/integrations/{key}", api())
        .route("/integrations/{key}/connector-spec", api())
        .route("/connection-options", api())
        .route("/sse/connection-events/{requestId}", api())
        .route("/connections", api())
        .route("/connections/{id}", api())
        .route("/connections/{id}/refresh-credentials", api())
        .route("/connections/{id}/test", api())
        .route("/connections/{id}/disconnect", api())
        .route("/connections/{id}/restore", api())
        .route("/connections/{id}/proxy/{*path}", api())
}

fn mount(service: &HttpService) -> MethodRouter {
    let service = service.clone();
    any(move |request: Request| hand_over(service.clone(), request))
}

async fn hand_over(service: HttpService, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return response;
    };
    let Ok(response) = service.oneshot(http::Request::from_parts(head, body)).await;
    response.map(Body::from)
}

/// Hands the demo page's requests to the API without a detour over the network.
pub(crate) fn call(functions: &Functions) -> crate::demo_page::Call {
    let api = functions.api.clone();
    Arc::new(move |request: http::Request<Bytes>| {
        let answer = api.clone().oneshot(request);
        Box::pin(async {
            let Ok(response) = answer.await;
            response
        })
    })
}
