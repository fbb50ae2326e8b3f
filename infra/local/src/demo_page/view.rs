//! Parts that both pages show.

use super::Config;
use super::customers::{CUSTOMERS, Customer};
use super::events::Events;
use super::service::{Connection, Integration};

/// The frame around every page.
pub(super) struct Frame {
    pub(super) customer: &'static Customer,
    pub(super) customers: &'static [Customer],
    pub(super) events: Events,
}

impl Frame {
    pub(super) fn new(config: &Config, customer: &'static Customer) -> Self {
        Self { customer, customers: &CUSTOMERS, events: Events::until_now(config) }
    }

    pub(super) fn is_signed_in(&self, customer: &Customer) -> bool {
        self.customer == customer
    }
}

/// A row of the table of connections.
pub(super) struct Row {
    pub(super) connection: Connection,
    pub(super) integration: String,
    /// The authentication type in words.
    pub(super) auth_type: &'static str,
}

/// The table of connections, each with its integration's name.
pub(super) fn rows(connections: Vec<Connection>, integrations: &[Integration]) -> Vec<Row> {
    let row = |connection: Connection| {
        let integration = integrations.iter().find(|it| it.id == connection.integration_id);
        let key = connection.auth_option_key.as_deref();
        let options = integration.map(|it| it.auth_options.as_slice()).unwrap_or_default();
        let option = options.iter().find(|option| Some(option.key.as_str()) == key);
        let auth_type = option.map_or("–", |option| auth_type_words(&option.r#type));
        // An integration that was deleted leaves its connections behind.
        let integration = integration.map_or_else(|| "–".to_owned(), |it| it.name.clone());
        Row { connection, integration, auth_type }
    };
    connections.into_iter().map(row).collect()
}

/// An authentication type in words.
pub(super) fn auth_type_words(auth_type: &str) -> &'static str {
    match auth_type {
        "oauth2" => "OAuth 2",
        "oauth1" => "OAuth 1.0",
        "client-credentials" => "Client credentials",
        "proxy" => "Shared registration",
        _ => "Another way",
    }
}

impl Connection {
    /// The connection's name, or words in its place.
    pub(super) fn title(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("Unnamed connection")
    }

    /// True if it works.
    pub(super) fn is_ready(&self) -> bool {
        !self.disconnected && matches!(self.state.as_deref(), None | Some("READY"))
    }

    /// The state in words.
    pub(super) fn state_words(&self) -> &str {
        match self.state.as_deref() {
            _ if self.disconnected => "Disconnected",
            None | Some("READY") => "Connected",
            Some("CLIENT_ACTION_REQUIRED") => "Needs attention",
            Some(other) => other,
        }
    }

    /// The connection's error in words, if it has one.
    pub(super) fn error_words(&self) -> Option<&str> {
        let error = self.error.as_ref()?;
        error.as_str().or_else(|| error["message"].as_str())
    }

    /// The moment of creation, to the minute: `2026-01-31 08:15` for `2026-01-31T08:15:00.123Z`.
    pub(super) fn created_words(&self) -> String {
        self.created_at.get(..16).unwrap_or(&self.created_at).replacen('T', " ", 1)
    }
}
