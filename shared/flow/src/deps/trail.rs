//! The trail of a piece of work in the log: the ids that it turns out to be about.
//!
//! A request has one span, and so has each connection that the schedule renews. Each step notes in it the ids that it
//! found. Work that goes on in a task of its own takes the span along. So a line that reports an error need not know
//! any id itself.

use tracing::Span;
use tracing::field::Empty;

/// The kinds of id that can be noted.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// The workspace's key.
    Workspace,
    /// The customer's id.
    Customer,
    /// The integration's key or id.
    Integration,
    /// The option's key.
    Option,
    /// The connection's id.
    Connection,
    /// The flow's id.
    Flow,
}

impl About {
    /// Notes the id for the current work. It must not be a secret.
    pub fn note(self, value: impl AsRef<str>) {
        Span::current().record(self.name(), value.as_ref());
    }

    fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Customer => "customer",
            Self::Integration => "integration",
            Self::Option => "option",
            Self::Connection => "connection",
            Self::Flow => "flow",
        }
    }
}

/// Returns the span of one request, or of one piece of scheduled work.
#[must_use]
pub fn span() -> Span {
    tracing::info_span!(
        "work",
        workspace = Empty,
        customer = Empty,
        integration = Empty,
        option = Empty,
        connection = Empty,
        flow = Empty,
    )
}
