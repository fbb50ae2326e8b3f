//! `/connections`: a customer sees their own, who manages the workspace sees all of it.

use std::sync::Arc;

use bytes::Bytes;
use flow::connection::{Connection, ConnectionSecrets};
use flow::definition::integration_id_of;
use flow::deps::Deps;
use flow::error::{Error, ErrorKey, Result};
use flow::refresh;
use flow::store::ListConnections;
use flow::token::Caller;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{Answer, auth};

const DEFAULT_LIMIT: i32 = 100;
const MAX_LIMIT: i32 = 1000;

/// GET: one page of live connections, newest first for each customer.
pub(crate) async fn list(deps: &Deps, request: &Request<Bytes>) -> Result<Answer> {
    let (caller, workspace) = auth::caller(deps, request).await?;
    let query = Query::of(request);
    let asked = query.get("userId").or_else(|| query.get("tenantId"));
    let customer = match (&caller, asked) {
        (Caller::Customer(customer), Some(asked)) if asked != customer.id => {
            let message = "A customer's token lists that customer's connections only.";
            return Err(Error::new(ErrorKey::AccessDenied, message).field("userId"));
        }
        (Caller::Customer(customer), _) => Some(customer.id.clone()),
        (Caller::Admin { .. }, asked) => asked,
    };
    let integration = query
        .get("integrationId")
        .or_else(|| query.get("integrationKey"))
        .map(|id_or_key| integration_id_of(&workspace.key, &id_or_key));
    let cursor = query.get("cursor").filter(|cursor| cursor != "0");
    let page = deps
        .store
        .list_connections(&ListConnections {
            workspace: &workspace.key,
            customer: customer.as_deref(),
            integration: integration.as_deref(),
            limit: query.limit()?,
            cursor: cursor.as_deref(),
        })
        .await?;
    let items: Vec<Value> = page.connections.iter().map(Connection::to_json).collect();
    let mut body = json!({ "items": items });
    if let Some(cursor) = page.cursor {
        body["cursor"] = cursor.into();
    }
    Ok((StatusCode::OK, body))
}

/// GET: one connection; somebody else's is not found. With `includeSecrets=true`, for who manages the workspace, its
/// parameters and credentials too, these refreshed if they had ended.
pub(crate) async fn show(deps: &Arc<Deps>, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let (caller, _) = auth::caller(deps, request).await?;
    let include_secrets = Query::of(request).get("includeSecrets").as_deref() == Some("true");
    if include_secrets && matches!(caller, Caller::Customer(_)) {
        let message = "includeSecrets needs a management token (isAdmin, and no customer).";
        return Err(Error::new(ErrorKey::AccessDenied, message).field("includeSecrets"));
    }
    let mut connection = Connection::visible(deps, id, &caller).await?;
    if include_secrets {
        connection = refresh::fresh(deps, connection).await?;
    }
    let mut body = connection.to_json();
    if include_secrets {
        let secrets = ConnectionSecrets::open(deps, &connection).await?;
        body["connectorParameters"] = json!(secrets.connector_parameters);
        // What a customer entered for a borrowed registration may be its credentials.
        if connection.record.borrowed.is_none() {
            body["parameters"] = json!(secrets.parameters);
            body["credentials"] = json!(secrets.credentials);
        }
    }
    Ok((StatusCode::OK, body))
}

/// A query's parameters; unknown ones are ignored.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Request<Bytes>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.clone())
    }

    fn limit(&self) -> Result<i32> {
        match self.get("limit").map(|limit| limit.parse::<i32>()) {
            None => Ok(DEFAULT_LIMIT),
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(Error::new(ErrorKey::RequestMalformed, "limit must be a number from 1 to 1000.")
                .field("limit")),
        }
    }
}
