//! Whoever is at a screen: their workspace, and what the ticket says of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use flow::connection::{Connection, read_key};
use flow::deps::{Deps, OwnAddress};
use flow::lifecycle::representation::Representation;
use flow::start::provenance::SEC_FETCH_DEST;
use flow::web::delivery;
use flow::web::own_form::is_own_screen;
use flow::web::pages::Reader;
use flow::web::pages::screen::{Frame, Theme};
use flow::web::said::Said;
use http::header::ORIGIN;
use http::{HeaderMap, Request, Response};
use protocol::definition::Workspace;
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use protocol::json;
use protocol::language::{self, Language};
use protocol::record::About;
use protocol::redirect_uri::WebOrigin;
use protocol::secret::SecretMap;
use protocol::token::{self, Caller, Customer, Scope};
use serde_json::Value;

use super::Screen;
use super::posted::Posted;
use super::ticket::{Asked, Look, Ticket, workspace_of};
use crate::routes::connection_changes::{MAX_ID, MAX_NAME};
use crate::routes::new_connection::integration;

/// The most that a token weighs here, in bytes. One that is longer than tokens may be is refused as such.
const MAX_TOKEN: usize = 16 * 1024;

/// The workspace whose page a screen is, before anybody is known.
pub(super) struct Around {
    workspace: Arc<Workspace>,
    /// The workspace's origins, as a content security policy writes them.
    origins: Vec<String>,
    /// The origin that opens the screen; none if a screen goes on.
    opener: Option<WebOrigin>,
    address: OwnAddress,
    screen: Screen,
    reader: Reader,
    in_iframe: bool,
}

/// A customer at a screen.
pub(super) struct Visit<'a> {
    pub(super) deps: &'a Arc<Deps>,
    pub(super) around: &'a Around,
    pub(super) customer: Customer,
    pub(super) ticket: Ticket,
    sealed: String,
    /// True if the connection was changed since the screen was opened.
    is_changed: bool,
}

/// How far a screen that connects came.
pub(super) enum Done {
    /// The next page, or what the script wants to know.
    Answer(Response<Bytes>),
    /// It is connected.
    Connected(Box<Representation>),
}

impl Around {
    /// Finds the workspace, and refuses what its pages, or the screen's own, did not send.
    pub(super) async fn find(
        deps: &Deps,
        request: &Request<Bytes>,
        posted: &Posted,
        screen: Screen,
    ) -> Result<Self> {
        let headers = request.headers();
        let address = deps.own_address(request)?;
        let key = match posted.text("ticket") {
            Some(ticket) if is_own_screen(headers, &address.origin) => workspace_of(ticket)?,
            Some(_) => return Err(origin_not_allowed()),
            None => token::unverified_workspace_key(token_of(posted)?)?,
        };
        let workspace = deps.definitions.workspace(&key).await?;
        let opener = if posted.says("ticket") { None } else { Some(opener(headers, &workspace)?) };
        Ok(Self {
            // A workspace that lists none has those of its redirect targets, which may be at one.
            origins: workspace.origins().collect::<BTreeSet<_>>().into_iter().collect(),
            workspace,
            opener,
            address,
            screen,
            reader: Reader::of(headers),
            in_iframe: Said::in_header(headers, &SEC_FETCH_DEST) == Said::Text("iframe"),
        })
    }

    /// Finds out who it is: by the token of a screen that opens, or by the ticket of one that goes on.
    pub(super) async fn visit<'a>(&'a self, deps: &'a Arc<Deps>, posted: &Posted) -> Result<Visit<'a>> {
        let workspace = &self.workspace;
        About::Workspace.note(&workspace.key);
        let (customer, ticket) = match (&self.opener, posted.text("ticket")) {
            (None, Some(sent)) => {
                let ticket = Ticket::open(deps, workspace, sent, self.screen).await?;
                (ticket.customer(&workspace.key)?, ticket)
            }
            (opener, _) => {
                let customer = customer(deps, workspace, posted)?;
                let parent = opener.as_ref().map(ToString::to_string).unwrap_or_default();
                let ticket = self.opened(deps, posted, &customer, parent)?;
                (customer, ticket)
            }
        };
        About::Customer.note(&customer.id);
        language::ask_for(ticket.language.as_deref().and_then(Language::named));
        deps.limits.admit(workspace).await?;
        let sealed = match posted.text("ticket") {
            Some(sent) => sent.to_owned(),
            None => ticket.seal(deps, &workspace.key).await?,
        };
        let is_changed = posted.says("changed");
        Ok(Visit { deps, around: self, customer, ticket, sealed, is_changed })
    }

