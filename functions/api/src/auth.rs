//! Who calls: `Authorization: Bearer` with the workspace's token.

use bytes::Bytes;
use flow::deps::Deps;
use http::Request;
use http::header::AUTHORIZATION;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::record::About;
use protocol::token::{self, Caller, Customer};

/// A customer, or who manages the workspace. Their request counts from here on: a token that nobody verified must not use
/// up what a workspace may ask for.
pub(crate) async fn caller(deps: &Deps, request: &Request<Bytes>) -> Result<Caller> {
    let token = bearer(request)?;
    let workspace = deps.definitions.workspace(&token::unverified_workspace_key(token)?).await?;
    let caller = workspace.keys.verify(token, &workspace.key, deps.clock.now())?;
    About::Workspace.note(&workspace.key);
    if let Caller::Customer(customer) = &caller {
        About::Customer.note(&customer.id);
    }
    deps.limits.admit(&workspace).await?;
    Ok(caller)
}

/// A customer.
pub(crate) async fn customer(deps: &Deps, request: &Request<Bytes>) -> Result<Customer> {
    match caller(deps, request).await? {
        Caller::Customer(customer) => Ok(customer),
        Caller::Admin { .. } => Err(denied("The token is a management token; it names no customer.")),
    }
}

/// Who manages a workspace: its key.
pub(crate) async fn admin(deps: &Deps, request: &Request<Bytes>) -> Result<WorkspaceKey> {
    match caller(deps, request).await? {
        Caller::Admin { workspace } => Ok(workspace),
        Caller::Customer(_) => Err(denied("This needs a management token (isAdmin, and no customer).")),
    }
}

/// Refuses whoever does not manage workspaces. Who does has a token that is signed with the root workspace's secret, which
/// the operator holds.
pub(crate) async fn root(deps: &Deps, request: &Request<Bytes>) -> Result<()> {
    let token = bearer(request)?;
    let no_root = || denied("This deployment has no root workspace.");
    let key = deps.settings.root_key.as_ref().ok_or_else(no_root)?;
    if token::unverified_workspace_key(token)? != *key {
        return Err(denied("This needs a management token of the root workspace."));
    }
    let keys = deps.root_keys.read().await?.ok_or_else(no_root)?;
    match keys.verify(token, key, deps.clock.now())? {
        Caller::Admin { .. } => {
            About::Workspace.note(key);
            Ok(())
        }
        Caller::Customer(_) => Err(denied("This needs a management token (isAdmin, and no customer).")),
    }
}

fn bearer(request: &Request<Bytes>) -> Result<&str> {
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
