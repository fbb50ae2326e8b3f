//! What a piece of work turns out to be about, for every line that it logs.
//!
//! A request has one span, and so has each connection that the schedule renews. The steps note in it whom and what they
//! found; work that goes on in a task of its own takes the span along. The line that tells of an error need know nothing.

use tracing::Span;
use tracing::field::Empty;

/// What can be noted.
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
    /// Notes it for the work at hand. It must be no secret.
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

/// The span of one request, or of one piece of scheduled work.
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
