//! `/self`: who the bearer of the token is.

use bytes::Bytes;
use flow::connection::Setting;
use flow::store::{Profile, ProfileChange};
use flow::web::request_fields::Fields;
use http::Response;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::record;
use protocol::token::{self, Caller};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Call;
use super::connection_changes::MAX_NAME;
use crate::{answer, body};

/// The most that a customer's fields weigh, in bytes of JSON.
const MAX_FIELDS: usize = 8 * 1024;

/// A customer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Whoami<'a> {
    pub(super) id: &'a CustomerId,
    /// The same, under the SDKs' name.
    pub(super) internal_id: &'a CustomerId,
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

/// GET: the customer, or the workspace that the bearer manages.
pub(crate) async fn show(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    match &caller {
        Caller::Customer(customer) => {
            let profile = call.deps.store.read_profile(&customer.workspace, &customer.id).await?;
            shown(customer, &profile)
        }
        Caller::Admin { workspace, scopes } => {
            answer::ok(&Manager { workspace_key: workspace, is_admin: true, scopes: scopes.names() })
        }
    }
}

/// PATCH: changes the customer's name and fields. What is `null` is as the token says again.
pub(crate) async fn patch(call: Call<'_>, customer: token::Customer) -> Result<Response<Bytes>> {
    let mut fields = body::fields(call.request)?;
    if fields.has("credentials") {
        let message = "A customer has no credentials here: connections do.";
        return Err(Error::new(ErrorKey::NotSupported, message).field("credentials"));
    }
    let change = ProfileChange { name: name(&mut fields)?, fields: own_fields(&mut fields)? };
    let store = &call.deps.store;
    let profile = if change.is_empty() {
        store.read_profile(&customer.workspace, &customer.id).await?
    } else {
        record::ends("customer changed");
        store.change_profile(&customer.workspace, &customer.id, &change).await?
    };
    shown(&customer, &profile)
}

/// The customer: what they set, or else what the token says. Without a name they are named by their id.
fn shown(customer: &token::Customer, profile: &Profile) -> Result<Response<Bytes>> {
    let name = profile.name.as_deref().or(customer.name.as_deref()).unwrap_or(customer.id.as_str());
    answer::ok(&Whoami {
        id: &customer.id,
        internal_id: &customer.id,
        name,
        fields: profile.fields.as_ref().unwrap_or(&customer.fields),
        scopes: customer.scopes.names(),
    })
}

fn name(fields: &mut Fields) -> Result<Setting<String>> {
    if fields.is_null("name") {
        return Ok(Setting::Gone);
    }
    let is_given = fields.has("name");
    match fields.text("name", MAX_NAME)? {
        None if is_given => Err(Error::malformed("name", "must not be empty")),
        name => Ok(name.into()),
    }
}

fn own_fields(fields: &mut Fields) -> Result<Setting<Map<String, Value>>> {
    if fields.is_null("fields") {
        return Ok(Setting::Gone);
    }
    let Some(given) = fields.object("fields")? else { return Ok(Setting::Stays) };
    let given = given.expose().clone();
    if serde_json::to_vec(&given).map_err(Error::internal)?.len() > MAX_FIELDS {
        return Err(Error::malformed("fields", "are larger than 8 KiB"));
    }
    Ok(Setting::Becomes(given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn the_bearer() {
        let fields = Map::from_iter([("plan".to_owned(), "pro".into())]);
        let id = &CustomerId::new("user-1");
        let customer =
            |scopes| json_of(&Whoami { id, internal_id: id, name: "Ada", fields: &fields, scopes });
        component("Customer", &[customer(None), customer(Some(vec!["connect"]))]);
        let workspace_key = &WorkspaceKey::new("acme");
        let manager = |scopes| json_of(&Manager { workspace_key, is_admin: true, scopes });
        component("Manager", &[manager(None), manager(Some(vec!["connections:read", "proxy"]))]);
    }
}
