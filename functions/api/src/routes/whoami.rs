//! `/self`: what the token says of its bearer.

use bytes::Bytes;
use http::Response;
use protocol::error::Result;
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::token::Caller;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer;

/// A customer.
#[derive(Serialize)]
pub(super) struct Whoami<'a> {
    pub(super) id: &'a CustomerId,
    pub(super) name: &'a str,
    pub(super) fields: &'a Map<String, Value>,
    /// What the token is limited to, if to anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scopes: Option<Vec<&'static str>>,
}

/// Who manages a workspace.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manager<'a> {
    pub(super) workspace_key: &'a WorkspaceKey,
    pub(super) is_admin: bool,
    /// What the token is limited to, if to anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scopes: Option<Vec<&'static str>>,
}

/// GET: the customer, who is named by the id if the token gives no name; or the workspace that the bearer manages.
pub(crate) fn show(caller: &Caller) -> Result<Response<Bytes>> {
    let scopes = caller.scopes().names();
    match caller {
        Caller::Customer(customer) => {
            let name = customer.name.as_deref().unwrap_or(customer.id.as_str());
            answer::ok(&Whoami { id: &customer.id, name, fields: &customer.fields, scopes })
        }
        Caller::Admin { workspace, .. } => {
            answer::ok(&Manager { workspace_key: workspace, is_admin: true, scopes })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn the_bearer() {
        let fields = Map::from_iter([("plan".to_owned(), "pro".into())]);
        let id = &CustomerId::new("user-1");
        let customer = |scopes| json_of(&Whoami { id, name: "Ada", fields: &fields, scopes });
        component("Customer", &[customer(None), customer(Some(vec!["connect"]))]);
        let workspace_key = &WorkspaceKey::new("acme");
        let manager = |scopes| json_of(&Manager { workspace_key, is_admin: true, scopes });
        component("Manager", &[manager(None), manager(Some(vec!["connections:read", "proxy"]))]);
    }
}
