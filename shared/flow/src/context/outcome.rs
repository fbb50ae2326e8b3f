//! The outcome of a flow.

use serde_json::{Value, json};

use super::unconfirmed::ConfirmationId;
use protocol::error::Error;
use protocol::id::ConnectionId;

/// The outcome that a flow reports to its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The connection was created, or reconnected.
    Connected {
        /// The connection's id.
        connection_id: ConnectionId,
    },
    /// Nothing was exchanged yet: the application must confirm its user. This outcome is never stored.
    Unconfirmed(ConfirmationId),
    /// Nothing was stored.
    Failed(Error),
}

/// The size limit of `errorData`, in bytes.
const MAX_ERROR_DATA: usize = 1024;

impl Outcome {
    /// The outcome, whose error has the reference of the present work.
    #[must_use]
    pub fn referenced(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.referenced()),
            other => other.clone(),
        }
    }

    /// Writes the outcome as the flows table keeps it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Connected { connection_id } => json!({ "connectionId": connection_id }),
            Self::Unconfirmed(id) => json!({ "connectionRequestId": id.reveal() }),
            Self::Failed(error) => json!({ "error": error.to_json() }),
        }
    }

    /// Reads the JSON that [`Outcome::to_json`] wrote.
    #[must_use]
    pub fn from_json(json: &Value) -> Self {
        match json["connectionId"].as_str() {
            Some(id) => Self::Connected { connection_id: ConnectionId::new(id) },
            None => Self::Failed(Error::from_json(&json["error"])),
        }
    }

    /// Returns the result parameters for `redirectUri`, under the contract's names.
    #[must_use]
    pub fn to_parameters(&self, custom_state: Option<&str>) -> Vec<(&'static str, String)> {
        let mut parameters = match self {
            Self::Connected { connection_id } => vec![("connectionId", connection_id.to_string())],
            Self::Unconfirmed(id) => vec![("connectionRequestId", id.reveal())],
            Self::Failed(error) => {
                vec![("error", error.message().to_owned()), ("errorData", error_data(error))]
            }
        };
        if let Some(custom_state) = custom_state {
            parameters.push(("customState", custom_state.to_owned()));
        }
        parameters
    }
}

/// Writes the error as JSON. An error that is too long loses its details, but not its reference.
fn error_data(error: &Error) -> String {
    let whole = error.to_json();
    let text = whole.to_string();
    if text.len() <= MAX_ERROR_DATA {
        return text;
    }
    let message: String = error.message().chars().take(MAX_ERROR_DATA / 8).collect();
    let mut short = json!({ "type": whole["type"], "key": whole["key"], "message": message });
    if let Some(reference) = whole.get("reference") {
        short["reference"] = reference.clone();
    }
    short.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::error::ErrorKey;
    use protocol::record::Reference;

    #[test]
    fn outcomes_survive_the_table() {
        let denied = Error::new(ErrorKey::AuthorizationDenied, "No.").with("providerError", "access_denied");
        for outcome in
            [Outcome::Connected { connection_id: ConnectionId::new("c1") }, Outcome::Failed(denied)]
        {
            assert_eq!(Outcome::from_json(&outcome.to_json()), outcome);
        }
    }

    #[test]
    fn error_data_stays_within_a_kibibyte() {
        for message in ["x".repeat(5000), "\u{1}".repeat(5000), "😀".repeat(2000)] {
            let error = Error::new(ErrorKey::InputInvalid, message).field("name".repeat(500));
            let error = error.under(Reference::parse("12345678"));
            let data = error_data(&error);
            assert!(data.len() <= MAX_ERROR_DATA, "{}", data.len());
            let data: Value = serde_json::from_str(&data).unwrap();
            assert_eq!((&data["key"], &data["reference"]), (&"input_invalid".into(), &"12345678".into()));
        }
    }
}
