//! An option of an integration that the customer connects: its form, and what comes of what they entered.

use std::sync::Arc;

use flow::connection::{ConnectRequest, Connection, ConnectionSecrets, Notes};
use flow::context::attempt::Attempt;
use flow::context::outcome::Outcome;
use flow::lifecycle::connect::Progress;
use flow::lifecycle::{import, registration};
use flow::start::note_end;
use flow::web::form;
use flow::web::pages::screen::Connect;
use flow::web::pages::{Filled, FormPage};
use protocol::deadline::Deadline;
use protocol::definition::input::Violation;
use protocol::definition::{AuthOption, Integration, Registration};
use protocol::error::{Error, Result};
use protocol::record::{self, About, Remark};
use protocol::secret::SecretMap;
use serde_json::json;

use super::Screen;
use super::posted::Posted;
use super::sign_in::{self, SignIn};
use super::visit::{Done, Visit};
use crate::answer;

/// An option that the customer connects by.
pub(super) struct Chosen<'a> {
    pub(super) visit: &'a Visit<'a>,
    pub(super) integration: &'a Arc<Integration>,
    pub(super) option: &'a AuthOption,
    /// The registration in use: this option's own, or that of a shared integration.
    pub(super) registration: Registration,
    /// The connection to reconnect.
    pub(super) connection: Option<Connection>,
    /// True if the customer chose the integration from the list.
    pub(super) from_list: bool,
}

