//! The REST resources. A route names its file: `/workspaces` is `routes/workspaces.rs`.

mod auth;
mod body;
mod cors;
mod routes;

use std::sync::Arc;

use bytes::Bytes;
use flow::deps::Deps;
use flow::web::pages::Reader;
use flow::web::{delivery, response};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use protocol::error::{Error, ErrorKey, Result};
use serde_json::Value;

/// Handles a REST request.
pub async fn handle(deps: Arc<Deps>, request: Request<Bytes>) -> Response<Bytes> {
    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight()
    } else {
        answer(&deps, request).await.unwrap_or_else(|error| {
            error.report("request refused");
            delivery::own_page(&error, Reader::Machine)
        })
    };
    cors::allow(response.headers_mut());
    response
}

async fn answer(deps: &Arc<Deps>, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if let Some((id, _)) = path.strip_prefix("connections/").and_then(|rest| rest.split_once("/proxy/")) {
        return routes::proxy::forward(deps, request, id).await;
    }
    if path == "openapi.json" {
        return routes::openapi::show(request.method());
    }
    match route(deps, &request).await? {
        (StatusCode::NO_CONTENT, _) => Ok(response::empty(StatusCode::NO_CONTENT)),
        (status, body) => Ok(response::json(status, &body)),
    }
}

/// A status and a JSON body; with `NO_CONTENT` there is none.
type Answer = (StatusCode, Value);

async fn route(deps: &Arc<Deps>, request: &Request<Bytes>) -> Result<Answer> {
    let path = request.uri().path().trim_matches('/').split('/').map(decoded).collect::<Result<Vec<_>>>()?;
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    match (request.method().as_str(), segments.as_slice()) {
        ("GET", ["self"]) => routes::whoami::show(deps, request).await,
        ("GET", ["workspaces", key]) => routes::workspaces::show(deps, request, key).await,
        ("PUT", ["workspaces", key]) => routes::workspaces::put(deps, request, key).await,
        ("GET", ["integrations"]) => routes::integrations::list(deps, request).await,
        ("GET", ["integrations", id_or_key]) => routes::integrations::show(deps, request, id_or_key).await,
        ("PUT", ["integrations", id_or_key]) => routes::integrations::put(deps, request, id_or_key).await,
        ("PATCH", ["integrations", id_or_key]) => routes::integrations::patch(deps, request, id_or_key).await,
        ("DELETE", ["integrations", id_or_key]) => {
            routes::integrations::delete(deps, request, id_or_key).await
        }
        ("GET", ["integrations", id_or_key, "connector-spec"]) => {
            routes::connection_options::spec(deps, request, id_or_key).await
        }
        ("POST", ["connection-options"]) => routes::connection_options::list(deps, request).await,
        ("GET", ["sse", "connection-events", _]) => Err(routes::connection_options::no_events()),
        ("GET", ["connections"]) => routes::connections::list(deps, request).await,
        ("POST", ["connections"]) => routes::new_connection::create(deps, request).await,
        ("GET", ["connections", id]) => routes::connections::show(deps, request, id).await,
        ("PATCH", ["connections", id]) => routes::connection_changes::patch(deps, request, id).await,
        ("PUT", ["connections", id]) => routes::connection_changes::put(deps, request, id).await,
        ("DELETE", ["connections", id]) => routes::archive::archive(deps, request, id).await,
        ("POST", ["connections", id, "restore"]) => routes::archive::restore(deps, request, id).await,
        ("POST", ["connections", id, "refresh-credentials"]) => {
            routes::credentials::refresh(deps, request, id).await
        }
        ("POST", ["connections", id, "disconnect"]) => {
            routes::credentials::disconnect(deps, request, id).await
        }
        ("POST", ["connections", id, "test"]) => routes::credentials::test(deps, request, id).await,
        (_, path) => Err(methods(path).map_or_else(
            || Error::new(ErrorKey::NotFound, "There is no such resource."),
            Error::method_not_allowed,
        )),
    }
}

/// What can be done with a resource.
fn methods(path: &[&str]) -> Option<&'static str> {
    Some(match path {
        ["self" | "integrations"]
        | ["integrations", _, "connector-spec"]
        | ["sse", "connection-events", _] => "GET, OPTIONS",
        ["connections"] => "GET, OPTIONS, POST",
        ["workspaces", _] => "GET, OPTIONS, PUT",
        ["integrations" | "connections", _] => "DELETE, GET, OPTIONS, PATCH, PUT",
        ["connection-options"]
        | ["connections", _, "refresh-credentials" | "test" | "disconnect" | "restore"] => "OPTIONS, POST",
        _ => return None,
    })
}

fn decoded(segment: &str) -> Result<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::new(ErrorKey::RequestMalformed, "The path is not UTF-8."))
}
