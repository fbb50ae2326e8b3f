//! The reasons why a provider did not do what it was asked.
//!
//! Code that decides looks at the [`Refusal`], which is the same for every kind of call. The rest is for the log.

use std::sync::Arc;

use http::{Request, StatusCode};
use url::Url;

use super::client::ConnectionFailure;
use super::error_code::{ABOUT_SOMETHING_ELSE, REGISTERED, reads_like_a_code};
use crate::error::{Cause, Error, ErrorKey};

/// The meaning of a provider's refusal, or of its silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The code or the refresh token is refused, by the error code for that (RFC 6749 §5.2 `invalid_grant`), or by
    /// one that the definition lists for it.
    Grant,
    /// The client authentication is refused: the registration's own credentials are wrong.
    Client,
    /// The customer's input, or a credential from the provider, is refused.
    Credentials(Word),
    /// The request is refused for another reason.
    Request,
    /// The request is refused by a status, in no words of the protocol: the status is all that is known.
    Refused,
    /// The answer does not follow the protocol.
    NotUnderstood,
    /// The answer says that there is no such endpoint.
    NoEndpoint,
    /// The answer is too large to be read.
    TooLarge,
    /// There was no connection.
    Unreachable(ConnectionFailure),
    /// There was no answer in the time that was left.
    TooSlow,
    /// The provider has trouble of its own, or was asked too often: the same request may be answered later.
    Fault,
    /// The address may not be called: not https, or not on the public internet.
    NotAllowed,
}

/// The certainty of a refusal of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The provider refused by the status or code that means it: it will not accept the credentials again.
    Definite,
    /// The refusal may come from the provider's own trouble.
    Doubtful,
}

/// The endpoint of a call, as failures report it.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    setting: &'static str,
    host: Option<String>,
}

impl Endpoint {
    pub(super) fn new(url: &Url, setting: &'static str) -> Self {
        Self { setting, host: url.host_str().map(str::to_owned) }
    }

    pub(super) fn of<B>(request: &Request<B>, setting: &'static str) -> Self {
        Self { setting, host: request.uri().host().map(str::to_owned) }
    }

    pub(super) fn failed(&self, refusal: Refusal) -> Failure {
        let cause = Cause { setting: Some(self.setting), host: self.host.clone(), ..Cause::default() };
        Failure { refusal, setting: self.setting, registered: None, shown_status: None, cause }
    }

    pub(super) fn answered(&self, refusal: Refusal, status: StatusCode) -> Failure {
        let mut failure = self.failed(refusal);
        failure.cause.status = Some(status.as_u16());
        failure
    }
}

/// A call that a provider did not answer, or did not answer as it should.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The meaning of the answer, or of the silence.
    pub refusal: Refusal,
    setting: &'static str,
    /// The error code, if the standards register it: only then may it be shown.
    registered: Option<&'static str>,
    /// The status, if it is shown.
    shown_status: Option<u16>,
    cause: Cause,
}

impl Failure {
    /// Adds the provider's own error code. It comes from outside, so only a code that a standard registers is shown.
    /// Any other goes to the log, if it reads like a code.
    #[must_use]
    pub(super) fn coded(mut self, code: &str) -> Self {
        self.registered = REGISTERED.iter().find(|registered| **registered == code).copied();
        self.cause.provider_error = reads_like_a_code(code).then(|| code.to_owned());
        self
    }

    /// Shows the status to the caller.
    #[must_use]
    pub(super) fn with_status_shown(mut self) -> Self {
        self.shown_status = self.cause.status;
        self
    }

    /// Gives the failure another meaning, for a call that knows more.
    #[must_use]
    pub(super) fn meaning(mut self, refusal: Refusal) -> Self {
        self.refusal = refusal;
        self
    }

