//! Who calls: `Authorization: Bearer` with the workspace's token.

use bytes::Bytes;
use flow::deps::Deps;
use http::Request;
use http::header::AUTHORIZATION;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::record::About;
use protocol::token::{self, Caller, Customer, Scope};

/// Whoever the token speaks for, with whatever scopes. Their request counts from here on: a token that nobody verified must
/// not use up what a workspace may ask for.
pub(crate) async fn bearer(deps: &Deps, request: &Request<Bytes>) -> Result<Caller> {
    let token = token(request)?;
    let workspace = deps.definitions.workspace(&token::unverified_workspace_key(token)?).await?;
    let caller = workspace.keys.verify(token, &workspace.key, deps.clock.now())?;
    About::Workspace.note(&workspace.key);
    if let Caller::Customer(customer) = &caller {
        About::Customer.note(&customer.id);
    }
    deps.limits.admit(&workspace).await?;
    Ok(caller)
}

/// A customer, or who manages the workspace, by this scope.
pub(crate) async fn caller(deps: &Deps, request: &Request<Bytes>, scope: Scope) -> Result<Caller> {
    let caller = bearer(deps, request).await?;
    caller.scopes().check(scope)?;
    Ok(caller)
}

/// A customer, by this scope.
pub(crate) async fn customer(deps: &Deps, request: &Request<Bytes>, scope: Scope) -> Result<Customer> {
    match bearer(deps, request).await? {
        Caller::Customer(customer) => {
            customer.scopes.check(scope)?;
            Ok(customer)
        }
        Caller::Admin { .. } => Err(denied("The token is a management token; it names no customer.")),
    }
}

/// Who manages a workspace, by this scope: its key.
pub(crate) async fn admin(deps: &Deps, request: &Request<Bytes>, scope: Scope) -> Result<WorkspaceKey> {
    let caller = bearer(deps, request).await?;
    manages(&caller, scope)?;
    Ok(caller.workspace().clone())
}

/// Refuses whoever does not manage workspaces, by this scope. Who does has a token that is signed with the root workspace's
/// secret, which the operator holds.
pub(crate) async fn root(deps: &Deps, request: &Request<Bytes>, scope: Scope) -> Result<()> {
    let token = token(request)?;
    let no_root = || denied("This deployment has no root workspace.");
    let key = deps.settings.root_key.as_ref().ok_or_else(no_root)?;
    if token::unverified_workspace_key(token)? != *key {
        return Err(denied("This needs a management token of the root workspace."));
    }
    let keys = deps.root_keys.read().await?.ok_or_else(no_root)?;
    let caller = keys.verify(token, key, deps.clock.now())?;
    About::Workspace.note(key);
    manages(&caller, scope)
}

/// Refuses whoever does not manage their workspace, or not by this scope.
fn manages(caller: &Caller, scope: Scope) -> Result<()> {
    match caller {
        Caller::Admin { scopes, .. } => scopes.check(scope),
        Caller::Customer(_) => Err(denied("This needs a management token (isAdmin, and no customer).")),
    }
}

/// The token in the request.
fn token(request: &Request<Bytes>) -> Result<&str> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

fn missing() -> Error {
    Error::new(ErrorKey::NotAuthenticated, "The Authorization header must be `Bearer` and a token.")
        .field("Authorization")
}

fn denied(message: &'static str) -> Error {
    Error::new(ErrorKey::AccessDenied, message)
}
