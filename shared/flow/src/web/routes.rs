//! The paths that browsers open: each with its methods, and the function that answers. The API's stand in its own table,
//! `functions/api/src/routes/mod.rs`; `api::all_routes` has them all.

use std::collections::BTreeSet;

use crate::context::connection_request::LINK_PATH;
use bytes::Bytes;
use http::{Method, Request};
use protocol::error::{Error, Result};
use protocol::path::fits;
use protocol::token::Scope;

/// The path of the screen that shows one connection.
pub const CONNECTION_SCREEN: &str = "/screens/connection";

/// A Lambda function that answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Starts connections.
    Initiate,
    /// Takes the providers' answers.
    Callback,
    /// Hands results back.
    Finish,
    /// The REST resources.
    Api,
}

impl Function {
    /// The name of its crate and of its binary.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initiate => "initiate",
            Self::Callback => "callback",
            Self::Finish => "finish",
            Self::Api => "api",
        }
    }
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path as API Gateway writes it: `{id}` takes one segment, `{path+}` whatever is left.
    pub path: &'static str,
    /// The function that answers.
    pub function: Function,
    /// What the request must show.
    pub access: Access,
}

/// What a request must show in its `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A token.
    Token,
    /// A token that is limited to no scopes, or has this one.
    Scope(Scope),
}

/// A start brings its token among its parameters, and what follows is known by a cookie.
static BROWSER: &[Route] = &[
    browser(Method::GET, "/connection-popup", Function::Initiate),
    browser(Method::POST, "/connection-popup", Function::Initiate),
    browser(Method::GET, "/connect", Function::Initiate),
    browser(Method::POST, "/connect", Function::Initiate),
    browser(Method::GET, LINK_PATH, Function::Initiate),
    // The screens: pages in a frame of the application's, which make and change connections as the API does.
    browser(Method::POST, LINK_PATH, Function::Api),
    browser(Method::POST, CONNECTION_SCREEN, Function::Api),
    browser(Method::GET, "/oauth-callback", Function::Callback),
    browser(Method::POST, "/oauth-callback", Function::Callback),
    browser(Method::GET, "/oauth-callback/{integrationId}", Function::Callback),
    browser(Method::POST, "/oauth-callback/{integrationId}", Function::Callback),
    // Somebody may open the address of the answered page again.
    browser(Method::GET, "/connection-choice/{flowId}", Function::Callback),
    browser(Method::POST, "/connection-choice/{flowId}", Function::Callback),
    browser(Method::GET, "/connection-result/{flowId}", Function::Finish),
];

const fn browser(method: Method, path: &'static str, function: Function) -> Route {
    Route { method, path, function, access: Access::Open }
}

/// The paths that browsers open.
#[must_use]
pub fn browser_routes() -> &'static [Route] {
    BROWSER
}

/// True if the function answers this path, which browsers open.
#[must_use]
pub fn is_opened_at(function: Function, request: &Request<Bytes>) -> bool {
    let path = segments(request);
    BROWSER.iter().any(|route| route.function == function && fits(route.path, &path))
}

/// Refuses a method that the function's path does not have: API Gateway lets every one pass.
///
/// # Errors
///
/// `method_not_allowed`, with the methods that the path has, whichever function answers them.
pub fn check_method(function: Function, request: &Request<Bytes>) -> Result<()> {
    let path = segments(request);
    let own = || BROWSER.iter().filter(|route| route.function == function);
    // A path that is written in another way is one of them all the same.
    let is_known = own().any(|route| fits(route.path, &path));
    let is_it = |route: &&Route| !is_known || fits(route.path, &path);
    if own().filter(is_it).any(|route| route.method == request.method()) {
        return Ok(());
    }
    let others = BROWSER.iter().filter(|route| route.function == function || is_known).filter(is_it);
    Err(method_not_allowed(others.map(|route| &route.method)))
}

fn segments(request: &Request<Bytes>) -> Vec<&str> {
    request.uri().path().trim_matches('/').split('/').collect()
}

/// A path has these methods, and not the one that was asked for.
pub fn method_not_allowed<'a>(methods: impl Iterator<Item = &'a Method>) -> Error {
    let methods: BTreeSet<&str> = methods.map(Method::as_str).collect();
    Error::method_not_allowed(methods.into_iter().collect::<Vec<_>>().join(", "))
}
