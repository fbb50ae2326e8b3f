//! What a customer is told of an error. They cannot know the application's parameters and settings, so an error's own
//! message, which is for those who build the application, is not for them.

use protocol::error::ErrorKey;
use protocol::language::Texts;

/// An error in a customer's words: what happened, what to do, and whom to ask.
pub(super) struct Words {
    /// What happened.
    pub(super) happened: &'static str,
    /// What to do.
    pub(super) todo: &'static str,
    /// Whom to ask. The reference follows.
    pub(super) ask: &'static str,
}

/// The words for an error.
pub(super) fn words(key: ErrorKey, texts: &'static Texts<'static>) -> Words {
    use ErrorKey as Key;
    let (happened, todo, ask) = match key {
        Key::BrowserMismatch => (texts.other_browser, texts.finish_elsewhere, texts.ask_if_it_stays),
        Key::StateUnknown => (texts.not_known, texts.connect_again, texts.ask_if_it_stays),
        Key::StateExpired => (texts.too_late, texts.connect_again, texts.ask_if_it_stays),
        Key::StateMissing => (texts.for_nobody, texts.open_application, texts.ask_if_it_stays),
        Key::NotAuthenticated => (texts.who_are_you, texts.connect_again, texts.ask_if_it_stays),
        Key::AuthorizationDenied => (texts.not_granted, texts.connect_if_meant, texts.ask_if_it_stays),
        Key::InputInvalid | Key::CredentialsRejected => {
            (texts.not_accepted, texts.check_input, texts.ask_if_it_stays)
        }
        Key::AuthorizationError
        | Key::CodeMissing
        | Key::CallbackUnconfirmed
        | Key::TokenRejected
        | Key::TokenResponseInvalid
        | Key::IntegrationMismatch
        | Key::IssuerMismatch
        | Key::CallbackSignatureInvalid => (texts.sign_in_failed, texts.connect_again, texts.ask_if_it_stays),
        Key::AccessTokenExpired
        | Key::ConnectionDisconnected
        | Key::RefreshInterrupted
        | Key::RefreshTokenMissing => (texts.connection_ended, texts.renew, texts.ask_if_it_stays),
        Key::InteractionRequired => (texts.needs_window, texts.connect_from_there, texts.ask_if_it_stays),
        Key::CustomerErased => (texts.erased, texts.connect_again, texts.ask_if_it_stays),
        Key::ConnectionRequestUsed => (texts.link_used, texts.link_used_todo, texts.link_used_ask),
        Key::ConnectionRequestCancelled => (texts.link_withdrawn, texts.new_link, texts.ask_if_it_stays),
        Key::ConnectionRequestExpired => (texts.link_old, texts.new_link, texts.ask_if_it_stays),
        Key::RateLimitExceeded => (texts.too_many, texts.wait_a_minute, texts.ask_if_it_stays),
        Key::ProviderUnreachable | Key::ResponseTooLarge => {
            (texts.service_down, texts.reload, texts.ask_if_it_stays)
        }
        Key::FlowInterrupted => (texts.interrupted, texts.connect_again, texts.ask_if_it_stays),
        Key::LockTimeout | Key::StorageUnavailable | Key::KeyUnavailable | Key::Internal => {
            (texts.our_fault, texts.reload, texts.ask_if_it_stays)
        }
        Key::NotFound => (texts.nothing_here, texts.start_there, texts.ask_if_it_stays),
        Key::RequestMalformed
        | Key::RequestTooLarge
        | Key::ScopeNotAllowed
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
        | Key::PreconditionRequired => (texts.not_set_up, texts.nothing_to_do, texts.ask_at_once),
    };
    Words { happened, todo, ask }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::language::Language;

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
            let Words { happened, todo, ask } = words(*key, Language::English.texts());
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
