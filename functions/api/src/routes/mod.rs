//! Every route of the API, once: its method, its path, who may call, by which scope, and what answers. `OPTIONS` is not in
//! it: every path answers preflights. One file a resource.

mod archive;
mod attempts;
mod confirmation;
mod connection_changes;
mod connection_options;
mod connection_requests;
mod connections;
mod connectors;
mod credentials;
mod customers;
#[cfg(test)]
mod described;
mod discovery;
mod expansion;
mod integration_check;
mod integration_representation;
mod integrations;
mod new_connection;
mod oauth_client;
mod openapi;
mod proxy;
mod resealing;
pub(crate) mod screens;
mod sse;
mod until_written;
mod webhooks;
mod whoami;
mod workspaces;

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use flow::connection::Connection;
use flow::deps::Deps;
use flow::web::request_fields::Fields;
use flow::web::routes::{Access, Function, Route, browser_routes, method_not_allowed};
use http::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use protocol::deadline::Deadline;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::path::fits;
use protocol::token::Scope::{
    self, Connect, ConnectionsRead, ConnectionsTest, ConnectionsWrite, CustomersErase, CustomersRead,
    CustomersWrite, IntegrationsRead, IntegrationsWrite, RequestsCreate, WebhooksRead, WebhooksWrite,
    WorkspacesRead, WorkspacesWrite,
};
use protocol::token::{self, Caller};

use Handler::{Admin, AnyToken, Anyone, Customer, CustomerOrAdmin, Root};

/// The address of an integration's API itself, through the proxy.
const BASE: &str = "/connections/{id}/proxy";
/// What lies below that.
const BELOW_BASE: &str = "/connections/{id}/proxy/{path+}";

