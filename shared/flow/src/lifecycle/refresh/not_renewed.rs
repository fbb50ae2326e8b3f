//! Why there are no new credentials, and whether a later try may bring some.

use protocol::error::{Error, ErrorKey};
use protocol::provider::failure::{CallError, Refusal, Word};

/// The reason for not having new credentials.
pub(super) enum NotRenewed {
    /// The provider has definitely refused: only the customer can bring new credentials.
    ForGood(Error),
    /// A later try may succeed.
    ForNow(Error, Heard),
}

/// The answer of the provider to a refresh that may succeed later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It gave none, or was not asked.
    Nothing,
    /// It refused, but not in words that mean that this is for good.
    Doubt,
    /// It said something else.
    Else,
}

impl From<Error> for NotRenewed {
    fn from(error: Error) -> Self {
        Self::ForNow(error, Heard::Nothing)
    }
}

/// Decides by the provider's error. These credentials have worked before, so only a definite refusal is final at once;
/// any other error may be trouble at the provider.
impl From<CallError> for NotRenewed {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Provider(failure) if failure.refusal == Refusal::Grant => {
                Self::ForGood(expired().because(failure.into_cause()))
            }
            CallError::Provider(failure) if failure.refusal == Refusal::Credentials(Word::Definite) => {
                Self::ForGood((*failure).into())
            }
            CallError::Provider(failure) if failure.is_doubtful() => {
                Self::ForNow(failure.into_doubt(), Heard::Doubt)
            }
            CallError::Provider(failure) if failure.is_answer() => {
                Self::ForNow((*failure).into(), Heard::Else)
            }
            error => Error::from(error).into(),
        }
    }
}

/// Returns the error for credentials that have expired and cannot be renewed.
pub(super) fn expired() -> Error {
    let message = "The service no longer accepts this connection. Please connect again.";
    Error::new(ErrorKey::AccessTokenExpired, message)
}