    /// Adds a description for the log, behind those that there are.
    #[must_use]
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        self.cause.detail = Some(match self.cause.detail {
            Some(before) => format!("{before}; {detail}"),
            None => detail,
        });
        self
    }

    pub(super) fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause.source = Some(Arc::new(source));
        self
    }

    /// The status of the provider's answer, if there was one.
    pub(super) fn status(&self) -> Option<u16> {
        self.cause.status
    }

    /// True if the client is refused, or may be: a 401 in no words of the protocol can be about the client.
    pub(super) fn is_about_client(&self) -> bool {
        match self.refusal {
            Refusal::Client => true,
            Refusal::Refused => self.cause.status == Some(401),
            _ => false,
        }
    }

    /// True if the provider answered.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.cause.status.is_some()
    }

    /// True if the provider refused what it was sent, in words that leave open whether that is for good. A status that
    /// is about the place or the form of the request is no such refusal, and neither is a code of RFC 6749 that is about
    /// the client or the definition.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        let refuses = matches!(self.cause.status, Some(400 | 401 | 403 | 422));
        let is_error_under_200 = matches!(self.cause.status, Some(200..=299));
        let is_refusal = match self.refusal {
            Refusal::Request | Refusal::Credentials(Word::Doubtful) => refuses || is_error_under_200,
            Refusal::NotUnderstood | Refusal::Refused => refuses,
            _ => false,
        };
        let code = self.registered.or(self.cause.provider_error.as_deref());
        is_refusal && !code.is_some_and(|code| ABOUT_SOMETHING_ELSE.contains(&code))
    }

    /// The error of a doubtful refusal of credentials that have worked before.
    #[must_use]
    pub fn into_doubt(mut self) -> Error {
        if matches!(self.refusal, Refusal::Credentials(_)) {
            return self.into();
        }
        self.refusal = Refusal::Request;
        let message = "The service refused to renew the credentials, and did not say that this is for good. It is \
                       asked again.";
        self.told_as(Error::new(ErrorKey::TokenRejected, message))
    }

    /// The cause, which only the operator sees.
    #[must_use]
    pub fn into_cause(self) -> Cause {
        self.cause
    }

    fn to_error(&self) -> Error {
        match self.refusal {
            Refusal::Refused => self.refused_by_status(),
            Refusal::Grant | Refusal::Request => Error::new(
                ErrorKey::TokenRejected,
                "The service did not accept the sign-in. Please try again.",
            ),
            Refusal::Client => Error::new(ErrorKey::ClientRejected, self.client_message()),
            Refusal::Credentials(_) => {
                Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.")
            }
            Refusal::NotUnderstood | Refusal::TooLarge => Error::new(
                ErrorKey::TokenResponseInvalid,
                "The service's answer to the token request could not be understood.",
            ),
            Refusal::NoEndpoint => self.no_endpoint(),
            Refusal::TooSlow => Error::new(
                ErrorKey::ProviderUnreachable,
                "The service took too long. Please try again later.",
            ),
            Refusal::Unreachable(_) | Refusal::Fault => Error::new(
                ErrorKey::ProviderUnreachable,
                "The service could not be reached. Please try again later.",
            ),
            Refusal::NotAllowed => Error::new(
                ErrorKey::ConfigurationInvalid,
                "The service's address may not be called: it must be https and on the public internet.",
            )
            .field(self.setting),
        }
    }

    fn no_endpoint(&self) -> Error {
        let status =
            self.cause.status.map(|status| format!(": it answered with {status}")).unwrap_or_default();
        let message = format!(
            "The service has no such endpoint{status}. The integration's {} needs checking.",
            self.setting
        );
        Error::new(ErrorKey::ConfigurationInvalid, message).field(self.setting)
    }

    /// Says by the status who can do something about it (RFC 9110 §15.5): 400 and 422 are about what was sent for the
    /// customer, 401 is about the client. With any other status the server turns the caller away, whoever the customer
    /// is: a firewall, or an application that is not admitted.
    fn refused_by_status(&self) -> Error {
        let meaning = match self.cause.status {
            Some(400 | 422) => Refusal::Request,
            Some(401) => Refusal::Client,
            _ => {
                let message = "The service does not let this application in. Its settings at the service need checking.";
                return Error::new(ErrorKey::ProviderRefused, message);
            }
        };
        self.clone().meaning(meaning).to_error()
    }

    /// Adds what is shown of the answer, and the cause.
    fn told_as(self, mut error: Error) -> Error {
        if let Some(code) = self.registered {
            error = error.with("providerError", code);
        }
        if let Some(status) = self.shown_status {
            error = error.with("status", status);
        }
        let kind = self.refusal.kind();
        error.because(Cause { kind: Some(kind), ..self.cause })
    }

    fn client_message(&self) -> &'static str {
        match self.setting {
            "requestTokenUri" => {
                "The service refused this application's own credentials. Its consumer key and secret need checking."
            }
            "tokenUri" | "refreshUri" => {
                "The service refused this application's own credentials. Its client id, its secret and clientAuthLocation need checking."
            }
            _ => {
                "The service refused this application's own credentials. Its client id and secret need checking."
            }
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = failure.to_error();
        failure.told_as(error)
    }
}

impl Refusal {
    /// The word for it in the log.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Grant => "grant_refused",
            Self::Client => "client_refused",
            Self::Credentials(_) => "credentials_refused",
            Self::Request => "request_refused",
            Self::Refused => "refused",
            Self::NotUnderstood => "answer_not_understood",
            Self::NoEndpoint => "no_endpoint",
            Self::TooLarge => "answer_too_large",
            Self::Unreachable(failure) => failure.as_str(),
            Self::TooSlow => "timeout",
            Self::Fault => "provider_fault",
            Self::NotAllowed => "address_not_allowed",
        }
    }
}

/// The reason why a call failed.
#[derive(Debug, Clone)]
pub enum CallError {
    /// The provider did not do what it was asked.
    Provider(Box<Failure>),
    /// The provider was not asked: the definition makes no request, or something of ours failed.
    Ours(Error),
}

impl CallError {
    /// The meaning of the provider's refusal or silence, if it was asked.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Provider(failure) => Some(failure.refusal),
            Self::Ours(_) => None,
        }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        Self::Provider(Box::new(failure))
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Provider(failure) => (*failure).into(),
            CallError::Ours(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(refusal: Refusal) -> Failure {
        let request = Request::post("https://provider.example/token").body(()).unwrap();
        Endpoint::of(&request, "tokenUri").answered(refusal, StatusCode::BAD_REQUEST)
    }

    #[test]
    fn only_a_registered_code_is_shown() {
        let error = Error::from(failure(Refusal::Grant).coded("invalid_grant"));
        assert_eq!(error.data()["providerError"], "invalid_grant");
        let error = Error::from(failure(Refusal::Request).coded("BAD_REFRESH_TOKEN"));
        assert!(error.data().is_empty());
        assert_eq!(error.cause().unwrap().provider_error.as_deref(), Some("BAD_REFRESH_TOKEN"));
    }

    #[test]
    fn the_operator_is_told_where_and_what() {
        let error = Error::from(failure(Refusal::Unreachable(ConnectionFailure::UnknownHost)));
        let cause = error.cause().unwrap();
        assert_eq!(
            (cause.setting, cause.host.as_deref(), cause.kind),
            (Some("tokenUri"), Some("provider.example"), Some("unknown_host"))
        );
    }
}
