//! `/connections`: a customer sees their own, who manages the workspace sees all of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use flow::client_action;
use flow::connection::{Connection, ConnectionSecrets};
use flow::deps::Deps;
use flow::lifecycle::refresh;
use flow::lifecycle::representation::{Face, Representation};
use flow::store::ListConnections;
use flow::web::request_fields::Fields;
use http::{Response, StatusCode};
use protocol::definition::integration_id_of;
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::id::{CustomerId, IntegrationId};
use protocol::record;
use protocol::secret::SecretMap;
use protocol::token::{Caller, Scope};
use serde::Serialize;

use super::Call;
use super::connection_changes::MAX_ID;
use crate::answer;

const DEFAULT_LIMIT: i32 = 100;
const MAX_LIMIT: i32 = 1000;

/// The most that a cursor weighs, in bytes: a sort key in base64.
pub(super) const MAX_CURSOR: usize = 2048;

/// How many integrations are named on a page.
const NAMED: usize = 10;

/// One page of connections.
#[derive(Serialize)]
pub(super) struct Page {
    pub(super) items: Vec<Representation>,
    /// Where the next page begins, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<String>,
}

/// A connection with what is sealed of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WithSecrets {
    #[serde(flatten)]
    pub(super) connection: Representation,
    #[serde(flatten)]
    pub(super) secrets: Option<Secrets>,
}

/// What is sealed of a connection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Secrets {
    pub(super) connector_parameters: SecretMap,
    pub(super) parameters: SecretMap,
    pub(super) credentials: SecretMap,
}

/// GET: one page of connections, newest first for each customer.
pub(crate) async fn list(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let deps = call.deps;
    let workspace = caller.workspace();
    let mut query = call.query();
    let customer = whose(&mut query, &caller)?;
    let integration = either(&mut query, "integrationId", "integrationKey")?;
    let page = deps
        .store
        .list_connections(&ListConnections {
            workspace,
            customer: customer.as_ref(),
            integration: integration.map(|given| integration_id_of(workspace, &given)).as_ref(),
            tag: query.text("tag", MAX_ID)?.as_deref(),
            search: query.text("search", MAX_ID)?.as_deref(),
            connected: query.flag("connected")?,
            disconnected: query.flag("disconnected")?,
            include_archived: query.flag("includeArchived")?.unwrap_or_default(),
            limit: limit(&mut query)?,
            cursor: query.text("cursor", MAX_CURSOR)?.filter(|cursor| cursor != "0").as_deref(),
        })
        .await?;
    answer::ok(&Page { items: representations(deps, &page.connections).await?, cursor: page.cursor })
}

/// GET: one connection; somebody else's is not found. With `includeSecrets=true`, for who manages the workspace and may see
/// secrets, its parameters and credentials too, these refreshed if they had ended.
pub(crate) async fn show(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, deadline, .. } = call;
    let include_secrets = call.query().flag("includeSecrets")?.unwrap_or_default();
    if include_secrets {
        if matches!(caller, Caller::Customer(_)) {
            let message = "includeSecrets needs a management token (isAdmin, and no customer).";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("includeSecrets"));
        }
        caller.scopes().check(Scope::ConnectionsSecrets).map_err(|error| error.field("includeSecrets"))?;
    }
    let mut connection = call.connection(&caller).await?;
    if include_secrets {
        connection = refresh::fresh(deps, connection, deadline).await?;
    }
    let mut representation = connection.representation(deps).await?;
    if let Some(action) = &mut representation.client_action {
        let link = client_action::link(deps, &connection, &caller, &deps.own_address(request)?).await;
        action.ui_url = reported(link, "no link was made for what the customer has to do").flatten();
    }
    let version = representation.version.clone();
    if !include_secrets {
        return answer::versioned(StatusCode::OK, &version, &representation);
    }
    let opened = ConnectionSecrets::open_to_show(deps, &connection).await?;
    record::ends(if opened.is_some() { "secrets read" } else { "secrets not shown: they are borrowed" });
    let secrets = opened.map(|held| Secrets {
        connector_parameters: held.connector_parameters,
        parameters: held.parameters,
        credentials: held.credentials,
    });
    answer::versioned(StatusCode::OK, &version, &WithSecrets { connection: representation, secrets })
}

/// The connections of a page, as they are shown. Its cost has a bound: integrations beyond the first few are not looked up.
pub(super) async fn representations(deps: &Deps, connections: &[Connection]) -> Result<Vec<Representation>> {
    let mut faces: BTreeMap<&IntegrationId, Option<Face>> = BTreeMap::new();
    let mut items = Vec::with_capacity(connections.len());
    for connection in connections {
        let id = &connection.integration;
        if !faces.contains_key(id) && faces.len() < NAMED {
            faces.insert(id, connection.face(deps).await?);
        }
        items.push(connection.shown_with(faces.get(id).cloned().flatten()));
    }
    Ok(items)
}

