//! What a customer is told of an error. They cannot know the application's parameters and settings, so an error's own
//! message, which is for those who build the application, is not for them.

use protocol::error::ErrorKey;

/// An error in a customer's words: what happened, what to do, and whom to ask.
pub(super) struct Words {
    /// What happened.
    pub(super) happened: &'static str,
    /// What to do.
    pub(super) todo: &'static str,
    /// Whom to ask. The reference follows.
    pub(super) ask: &'static str,
}

const CONNECT_AGAIN: &str =
    "Nothing was connected. Go back to the application that you came from and connect again.";

/// It is not known whether anything was connected, so the page does not say.
const TRY_LATER: &str = "Please reload this page in a moment. If that does not help, go back to the application that you came from.";

const CONNECT_IF_MEANT: &str = "Nothing was connected. If you did not mean to refuse, go back to the application that you came from and \
                                connect again.";

const CONNECT_IN_A_MINUTE: &str = "Nothing was connected. Wait a minute, then go back to the application that you came from and connect again.";

const ASK_IF_IT_STAYS: &str =
    "If it happens again, ask the support of that application, and give them this reference:";

const ASK_AT_ONCE: &str =
    "Please tell the support of that application: only they can put it right. Give them this reference:";

/// The words for an error.
pub(super) fn words(key: ErrorKey) -> Words {
    use ErrorKey as Key;
    let (happened, todo, ask) = match key {
        Key::BrowserMismatch => (
            "This sign-in was started in another browser, or this browser no longer remembers it.",
            "Finish it where you started, or go back to the application that you came from and connect again here.",
            ASK_IF_IT_STAYS,
        ),
        Key::StateUnknown => {
            ("This sign-in is not known here, or ended long ago.", CONNECT_AGAIN, ASK_IF_IT_STAYS)
        }
        Key::StateExpired => ("This took too long, and has ended.", CONNECT_AGAIN, ASK_IF_IT_STAYS),
        Key::StateMissing => (
            "The service sent you here, but did not say for whom you want to connect.",
            "Nothing was connected. Open the application that you want to connect, and start there.",
            ASK_IF_IT_STAYS,
        ),
        Key::NotAuthenticated => (
            "The application that you came from did not say who you are, or said so too long ago.",
            CONNECT_AGAIN,
            ASK_IF_IT_STAYS,
        ),
        Key::AuthorizationDenied => ("The access was not granted.", CONNECT_IF_MEANT, ASK_IF_IT_STAYS),
        Key::InputInvalid | Key::CredentialsRejected => (
            "What was entered is not accepted.",
            "Nothing was connected. Go back to the application that you came from, connect again, and check what you \
             enter.",
            ASK_IF_IT_STAYS,
        ),
        Key::AuthorizationError
        | Key::CodeMissing
        | Key::CallbackUnconfirmed
        | Key::TokenRejected
        | Key::TokenResponseInvalid
        | Key::IntegrationMismatch
        | Key::IssuerMismatch
        | Key::CallbackSignatureInvalid => {
            ("The sign-in at the service could not be completed.", CONNECT_AGAIN, ASK_IF_IT_STAYS)
        }
        Key::AccessTokenExpired
        | Key::ConnectionDisconnected
        | Key::RefreshInterrupted
        | Key::RefreshTokenMissing => (
            "The service no longer accepts this connection.",
            "Go back to the application that you came from and connect again.",
            ASK_IF_IT_STAYS,
        ),
        Key::InteractionRequired => (
            "This needs your attention, in a window of its own.",
            "Go back to the application that you came from and connect from there.",
            ASK_IF_IT_STAYS,
        ),
        Key::CustomerErased => (
            "The application deleted what it held of you while you were connecting.",
            CONNECT_AGAIN,
            ASK_IF_IT_STAYS,
        ),
        Key::RateLimitExceeded => {
            ("There are too many requests just now.", CONNECT_IN_A_MINUTE, ASK_IF_IT_STAYS)
        }
        Key::ProviderUnreachable | Key::ResponseTooLarge => {
            ("The service does not answer as it should just now.", TRY_LATER, ASK_IF_IT_STAYS)
        }
        Key::FlowInterrupted => {
            ("The connection was interrupted before it was complete.", CONNECT_AGAIN, ASK_IF_IT_STAYS)
        }
        Key::LockTimeout | Key::StorageUnavailable | Key::KeyUnavailable | Key::Internal => {
            ("Something went wrong on our side.", TRY_LATER, ASK_IF_IT_STAYS)
        }
        Key::NotFound => (
            "There is nothing at this address, or not for you.",
            "Go back to the application that you came from and start there.",
            ASK_IF_IT_STAYS,
        ),
        Key::RequestMalformed
        | Key::RequestTooLarge
        | Key::MediaTypeUnsupported
        | Key::MethodNotAllowed
        | Key::NotSupported
        | Key::ParameterMissing
        | Key::ParameterConflict
        | Key::AccessDenied
        | Key::InsufficientScope
        | Key::AlreadyExists
        | Key::IntegrationInUse
        | Key::WorkspaceNotEmpty
        | Key::RedirectUriNotAllowed
        | Key::OriginNotAllowed
        | Key::ConfigurationInvalid
        | Key::ClientRejected
        | Key::ProviderRefused
        | Key::PreconditionFailed
        | Key::PreconditionRequired => (
            "The application that sent you here is not set up for this as it should be.",
            "Nothing was connected, and you can do nothing about it here.",
            ASK_AT_ONCE,
        ),
    };
    Words { happened, todo, ask }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What only who builds the application can know.
    const NOT_FOR_CUSTOMERS: [&str; 12] = [
        "redirect",
        "token",
        "parameter",
        "json",
        "definition",
        "integration",
        "origin",
        "workspace",
        "callback",
        "uri",
        "linkspan",
        "_",
    ];

    #[test]
    fn every_error_says_in_a_customer_s_words_what_happened_what_to_do_and_whom_to_ask() {
        for key in ErrorKey::ALL {
            let Words { happened, todo, ask } = words(*key);
            assert!(
                happened.ends_with('.') && todo.ends_with('.') && ask.ends_with("this reference:"),
                "{key:?}"
            );
            let all = [happened, todo, ask].join(" ").to_lowercase();
            for word in NOT_FOR_CUSTOMERS {
                assert!(!all.contains(word), "{key:?}: {word}: {all}");
            }
        }
    }
}
