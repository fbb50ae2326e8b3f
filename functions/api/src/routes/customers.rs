//! `/customers/{id}`: all that is held of one customer, to be handed out or erased.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flow::lifecycle::erase::erase_customer;
use flow::lifecycle::representation::Representation;
use flow::store::{ListConnections, Profile};
use http::{Response, StatusCode};
use protocol::error::{Error, Result};
use protocol::id::{CustomerId, WorkspaceKey};
use protocol::record::{self, About, Remark};
use protocol::token::is_customer_id;
use serde::Serialize;

use super::Call;
use super::connections::{MAX_CURSOR, limit, representations};
use crate::answer;

/// One page of what is held of a customer.
#[derive(Serialize)]
pub(super) struct Export<'a> {
    pub(super) id: &'a CustomerId,
    /// The name and the fields that the customer has set, if they have.
    #[serde(flatten)]
    pub(super) profile: Profile,
    pub(super) connections: Vec<Representation>,
    /// Where the next page begins, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// GET: what is held of the customer, page by page; of what is sealed nothing.
pub(crate) async fn export(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let deps = call.deps;
    let customer = &customer(call.id)?;
    let mut query = call.query();
    let cursor = query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != "0");
    let list = ListConnections {
        include_archived: true,
        limit: limit(&mut query)?,
        cursor: cursor.as_deref(),
        ..ListConnections::of(&workspace, customer)
    };
    let page = deps.store.list_connections(&list).await?;
    record::ends("customer exported");
    let connections = representations(deps, &page.connections).await?;
    let profile = deps.store.read_profile(&workspace, customer).await?;
    answer::ok(&Export { id: customer, profile, connections, cursor: page.cursor })
}

/// DELETE: erases what is held of the customer, as much as there is time for. It is 202 while something is left: then the
/// same request goes on with it.
pub(crate) async fn erase(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let customer = &customer(call.id)?;
    let erasure = erase_customer(call.deps, &workspace, customer, call.deadline).await?;
    let done = if erasure.remaining { "customer erased in part" } else { "customer erased" };
    record::ends(
        Remark::from(done)
            .with("erased", Some(erasure.erased))
            .with("revoked", Some(erasure.revoked))
            .with("not_revoked", Some(erasure.not_revoked)),
    );
    let status = if erasure.remaining { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer::json(status, &erasure)
}

/// What an id begins with in a path that has it in base64url (RFC 4648 §5).
const IN_BASE64URL: &str = "base64url:";

/// The customer that a path names. One of whom nothing is held is one too.
fn customer(id: &str) -> Result<CustomerId> {
    let id = match id.strip_prefix(IN_BASE64URL) {
        Some(encoded) => {
            let decoded = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok();
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.ok_or_else(|| Error::malformed("id", "has no base64url of a text behind `base64url:`"))?
        }
        // API Gateway would look for another route, and an erasure that works in a local run must not fail there.
        None if id.contains('/') => {
            let problem = "has a slash, which a path cannot hold: write it in base64url, behind `base64url:`";
            return Err(Error::malformed("id", problem));
        }
        None => id.to_owned(),
    };
    if !is_customer_id(&id) {
        return Err(Error::malformed("id", "must have 1 to 255 bytes, and no control characters"));
    }
    About::Customer.note(&id);
    Ok(CustomerId::new(id))
}

#[cfg(test)]
mod tests {
    use flow::lifecycle::erase::Erasure;

    use super::*;
    use crate::routes::connections::tests::{connection, full_connection};
    use crate::routes::described::{component, json_of};

    #[test]
    fn what_is_held_of_a_customer() {
        let id = &CustomerId::new("user-1");
        let connections = vec![connection(), full_connection()];
        let profile = Profile { name: Some("Ada".to_owned()), fields: Some(serde_json::Map::new()) };
        component(
            "CustomerExport",
            &[
                json_of(&Export { id, profile, connections, cursor: Some("next".to_owned()) }),
                json_of(&Export { id, profile: Profile::default(), connections: Vec::new(), cursor: None }),
            ],
        );
    }

    #[test]
    fn a_path_names_each_customer_in_one_way_at_least() {
        for (written, id) in [
            ("user-1", "user-1"),
            ("a?b\\c #", "a?b\\c #"),
            ("base64url:dGVhbS8x", "team/1"),
            ("base64url:dGVhbS8xMg", "team/12"),
            ("base64url:dGVhbS8xMg==", "team/12"),
            ("base64url:Li4", ".."),
            ("base64url:YmFzZTY0dXJsOng", "base64url:x"),
            ("Base64url:Li4", "Base64url:Li4"),
        ] {
            assert_eq!(customer(written).unwrap(), CustomerId::new(id), "{written}");
        }
        for written in
            ["team/1", "/", "base64url:", "base64url:a/b", "base64url:_w", "base64url:Cg", "base64url:A", ""]
        {
            assert!(customer(written).is_err(), "{written}");
        }
    }

    #[test]
    fn what_came_of_an_erasure() {
        let some = Erasure { erased: 2, revoked: 1, not_revoked: 1, remaining: true };
        component("Erasure", &[json_of(&some), json_of(&Erasure::default())]);
    }
}