/// Whose things a list has: those of the customer who calls, or of the one that who manages the workspace asks for.
pub(super) fn whose(query: &mut Fields, caller: &Caller) -> Result<Option<CustomerId>> {
    let asked = either(query, "userId", "tenantId")?.map(CustomerId::new);
    match (caller, asked) {
        (Caller::Customer(customer), Some(asked)) if asked != customer.id => {
            let message = "A customer's token lists only what is that customer's.";
            Err(Error::new(ErrorKey::AccessDenied, message).field("userId"))
        }
        (Caller::Customer(customer), _) => Ok(Some(customer.id.clone())),
        (Caller::Admin { .. }, asked) => Ok(asked),
    }
}

/// A parameter that has two names.
pub(super) fn either(query: &mut Fields, one: &str, other: &str) -> Result<Option<String>> {
    Ok(query.text(one, MAX_ID)?.or(query.text(other, MAX_ID)?))
}

/// How many items a page has at most.
pub(super) fn limit(query: &mut Fields) -> Result<i32> {
    match query.text("limit", MAX_ID)?.map(|limit| limit.parse::<i32>()) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Error::malformed("limit", "must be a number from 1 to 1000")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use flow::connection::{Account, Notes};
    use flow::lifecycle::representation::{ClientAction, State};
    use protocol::id::{ConnectionId, ConnectionKey, CustomerId, IntegrationId};
    use serde_json::Map;

    use super::*;
    use crate::routes::described::{component, error, json_of, names};

    const INTEGRATION_ID: &str = "0123456789abcdef0123456789abcdef";
    const TIME: &str = "2026-01-31T08:15:00.123Z";

    fn face() -> Face {
        Face {
            id: IntegrationId::new(INTEGRATION_ID),
            key: "crm".to_owned(),
            name: "Example CRM".to_owned(),
            logo_uri: String::new(),
        }
    }

    pub(crate) fn connection() -> Representation {
        Representation {
            account: None,
            key: None,
            notes: Notes::default(),
            granted_scopes: None,
            missing_scopes: None,
            id: ConnectionId::new("0123456789abcdef01234567"),
            name: "Example CRM".to_owned(),
            user_id: CustomerId::new("user-1"),
            tenant_id: CustomerId::new("user-1"),
            integration_id: IntegrationId::new(INTEGRATION_ID),
            integration: None,
            auth_option_key: "oauth".to_owned(),
            connected: true,
            disconnected: false,
            state: State::Ready,
            error: None,
            created_at: TIME.to_owned(),
            updated_at: TIME.to_owned(),
            last_active_at: TIME.to_owned(),
            next_credentials_refresh_at: None,
            version: "1-1767225600000".to_owned(),
            archived_at: None,
            credentials_kept_until: None,
            client_action: None,
        }
    }

    pub(crate) fn full_connection() -> Representation {
        Representation {
            integration: Some(face()),
            account: Some(Account { id: Some("7".to_owned()), name: Some("Acme".to_owned()) }),
            key: Some(ConnectionKey::new("main")),
            notes: Notes {
                tags: Some(vec!["beta".to_owned()]),
                meta: Some(Map::from_iter([("team".to_owned(), 7.into())])),
            },
            granted_scopes: Some(vec!["read".to_owned()]),
            missing_scopes: Some(vec!["write".to_owned()]),
            state: State::ClientActionRequired,
            error: Some(error()),
            next_credentials_refresh_at: Some(TIME.to_owned()),
            archived_at: Some(TIME.to_owned()),
            credentials_kept_until: Some(TIME.to_owned()),
            client_action: Some(ClientAction::CONNECT),
            ..connection()
        }
    }

    fn secrets() -> SecretMap {
        SecretMap::new(Map::from_iter([("apiKey".to_owned(), "key".into())]))
    }

    #[test]
    fn what_is_shown_of_an_integration() {
        component("Face", &[json_of(&face())]);
    }

    #[test]
    fn connections() {
        let own = WithSecrets {
            connection: full_connection(),
            secrets: Some(Secrets {
                connector_parameters: secrets(),
                parameters: secrets(),
                credentials: secrets(),
            }),
        };
        let borrowed = WithSecrets { connection: connection(), secrets: None };
        let mut mended = full_connection();
        if let Some(action) = &mut mended.client_action {
            action.ui_url = Some("https://connect.example/screens/connect?connectionRequestId=r".to_owned());
        }
        let shown = [json_of(&connection()), json_of(&mended), json_of(&own), json_of(&borrowed)];
        component("Connection", &shown);
        assert_eq!(names(&shown[3]), names(&shown[0]));

        let pages = [
            Page { items: vec![connection(), full_connection()], cursor: Some("next".to_owned()) },
            Page { items: Vec::new(), cursor: None },
        ];
        component("Connections", &[json_of(&pages[0]), json_of(&pages[1])]);
    }
}
