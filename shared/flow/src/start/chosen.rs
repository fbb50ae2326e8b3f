//! A start with its option chosen: the schema of its parameters, the entered parameters, and the request to connect.

use protocol::definition::input::Violation;
use protocol::definition::{AskedScopes, AuthOption, Integration, Registration};
use protocol::error::Result;
use protocol::secret::SecretMap;
use serde_json::Value;

use super::scopes::SCOPES;
use super::verify::VerifiedStart;
use crate::connection::{ConnectRequest, Connection, ConnectionSecrets};
use crate::context::attempt::Attempt;
use crate::deps::Deps;

/// A start with its option chosen.
pub(super) struct Chosen<'a> {
    pub(super) start: &'a VerifiedStart,
    pub(super) integration: &'a Integration,
    pub(super) option: &'a AuthOption,
    /// The registration in use: this option's own, or that of a shared integration.
    pub(super) registration: Registration,
    /// The scopes that the start asks for.
    pub(super) scopes: AskedScopes,
    /// The attempt that the start is.
    pub(super) attempt: &'a Attempt,
}

/// The parameters of a connection, from the customer and from the caller.
pub(super) struct Entered {
    pub(super) parameters: SecretMap,
    pub(super) connector_parameters: SecretMap,
    source: Source,
}

/// The source of the parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// This start and its form.
    Given,
    /// The connection that is reconnected, where this start gives none.
    Kept,
}

impl Chosen<'_> {
    /// Returns the schema of the parameters: the option's own, or that of its registration's option.
    pub(super) fn schema(&self) -> Option<&Value> {
        self.option.input_schema.as_ref().or(self.registration.option().input_schema.as_ref())
    }

    /// Collects the parameters: from the form, or from the caller, or for a reconnection by the same registration from
    /// before. Credentials that the customer enters are never taken from before, since the reconnection is to replace
    /// them.
    pub(super) async fn entered(&self, deps: &Deps, reconnected: Option<&Connection>) -> Result<Entered> {
        let mut entered = Entered {
            parameters: self.start.request.connection_parameters.clone(),
            connector_parameters: self.start.request.connector_parameters.clone(),
            source: Source::Given,
        };
        // What was entered for another registration stays with that one.
        let same = reconnected.filter(|connection| connection.registration_id() == self.registration.id());
        if let Some(connection) = same
            && (entered.parameters.is_empty() || names_nothing(&entered.connector_parameters))
        {
            let before = ConnectionSecrets::open(deps, connection, &self.registration).await?.held;
            let is_typed = self.registration.option().method.needs_no_page();
            if entered.parameters.is_empty() && !is_typed && !self.must_be_given() {
                entered.parameters = before.parameters;
                entered.source = Source::Kept;
            }
            if names_nothing(&entered.connector_parameters) {
                let scopes = entered.connector_parameters;
                entered.connector_parameters = before.connector_parameters;
                for (name, value) in scopes.expose() {
                    entered.connector_parameters.insert(name, value.clone());
                }
            }
        }
        if let (Some(submission), Some(schema)) = (&self.start.submission, self.schema()) {
            let mut parameters = entered.parameters.expose().clone();
            parameters.extend(submission.input(schema));
            entered.parameters = SecretMap::new(parameters);
        }
        if entered.source == Source::Given || self.start.submission.is_some() {
            entered.parameters = self.registration.normalized(self.option, &entered.parameters);
        }
        Ok(entered)
    }

    /// True if nothing is taken from before beside what the form says: whoever borrows a registration defines the form.
    fn must_be_given(&self) -> bool {
        self.start.submission.is_some() && self.registration.borrowed().is_some()
    }

    /// Returns the violations in the parameters. Whoever borrows a registration could learn kept parameters from what
    /// a schema of theirs says about them, so those are checked by the owner's schema alone.
    pub(super) fn violations(&self, entered: &Entered) -> Result<Vec<Violation>> {
        self.registration.violations(self.whose_schema(entered), &entered.parameters)
    }

    /// Returns the parameters with the defaults for those that are missing.
    pub(super) fn with_defaults(&self, entered: Entered) -> Entered {
        let parameters = self.registration.with_defaults(self.whose_schema(&entered), &entered.parameters);
        Entered { parameters, ..entered }
    }

    fn whose_schema(&self, entered: &Entered) -> &AuthOption {
        match entered.source {
            Source::Given => self.option,
            Source::Kept => self.registration.option(),
        }
    }

    /// Returns the parameters that the form may show. Kept ones of a borrowed registration are shown to nobody.
    pub(super) fn shown(&self, entered: &Entered) -> SecretMap {
        match entered.source {
            Source::Kept if self.registration.borrowed().is_some() => SecretMap::default(),
            Source::Given | Source::Kept => entered.parameters.clone(),
        }
    }

    pub(super) fn request(&self, entered: Entered) -> ConnectRequest {
        let asked = &self.start.request;
        ConnectRequest {
            workspace: self.start.workspace.key.clone(),
            customer: self.start.customer.id.clone(),
            integration: self.integration.id.clone(),
            auth_option_key: self.option.key.clone(),
            borrowed: self.registration.borrowed(),
            parameters: entered.parameters,
            connector_parameters: entered.connector_parameters,
            connection_id: asked.connection_id.clone(),
            connection_key: asked.connection_key.clone(),
            name: asked.name.clone(),
            notes: asked.notes.clone(),
            allow_multiple_connections: asked.allow_multiple_connections,
            scopes: None,
            connection_request: self.start.belongs_to.as_ref().map(|found| found.id.key()),
            begun_at: self.start.begun_at(),
            archived_credentials_days: self.start.workspace.archived_credentials_days,
        }
    }
}

/// True if there is nothing but the scopes. A start that asks for more of them is about the same connection.
fn names_nothing(connector_parameters: &SecretMap) -> bool {
    connector_parameters.expose().keys().all(|name| name == SCOPES)
}