static TABLE: &[Entry] = &[
    get("/openapi.json", Anyone(|_| Box::pin(ready(Ok(openapi::show()))))),
    get("/self", AnyToken(|call, caller| Box::pin(whoami::show(call, caller)))),
    patch("/self", Customer(CustomersWrite, |call, customer| Box::pin(whoami::patch(call, customer)))),
    get("/workspaces", Root(WorkspacesRead, |call| Box::pin(workspaces::list(call)))),
    get("/workspaces/{key}", Root(WorkspacesRead, |call| Box::pin(workspaces::show(call)))),
    put("/workspaces/{key}", Root(WorkspacesWrite, |call| Box::pin(workspaces::put(call)))),
    delete("/workspaces/{key}", Root(WorkspacesWrite, |call| Box::pin(workspaces::delete(call)))),
    post("/workspaces/{key}/reseal", Root(WorkspacesWrite, |call| Box::pin(resealing::reseal(call)))),
    delete(
        "/customers/{id}",
        Admin(CustomersErase, |call, workspace| Box::pin(customers::erase(call, workspace))),
    ),
    get(
        "/customers/{id}/export",
        Admin(CustomersRead, |call, workspace| Box::pin(customers::export(call, workspace))),
    ),
    get(
        "/integrations",
        CustomerOrAdmin(IntegrationsRead, |call, caller| Box::pin(integrations::list(call, caller))),
    ),
    get(
        "/integrations/{key}",
        CustomerOrAdmin(IntegrationsRead, |call, caller| Box::pin(integrations::show(call, caller))),
    ),
    put(
        "/integrations/{key}",
        Admin(IntegrationsWrite, |call, workspace| Box::pin(integrations::put(call, workspace))),
    ),
    patch(
        "/integrations/{key}",
        Admin(IntegrationsWrite, |call, workspace| Box::pin(integrations::patch(call, workspace))),
    ),
    delete(
        "/integrations/{key}",
        Admin(IntegrationsWrite, |call, workspace| Box::pin(integrations::delete(call, workspace))),
    ),
    get(
        "/integrations/{key}/connector-spec",
        CustomerOrAdmin(IntegrationsRead, |call, caller| Box::pin(connection_options::spec(call, caller))),
    ),
    get("/connectors", Admin(IntegrationsRead, |call, _| Box::pin(ready(connectors::list(call))))),
    get(
        "/connectors/{key}",
        Admin(IntegrationsRead, |call, workspace| Box::pin(ready(connectors::show(call, &workspace)))),
    ),
    post(
        "/connection-options",
        CustomerOrAdmin(IntegrationsRead, |call, caller| Box::pin(connection_options::list(call, caller))),
    ),
    get("/oauth-client/{integrationId}", Anyone(|call| Box::pin(oauth_client::show(call)))),
    post(
        "/connection-requests",
        CustomerOrAdmin(RequestsCreate, |call, caller| Box::pin(connection_requests::create(call, caller))),
    ),
    get(
        "/connection-requests/{id}",
        CustomerOrAdmin(RequestsCreate, |call, caller| Box::pin(connection_requests::show(call, caller))),
    ),
    delete(
        "/connection-requests/{id}",
        CustomerOrAdmin(RequestsCreate, |call, caller| Box::pin(connection_requests::cancel(call, caller))),
    ),
    // This is no connection request, but what waits for the application to confirm its user. Published callers know the path.
    post(
        "/connection-requests/{id}/complete",
        Customer(Connect, |call, customer| Box::pin(confirmation::complete(call, customer))),
    ),
    get("/webhook-endpoints", Admin(WebhooksRead, |call, key| Box::pin(webhooks::list(call, key)))),
    post("/webhook-endpoints", Admin(WebhooksWrite, |call, key| Box::pin(webhooks::create(call, key)))),
    get("/webhook-endpoints/{id}", Admin(WebhooksRead, |call, key| Box::pin(webhooks::show(call, key)))),
    patch("/webhook-endpoints/{id}", Admin(WebhooksWrite, |call, key| Box::pin(webhooks::patch(call, key)))),
    delete(
        "/webhook-endpoints/{id}",
        Admin(WebhooksWrite, |call, key| Box::pin(webhooks::delete(call, key))),
    ),
    post(
        "/webhook-endpoints/{id}/rotate-secret",
        Admin(WebhooksWrite, |call, key| Box::pin(webhooks::rotate(call, key))),
    ),
    post(
        "/webhook-endpoints/{id}/test",
        Admin(WebhooksWrite, |call, key| Box::pin(webhooks::test(call, key))),
    ),
    get(
        "/webhook-endpoints/{id}/deliveries",
        Admin(WebhooksRead, |call, key| Box::pin(webhooks::deliveries(call, key))),
    ),
    post(
        "/webhook-deliveries/{id}/replay",
        Admin(WebhooksWrite, |call, key| Box::pin(webhooks::replay(call, key))),
    ),
    get("/sse/connection-events/{requestId}", Anyone(|_| Box::pin(ready(Err(sse::not_supported()))))),
    get(
        "/connection-attempt-logs",
        CustomerOrAdmin(ConnectionsRead, |call, caller| Box::pin(attempts::list(call, caller))),
    ),
    get(
        "/connections",
        CustomerOrAdmin(ConnectionsRead, |call, caller| Box::pin(connections::list(call, caller))),
    ),
    post(
        "/connections",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(new_connection::create(call, caller))),
    ),
    get(
        "/connections/{id}",
        CustomerOrAdmin(ConnectionsRead, |call, caller| Box::pin(connections::show(call, caller))),
    ),
    patch(
        "/connections/{id}",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(connection_changes::patch(call, caller))),
    ),
    put(
        "/connections/{id}",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(connection_changes::put(call, caller))),
    ),
    delete(
        "/connections/{id}",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(archive::archive(call, caller))),
    ),
    post(
        "/connections/{id}/restore",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(archive::restore(call, caller))),
    ),
    post(
        "/connections/{id}/refresh-credentials",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(credentials::refresh(call, caller))),
    ),
    post(
        "/connections/{id}/test",
        CustomerOrAdmin(ConnectionsTest, |call, caller| Box::pin(credentials::test(call, caller))),
    ),
    post(
        "/connections/{id}/disconnect",
        CustomerOrAdmin(ConnectionsWrite, |call, caller| Box::pin(credentials::disconnect(call, caller))),
    ),
    through_proxy(Method::DELETE, BASE),
    through_proxy(Method::DELETE, BELOW_BASE),
    through_proxy(Method::GET, BASE),
    through_proxy(Method::GET, BELOW_BASE),
    through_proxy(Method::HEAD, BASE),
    through_proxy(Method::HEAD, BELOW_BASE),
    through_proxy(Method::PATCH, BASE),
    through_proxy(Method::PATCH, BELOW_BASE),
    through_proxy(Method::POST, BASE),
    through_proxy(Method::POST, BELOW_BASE),
    through_proxy(Method::PUT, BASE),
    through_proxy(Method::PUT, BELOW_BASE),
];

