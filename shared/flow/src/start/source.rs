//! Where a start comes from: from the application, with a token, or from the link of a connection request.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use protocol::clock::Timestamp;
use protocol::definition::{Integration, Workspace, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::token::{self, Caller, Customer, Scope, Scopes};
use serde_json::Map;
use url::form_urlencoded;

use super::request::{StartRequest, Wanted};
use crate::connection_request::{self, Found};
use crate::context::connection_request::{
    ConnectionRequest, ConnectionRequestId, FIELD, LINK_PATH, no_request,
};
use crate::deps::Deps;
use protocol::record::About;

/// Where a start comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// From the application, which sends a token.
    Application(Box<StartRequest>),
    /// From the link of a connection request, which somebody opened.
    Link(ConnectionRequestId),
}

/// A start whose customer is known.
pub(super) struct Known {
    pub(super) wanted: Wanted,
    pub(super) customer: Customer,
    pub(super) workspace: Arc<Workspace>,
    /// The integration that the request names, if it exists.
    pub(super) named: Option<Arc<Integration>>,
    /// The connection request that it belongs to.
    pub(super) belongs_to: Option<Found>,
}

impl Source {
    /// Reads where a request comes from that no page of ours has sent.
    pub(super) fn of(request: &Request<Bytes>) -> Result<Self> {
        if request.uri().path() != LINK_PATH {
            return StartRequest::parse(request).map(Box::new).map(Self::Application);
        }
        let query = request.uri().query().unwrap_or_default();
        let id = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == FIELD);
        let id = id.and_then(|(_, id)| ConnectionRequestId::parse(&id)).ok_or_else(no_request)?;
        Ok(Self::Link(id))
    }

    /// What the application sent, if it comes from there.
    pub(super) fn sent(&self) -> Option<&StartRequest> {
        match self {
            Self::Application(start) => Some(start),
            Self::Link(_) => None,
        }
    }

    /// True if it comes from a link.
    pub(super) fn is_link(&self) -> bool {
        matches!(self, Self::Link(_))
    }

    /// Finds out whose start it is: by the token, or by the connection request that the link belongs to.
    pub(super) async fn known(&self, deps: &Deps, verified_at: Timestamp) -> Result<Known> {
        match self {
            Self::Application(start) => start.known(deps, verified_at).await,
            Self::Link(id) => {
                let found = connection_request::find(deps, id.clone()).await?;
                About::Workspace.note(&found.request.workspace);
                About::Customer.note(&found.request.customer);
                let named = Some(found.request.integration.as_str());
                let (workspace, named) = definitions(deps, &found.request.workspace, named).await?;
                let wanted = Wanted::of(&found.request);
                let customer = customer(&found.request);
                Ok(Known { wanted, customer, workspace, named, belongs_to: Some(found) })
            }
        }
    }
}

impl StartRequest {
    async fn known(&self, deps: &Deps, verified_at: Timestamp) -> Result<Known> {
        let workspace_key = token::unverified_workspace_key(self.token.expose())?;
        let named = self.wanted.integration.as_deref();
        let (workspace, mut named) = definitions(deps, &workspace_key, named).await?;
        let customer = match workspace.keys.verify(self.token.expose(), &workspace.key, verified_at)? {
            Caller::Customer(customer) => customer,
            Caller::Admin { .. } => {
                let message = "The token is a management token; a connection needs a customer's.";
                return Err(Error::new(ErrorKey::AccessDenied, message).field("token"));
            }
        };
        About::Workspace.note(&workspace.key);
        About::Customer.note(&customer.id);
        customer.scopes.check(Scope::Connect).map_err(|error| error.field("token"))?;
        let mut wanted = self.wanted.clone();
        let belongs_to = match &self.connection_request {
            Some(id) => Some(belongs_to(deps, id, &customer).await?),
            None => None,
        };
        if let Some(found) = &belongs_to
            && wanted.integration.is_none()
            && wanted.connection_id.is_none()
            && wanted.connection_key.is_none()
        {
            let asked = Wanted::of(&found.request);
            (wanted.integration, wanted.connection_id) = (asked.integration, asked.connection_id);
            named = definitions(deps, &workspace.key, wanted.integration.as_deref()).await?.1;
        }
        Ok(Known { wanted, customer, workspace, named, belongs_to })
    }
}

/// The connection request that a start with a token belongs to. It is the token's customer's.
async fn belongs_to(deps: &Deps, id: &ConnectionRequestId, customer: &Customer) -> Result<Found> {
    let caller = Caller::Customer(customer.clone());
    connection_request::visible(deps, &id.reveal(), &caller).await
}

async fn definitions(
    deps: &Deps,
    workspace: &WorkspaceKey,
    named: Option<&str>,
) -> Result<(Arc<Workspace>, Option<Arc<Integration>>)> {
    match named {
        Some(id_or_key) => {
            let id = integration_id_of(workspace, id_or_key);
            deps.definitions.workspace_and_integration(workspace, &id).await
        }
        None => Ok((deps.definitions.workspace(workspace).await?, None)),
    }
}

/// The customer whom the backend named when it made the request. The request is all that they may do by it.
fn customer(request: &ConnectionRequest) -> Customer {
    Customer {
        workspace: request.workspace.clone(),
        id: request.customer.clone(),
        name: request.customer_name.clone(),
        fields: Map::new(),
        scopes: Scopes::UNLIMITED,
    }
}

impl Wanted {
    /// What a connection request asks for.
    fn of(request: &ConnectionRequest) -> Self {
        Self {
            integration: Some(request.integration.as_str().to_owned()),
            integration_key: None,
            connection_parameters: request.connection_parameters.clone(),
            connector_parameters: request.connector_parameters.clone(),
            scopes: None,
            connection_id: request.connection_id.clone(),
            connection_key: request.connection_key.clone(),
            name: request.name.clone(),
            notes: request.notes.clone(),
            auth_option_key: request.auth_option_key.clone(),
            allow_multiple_connections: request.allow_multiple_connections,
            custom_state: request.custom_state.clone(),
            redirect_uri: request.redirect_uri.clone(),
        }
    }
}
