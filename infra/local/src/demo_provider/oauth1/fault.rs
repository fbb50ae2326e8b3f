//! The ways to fail on request.

use crate::demo_provider::consent_page::{FaultChoice, FaultChoices};

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The temporary credentials come without `oauth_callback_confirmed`.
    Unconfirmed,
    /// The request for temporary credentials is refused.
    RequestRefused,
    /// The request for temporary credentials meets a fault of the provider.
    RequestHttp500,
    /// The callback names other temporary credentials.
    WrongToken,
    /// The callback has no verifier.
    NoVerifier,
    /// The request for token credentials is refused.
    AccessRefused,
    /// The request for token credentials meets a fault of the provider.
    AccessHttp500,
    /// The answer holds no token credentials.
    AccessEmpty,
}

/// A fault, under its name in `demo_fail` and in the consent form. The faults of the request for temporary
/// credentials happen before there is a form.
const FAULTS: [(&str, &str, Fault); 8] = [
    ("request.unconfirmed", "callback not confirmed", Fault::Unconfirmed),
    ("request.refused", "request for temporary credentials refused", Fault::RequestRefused),
    ("request.http_500", "HTTP 500 for temporary credentials", Fault::RequestHttp500),
    ("callback.wrong_token", "another oauth_token", Fault::WrongToken),
    ("callback.no_verifier", "no oauth_verifier", Fault::NoVerifier),
    ("access.refused", "token request refused", Fault::AccessRefused),
    ("access.http_500", "HTTP 500", Fault::AccessHttp500),
    ("access.empty", "no token in the answer", Fault::AccessEmpty),
];

/// The consent page's headings for faults, by the place where they happen.
const GROUPS: [(&str, &str); 2] = [("In the callback", "callback."), ("At the token endpoint", "access.")];

impl Fault {
    /// The fault with this name; any other name, such as the form's `none`, is no fault.
    pub(super) fn named(name: &str) -> Option<Self> {
        FAULTS.iter().find(|(known, ..)| *known == name).map(|(.., fault)| *fault)
    }
}

/// The faults that the consent page offers. `asked` is the one that the request itself asks for.
pub(super) fn choices(asked: Option<Fault>) -> Vec<FaultChoices> {
    let group = |(title, prefix): &(&'static str, &str)| FaultChoices {
        title,
        choices: FAULTS
            .iter()
            .filter(|(name, ..)| name.starts_with(prefix))
            .map(|(name, label, fault)| FaultChoice { name, label, selected: asked == Some(*fault) })
            .collect(),
    };
    GROUPS.iter().map(group).collect()
}