impl Chosen<'_> {
    /// True if what the customer enters makes the connection, without a provider's page.
    fn is_typed(&self) -> bool {
        self.registration.option().method.needs_no_page()
    }

    /// True if the customer is asked here. What a connection with a provider's page knows already is not asked again; if
    /// something is missing, the window asks.
    fn asks(&self) -> bool {
        self.is_typed() || self.connection.is_none()
    }

    /// The form as it is shown first.
    pub(super) fn first_shown(&self) -> Done {
        record::ends("form shown");
        self.form(&SecretMap::default(), &[], None)
    }

    fn form(&self, parameters: &SecretMap, violations: &[Violation], error: Option<&Error>) -> Done {
        let Visit { deps, .. } = self.visit;
        let filled = Filled { parameters, violations, error };
        let options = (self.option, self.registration.option());
        let brand = &self.visit.workspace().brand;
        let mut page = FormPage::of(brand, self.integration, options, &filled, deps.settings.loopback);
        if !self.asks() {
            page.fields.clear();
        }
        let connect =
            Connect::of(&page, !self.is_typed(), self.from_list || self.visit.screen() == Screen::Connection);
        Done::Answer(self.visit.frame().connect(connect))
    }

    /// The form with what is to be corrected. The script has the page drawn anew.
    fn refused(
        &self,
        parameters: &SecretMap,
        violations: &[Violation],
        error: Option<&Error>,
    ) -> Result<Done> {
        let field = violations.first().map(|violation| violation.pointer.as_str());
        record::ends(Remark::from("form refused").with("field", field));
        if self.visit.is_asked_by_script() {
            return answer::ok(&json!({ "again": true })).map(Done::Answer);
        }
        Ok(self.form(parameters, violations, error))
    }

    /// Goes on with what the customer entered.
    pub(super) async fn submitted(&self, posted: &Posted) -> Result<Done> {
        let Visit { deps, .. } = self.visit;
        let schema = self.option.input_schema.as_ref().or(self.registration.option().input_schema.as_ref());
        let input = schema.filter(|_| self.asks()).map(|schema| form::read(schema, posted.pairs()));
        let entered = SecretMap::new(input.unwrap_or_default());
        if !self.asks() {
            return self.sign_in(entered, posted).await;
        }
        let entered = self.registration.normalized(self.option, &entered);
        let entered = self.registration.with_defaults(self.option, &entered);
        let violations = self.registration.violations(self.option, &entered)?;
        if !violations.is_empty() {
            return self.refused(&entered, &violations, None);
        }
        let request = self.request(entered).await?;
        if !self.is_typed() {
            let violations = request.values(&self.registration)?.unaddressable(deps.settings.loopback);
            if !violations.is_empty() {
                return self.refused(&request.parameters, &violations, None);
            }
            return self.sign_in(request.parameters, posted).await;
        }
        // Boxed: its space would be part of every request's future.
        Box::pin(self.connect_now(&request, posted)).await
    }

    /// Goes on in a window.
    async fn sign_in(&self, entered: SecretMap, posted: &Posted) -> Result<Done> {
        let (integration, option) = (self.integration, self.option);
        let sign_in = SignIn { integration, option, connection: self.connection.as_ref(), entered };
        sign_in::begin(self.visit, sign_in, posted).await.map(Done::Answer)
    }

    /// Makes the connection of what was entered.
    async fn connect_now(&self, request: &ConnectRequest, posted: &Posted) -> Result<Done> {
        let Visit { deps, .. } = self.visit;
        let error = match self.connected(request).await {
            Ok(Progress::Ended(outcome)) => {
                note_end(deps, &self.attempt(), &outcome).await;
                match outcome {
                    Outcome::Connected { connection_id } => {
                        About::Connection.note(&connection_id);
                        record::ends("connected without a provider's page");
                        let connection = deps.store.read_connection(&connection_id).await?;
                        let missing = || Error::internal("a new connection cannot be read");
                        let shown = connection.ok_or_else(missing)?.representation(deps).await?;
                        return Ok(Done::Connected(Box::new(shown)));
                    }
                    Outcome::Failed(error) => return Err(error),
                    Outcome::Unconfirmed(_) => {
                        return Err(Error::internal("a screen that waits for an application"));
                    }
                }
            }
            // What it is for is chosen where the browser has cookies.
            Ok(Progress::Asks(_)) => {
                return self.sign_in(request.parameters.clone(), posted).await;
            }
            Err(error) => error,
        };
        note_end(deps, &self.attempt(), &Outcome::Failed(error.clone())).await;
        let blamed = request.values(&self.registration)?.blamed(&error);
        if blamed.is_empty() && !form::can_be_corrected(&error) {
            return Err(error);
        }
        error.report("form refused");
        let above = blamed.is_empty().then_some(&error);
        self.refused(&request.parameters, &blamed, above)
    }

    async fn connected(&self, request: &ConnectRequest) -> Result<Progress> {
        let Visit { deps, .. } = self.visit;
        let deadline = Deadline::starting(&*deps.clock);
        let registration = &registration::opened(deps, self.registration.clone()).await?;
        import::connect_entered(deps, request, registration, deadline).await
    }

    async fn request(&self, parameters: SecretMap) -> Result<ConnectRequest> {
        let Visit { customer, ticket, .. } = self.visit;
        let asked = &ticket.asked;
        Ok(ConnectRequest {
            workspace: self.visit.key().clone(),
            customer: customer.id.clone(),
            integration: self.integration.id.clone(),
            auth_option_key: self.option.key.clone(),
            borrowed: self.registration.borrowed(),
            parameters,
            connector_parameters: self.connector_parameters().await?,
            connection_id: self.connection.as_ref().map(|connection| connection.id.clone()),
            connection_key: asked.connection_key.clone(),
            name: asked.name.clone(),
            notes: Notes::default(),
            allow_multiple_connections: asked.allow_multiple_connections,
            scopes: None,
            connection_request: None,
            begun_at: ticket.verified_at,
            archived_credentials_days: self.visit.workspace().archived_credentials_days,
        })
    }

    /// What the application gave, or what the connection has of the same registration.
    async fn connector_parameters(&self) -> Result<SecretMap> {
        let given = &self.visit.ticket.asked.connector_parameters;
        let same = |connection: &&Connection| connection.registration_id() == self.registration.id();
        match self.connection.as_ref().filter(same) {
            Some(connection) if given.is_empty() && self.is_typed() => {
                let secrets =
                    ConnectionSecrets::open(self.visit.deps, connection, &self.registration).await?;
                Ok(secrets.held.connector_parameters)
            }
            _ => Ok(given.clone()),
        }
    }

    /// The attempt that a form is which connects here.
    fn attempt(&self) -> Attempt {
        Attempt {
            workspace: self.visit.key().clone(),
            customer: self.visit.customer.id.clone(),
            integration: Some(self.integration.id.clone()),
            option: Some(self.option.key.clone()),
            reconnects: self.connection.as_ref().map(|connection| connection.id.clone()),
            request: None,
            began_at: self.visit.deps.clock.now(),
        }
    }
}
