//! The functions' own handlers behind one listener, as API Gateway serves them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any};
use bytes::Bytes;
use flow::deps::{Deps, HttpService};
use flow::web::routes::Function;
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

    fn of(&self, function: Function) -> &HttpService {
        match function {
            Function::Initiate => &self.initiate,
            Function::Callback => &self.callback,
            Function::Finish => &self.finish,
            Function::Api => &self.api,
        }
    }
}

/// Every path of the table of routes, with every method: the functions refuse what they do not have, here as on AWS. Where a
/// path is several functions', the first takes whatever is not the others'.
pub(crate) fn router(functions: &Functions) -> Router {
    let mut paths: BTreeMap<&str, (Function, MethodRouter)> = BTreeMap::new();
    for route in api::all_routes() {
        let service = functions.of(route.function);
        match paths.entry(route.path) {
            Entry::Vacant(vacant) => drop(vacant.insert((route.function, mount(service)))),
            Entry::Occupied(mut first) if first.get().0 != route.function => {
                if let Ok(method) = MethodFilter::try_from(route.method) {
                    let others = service.clone();
                    let handler = move |request: Request| hand_over(others, request);
                    let (_, router) = first.get_mut();
                    *router = std::mem::take(router).on(method, handler);
                }
            }
            Entry::Occupied(_) => {}
        }
    }
    paths.into_iter().fold(Router::new(), |router, (path, (_, handler))| {
        // Axum has a notation of its own for the rest of a path.
        router.route(&path.replace("{path+}", "{*path}"), handler)
    })
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
