//! The ways to fail on request: those that RFC 6749 foresees, and others that providers show.

use super::authorization_error::ErrorCode as Authorization;
use super::token_error::ErrorCode as Token;
use crate::demo_provider::consent_page::{FaultChoice, FaultChoices};

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The authorization endpoint answers with this error.
    Authorization(Authorization),
    /// The authorization response carries somebody else's `iss` (RFC 9207).
    WrongIssuer,
    /// The token endpoint answers the code with this error.
    Token(Token),
    /// The token endpoint takes the code, but its answer is bad.
    TokenResponse(ResponseFault),
}

/// The defect of the token endpoint's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseFault {
    NotJson,
    FormEncoded,
    NoExpiresIn,
    NoRefreshToken,
    Http500,
    Oversized,
    Slow,
}

/// Faults that belong together on the consent page.
struct FaultGroup {
    title: &'static str,
    faults: &'static [NamedFault],
}

/// A fault, under its name in `demo_fail` and in the consent form.
struct NamedFault {
    name: &'static str,
    label: &'static str,
    fault: Fault,
}

impl Fault {
    /// The fault with this name; any other name, such as the form's `none`, is no fault.
    pub(super) fn named(name: &str) -> Option<Self> {
        FAULT_GROUPS
            .iter()
            .flat_map(|group| group.faults)
            .find(|named| named.name == name)
            .map(|named| named.fault)
    }
}

/// Every fault, as the consent page offers it; `asked` is the one that the request itself asks for.
pub(super) fn choices(asked: Option<Fault>) -> Vec<FaultChoices> {
    let choice = |named: &NamedFault| FaultChoice {
        name: named.name,
        label: named.label,
        selected: asked == Some(named.fault),
    };
    let group = |group: &FaultGroup| FaultChoices {
        title: group.title,
        choices: group.faults.iter().map(choice).collect(),
    };
    FAULT_GROUPS.iter().map(group).collect()
}

const fn named(name: &'static str, label: &'static str, fault: Fault) -> NamedFault {
    NamedFault { name, label, fault }
}

/// Every fault.
static FAULT_GROUPS: [FaultGroup; 3] = [
    FaultGroup {
        title: "At the authorization endpoint",
        faults: &[
            named(
                "authorize.access_denied",
                "access_denied",
                Fault::Authorization(Authorization::AccessDenied),
            ),
            named(
                "authorize.invalid_request",
                "invalid_request",
                Fault::Authorization(Authorization::InvalidRequest),
            ),
            named(
                "authorize.unauthorized_client",
                "unauthorized_client",
                Fault::Authorization(Authorization::UnauthorizedClient),
            ),
            named(
                "authorize.unsupported_response_type",
                "unsupported_response_type",
                Fault::Authorization(Authorization::UnsupportedResponseType),
            ),
            named(
                "authorize.invalid_scope",
                "invalid_scope",
                Fault::Authorization(Authorization::InvalidScope),
            ),
            named("authorize.server_error", "server_error", Fault::Authorization(Authorization::ServerError)),
            named(
                "authorize.temporarily_unavailable",
                "temporarily_unavailable",
                Fault::Authorization(Authorization::TemporarilyUnavailable),
            ),
            named("authorize.wrong_iss", "a code with the wrong iss", Fault::WrongIssuer),
        ],
    },
    FaultGroup {
        title: "At the token endpoint",
        faults: &[
            named("token.invalid_request", "invalid_request", Fault::Token(Token::InvalidRequest)),
            named("token.invalid_client", "invalid_client", Fault::Token(Token::InvalidClient)),
            named("token.invalid_grant", "invalid_grant", Fault::Token(Token::InvalidGrant)),
            named(
                "token.unauthorized_client",
                "unauthorized_client",
                Fault::Token(Token::UnauthorizedClient),
            ),
            named(
                "token.unsupported_grant_type",
                "unsupported_grant_type",
                Fault::Token(Token::UnsupportedGrantType),
            ),
            named("token.invalid_scope", "invalid_scope", Fault::Token(Token::InvalidScope)),
        ],
    },
    FaultGroup {
        title: "In the token response",
        faults: &[
            named("token.not_json", "not JSON", Fault::TokenResponse(ResponseFault::NotJson)),
            named("token.form_encoded", "form-encoded", Fault::TokenResponse(ResponseFault::FormEncoded)),
            named("token.no_expires_in", "no expires_in", Fault::TokenResponse(ResponseFault::NoExpiresIn)),
            named(
                "token.no_refresh_token",
                "no refresh token",
                Fault::TokenResponse(ResponseFault::NoRefreshToken),
            ),
            named("token.http_500", "HTTP 500", Fault::TokenResponse(ResponseFault::Http500)),
            named("token.oversized", "far too large", Fault::TokenResponse(ResponseFault::Oversized)),
            named("token.slow", "five seconds late", Fault::TokenResponse(ResponseFault::Slow)),
        ],
    },
];