    /// The ticket of a screen that opens.
    fn opened(&self, deps: &Deps, posted: &Posted, customer: &Customer, parent: String) -> Result<Ticket> {
        customer.scopes.check(match self.screen {
            Screen::Connect => Scope::Connect,
            Screen::Connection => Scope::ConnectionsRead,
        })?;
        let mut fields = posted.fields();
        let connection_key = fields.text("connectionKey", MAX_ID)?;
        let asked = Asked {
            integration: integration(&mut fields, &self.workspace.key)?.map(|(id, _)| id),
            connection: fields.text("connectionId", MAX_ID)?.map(protocol::id::ConnectionId::new),
            connection_key: connection_key.map(|key| read_key(&key, "connectionKey")).transpose()?,
            name: fields.text("name", MAX_NAME)?,
            auth_option_key: fields.text("authOptionKey", MAX_ID)?,
            allow_multiple_connections: fields.flag("allowMultipleConnections")?.unwrap_or_default(),
            connector_parameters: object(posted, "connectorParameters")?,
        };
        if self.screen == Screen::Connection && asked.connection.is_none() {
            let message = "connectionId is missing.";
            return Err(Error::new(ErrorKey::ParameterMissing, message).field("connectionId"));
        }
        let look = Look {
            theme: Theme::named(posted.text("theme").unwrap_or_default()),
            language: fields.text("locale", MAX_ID)?,
            parent,
        };
        Ok(Ticket::of(self.screen, customer, asked, look, deps.clock.now()))
    }

    /// The answer to an error of somebody who is not known. The application's pages may show it.
    pub(super) fn failed(&self, error: &Error) -> Response<Bytes> {
        error.report("screen refused");
        self.show_failure(error, self.frame())
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            brand: &self.workspace.brand,
            origins: &self.origins,
            parent: None,
            theme: Theme::Auto,
            action: self.screen.path(),
            ticket: "",
            within: self.screen == Screen::Connection,
            changed: false,
        }
    }

    fn show_failure(&self, error: &Error, frame: Frame<'_>) -> Response<Bytes> {
        match self.reader {
            Reader::Person => frame.failed(&error.referenced()),
            Reader::Machine => delivery::own_page(error, Reader::Machine),
        }
    }
}

impl Visit<'_> {
    pub(super) fn screen(&self) -> Screen {
        self.around.screen
    }

    pub(super) fn workspace(&self) -> &Workspace {
        &self.around.workspace
    }

    pub(super) fn key(&self) -> &WorkspaceKey {
        &self.around.workspace.key
    }

    pub(super) fn address(&self) -> &OwnAddress {
        &self.around.address
    }

    /// True if the screen's script asks, and no page is wanted.
    pub(super) fn is_asked_by_script(&self) -> bool {
        self.around.reader == Reader::Machine
    }

    /// True if the screen is shown in a frame.
    pub(super) fn in_iframe(&self) -> bool {
        self.around.in_iframe
    }

    pub(super) fn caller(&self) -> Caller {
        Caller::Customer(self.customer.clone())
    }

    /// The connection that the application named: live, and this customer's.
    pub(super) async fn connection(&self) -> Result<Option<Connection>> {
        match &self.ticket.asked.connection {
            Some(id) => Connection::live(self.deps, id.as_str(), &self.caller(), None).await.map(Some),
            None => Ok(None),
        }
    }

    /// What is around the screen's pages.
    pub(super) fn frame(&self) -> Frame<'_> {
        let parent = Some(self.ticket.parent.as_str());
        let changed = self.is_changed;
        Frame { parent, theme: self.ticket.theme, ticket: &self.sealed, changed, ..self.around.frame() }
    }

    /// The same, now that the connection was changed.
    pub(super) fn frame_of_changed(&self) -> Frame<'_> {
        Frame { changed: true, ..self.frame() }
    }

    pub(super) fn failed(&self, error: &Error) -> Response<Bytes> {
        error.report("screen failed");
        self.around.show_failure(error, self.frame())
    }
}

fn token_of(posted: &Posted) -> Result<&str> {
    let token = posted.text("token").filter(|token| token.len() <= MAX_TOKEN);
    token.ok_or_else(|| Error::new(ErrorKey::NotAuthenticated, "The token is missing.").field("token"))
}

/// The customer whom the token names.
fn customer(deps: &Deps, workspace: &Workspace, posted: &Posted) -> Result<Customer> {
    match workspace.keys.verify(token_of(posted)?, &workspace.key, deps.clock.now())? {
        Caller::Customer(customer) => Ok(customer),
        Caller::Admin { .. } => {
            let message = "The token is a management token; a screen needs a customer's.";
            Err(Error::new(ErrorKey::AccessDenied, message).field("token"))
        }
    }
}

/// The page that opens a screen, by a header that only the browser sets.
fn opener(headers: &HeaderMap, workspace: &Workspace) -> Result<WebOrigin> {
    let origin = Said::in_header(headers, &ORIGIN).text().and_then(|origin| WebOrigin::parse(origin).ok());
    origin.filter(|origin| workspace.allows_origin(origin)).ok_or_else(origin_not_allowed)
}

/// A field that is an object, as JSON text.
fn object(posted: &Posted, name: &'static str) -> Result<SecretMap> {
    let Some(text) = posted.text(name) else { return Ok(SecretMap::default()) };
    match json::read(text.as_bytes()) {
        Some(Value::Object(object)) => Ok(SecretMap::new(object)),
        _ => Err(Error::malformed(name, "must be a JSON object")),
    }
}

fn origin_not_allowed() -> Error {
    let message = "The page that sent this is not one of the workspace's.";
    Error::new(ErrorKey::OriginNotAllowed, message).field("Origin")
}