/// One row.
struct Entry {
    method: Method,
    path: &'static str,
    handler: Handler,
}

/// Who may call, which scope a token with scopes must have, and what answers: it is handed whom `auth` found.
pub(crate) enum Handler {
    /// Anyone, without a token.
    Anyone(fn(Call<'_>) -> Answering<'_>),
    /// Whoever has a token, with whatever scopes: the answer says nothing but who its bearer is.
    AnyToken(fn(Call<'_>, Caller) -> Answering<'_>),
    /// A customer.
    Customer(Scope, fn(Call<'_>, token::Customer) -> Answering<'_>),
    /// A customer, or who manages the workspace.
    CustomerOrAdmin(Scope, fn(Call<'_>, Caller) -> Answering<'_>),
    /// Who manages the workspace; the handler is told its key.
    Admin(Scope, fn(Call<'_>, WorkspaceKey) -> Answering<'_>),
    /// Who manages workspaces.
    Root(Scope, fn(Call<'_>) -> Answering<'_>),
}

impl Handler {
    /// What a request must show.
    fn access(&self) -> Access {
        match self {
            Anyone(_) => Access::Open,
            AnyToken(_) => Access::Token,
            Customer(scope, _) | CustomerOrAdmin(scope, _) | Admin(scope, _) | Root(scope, _) => {
                Access::Scope(*scope)
            }
        }
    }
}

/// A request, on its way to its handler.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) deps: &'a Arc<Deps>,
    pub(crate) request: &'a Request<Bytes>,
    /// What stands in the place of `{id}` or `{key}`; nothing where the path has no such place.
    pub(crate) id: &'a str,
    /// Counted from when the request came.
    pub(crate) deadline: Deadline,
}

impl Call<'_> {
    /// The fields of the query.
    fn query(&self) -> Fields {
        Fields::of_query(self.request.uri().query().unwrap_or_default())
    }

    /// The connection that the path names by its id or its key, if the caller may see it. Whose the key is, who manages the
    /// workspace says in the query.
    async fn connection(&self, caller: &Caller) -> Result<Connection> {
        Connection::visible(self.deps, self.id, caller, self.asked_customer()?.as_ref()).await
    }

    /// The same, but only a live one.
    async fn live_connection(&self, caller: &Caller) -> Result<Connection> {
        Connection::live(self.deps, self.id, caller, self.asked_customer()?.as_ref()).await
    }

    fn asked_customer(&self) -> Result<Option<CustomerId>> {
        Ok(connections::either(&mut self.query(), "userId", "tenantId")?.map(CustomerId::new))
    }
}

/// An answer under way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>>> + Send + 'a>>;

const fn get(path: &'static str, handler: Handler) -> Entry {
    Entry { method: Method::GET, path, handler }
}

const fn post(path: &'static str, handler: Handler) -> Entry {
    Entry { method: Method::POST, path, handler }
}

const fn put(path: &'static str, handler: Handler) -> Entry {
    Entry { method: Method::PUT, path, handler }
}

const fn patch(path: &'static str, handler: Handler) -> Entry {
    Entry { method: Method::PATCH, path, handler }
}

const fn delete(path: &'static str, handler: Handler) -> Entry {
    Entry { method: Method::DELETE, path, handler }
}

const fn through_proxy(method: Method, path: &'static str) -> Entry {
    let handler = CustomerOrAdmin(Scope::Proxy, |call, caller| Box::pin(proxy::forward(call, caller)));
    Entry { method, path, handler }
}

/// The handler of a request, and the id that its path names.
pub(crate) fn find(method: &Method, path: &str) -> Result<(&'static Handler, String)> {
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    let decoded: Vec<_> =
        path.iter().map(|segment| percent_decode_str(segment).decode_utf8_lossy()).collect();
    let of_path = || TABLE.iter().filter(|entry| fits(entry.path, &decoded));
    let Some(entry) = of_path().find(|entry| entry.method == *method) else {
        let preflight = Method::OPTIONS;
        return Err(match of_path().next() {
            Some(_) => method_not_allowed(of_path().map(|entry| &entry.method).chain([&preflight])),
            None => Error::new(ErrorKey::NotFound, "There is no such resource."),
        });
    };
    Ok((&entry.handler, id(entry.path, &path)?))
}

/// What stands in the place of the pattern's first placeholder.
fn id(pattern: &'static str, path: &[&str]) -> Result<String> {
    let Some(place) = segments(pattern).position(is_placeholder) else { return Ok(String::new()) };
    let segment = path.get(place).copied().unwrap_or_default();
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.map(Into::into).map_err(|_| Error::new(ErrorKey::RequestMalformed, "The path is not UTF-8."))
}

fn segments(pattern: &'static str) -> impl Iterator<Item = &'static str> {
    pattern.trim_start_matches('/').split('/')
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Every route of the service: those that browsers open, and the API's.
#[must_use]
pub fn all_routes() -> Vec<Route> {
    let mut routes = browser_routes().to_vec();
    for entry in TABLE {
        let route = |method, access| Route { method, path: entry.path, function: Function::Api, access };
        if routes.iter().all(|known| known.path != entry.path) {
            routes.push(route(Method::OPTIONS, Access::Open));
        }
        routes.push(route(entry.method.clone(), entry.handler.access()));
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path of the entry that answers, and the id in it.
    fn found(path: &str) -> Result<(&'static str, String)> {
        let (handler, id) = find(&Method::GET, path)?;
        let is_it = |entry: &&Entry| std::ptr::eq(&raw const entry.handler, handler);
        Ok((TABLE.iter().find(is_it).unwrap().path, id))
    }

    #[test]
    fn a_path_leads_to_one_pattern_and_its_id() {
        for (path, pattern, id) in [
            ("/self", "/self", ""),
            ("/%73elf/", "/self", ""),
            ("/integrations", "/integrations", ""),
            ("/integrations/crm", "/integrations/{key}", "crm"),
            ("/integrations/a%2Fb%20c", "/integrations/{key}", "a/b c"),
            ("/connections/c1/proxy", "/connections/{id}/proxy", "c1"),
            ("/connections/c1/proxy/", "/connections/{id}/proxy", "c1"),
            ("/connections/c1/proxy/me", "/connections/{id}/proxy/{path+}", "c1"),
            ("/connections/c1/proxy/a/%ff//b/", "/connections/{id}/proxy/{path+}", "c1"),
        ] {
            assert_eq!(found(path).unwrap(), (pattern, id.to_owned()), "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_not_found() {
        for path in ["/", "/selfish", "/self/a", "/%ff"] {
            assert_eq!(found(path).unwrap_err().key(), ErrorKey::NotFound, "{path}");
        }
        assert_eq!(found("/connections/%ff").unwrap_err().key(), ErrorKey::RequestMalformed);
    }
}
