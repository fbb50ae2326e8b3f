//! What a change expects of the connection: the version that its author has read (RFC 9110 §13.1.1).

use protocol::error::{Error, ErrorKey, Result};

use super::Connection;

/// A condition for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever its version is: the change is made on purpose, without having read it.
    Any,
    /// Its version is one of these.
    OneOf(Vec<String>),
}

impl Connection {
    /// Returns the version, as callers know it. Every write of name, parameters or credentials makes another one.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}-{}", self.version, self.record.updated_at.0)
    }
}

impl Precondition {
    /// Adds a condition: both must hold.
    #[must_use]
    pub fn and(self, version: String) -> Self {
        let holds = match &self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        };
        Self::OneOf(if holds { vec![version] } else { Vec::new() })
    }

    /// Checks the connection.
    ///
    /// # Errors
    ///
    /// `precondition_failed`, if its version is another one.
    pub fn check(&self, connection: &Connection) -> Result<()> {
        match self {
            Self::OneOf(versions) if !versions.contains(&connection.tag()) => {
                let message = "The connection has changed since this version of it was read. Read it again.";
                Err(Error::new(ErrorKey::PreconditionFailed, message).field("version"))
            }
            _ => Ok(()),
        }
    }
}

/// Returns the error for a change that would overwrite what its author may not have seen.
#[must_use]
pub fn precondition_required(field: &str) -> Error {
    let message = format!(
        "{field} would replace credentials that were refreshed since they were given. Send the version that you have \
         read, or If-Match: * to replace them whatever they are."
    );
    Error::new(ErrorKey::PreconditionRequired, message).field(field)
}
