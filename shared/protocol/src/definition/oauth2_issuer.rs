//! The issuer that an `oauth2` option's answers name (RFC 9207).

use super::checker::Checker;
use super::oauth2::OAuth2;

impl OAuth2 {
    /// True if an answer without the issuer's `iss` is refused.
    #[must_use]
    pub fn is_issuer_required(&self) -> bool {
        self.issuer.is_some() && self.authorization_response_iss_parameter_supported
    }

    /// Checks that an answer always names its issuer: nothing else tells providers apart at the bare callback.
    pub(super) fn check_issuer_is_required(&self, checker: &mut Checker<'_>) {
        if self.is_issuer_required() {
            return;
        }
        let setting = match &self.issuer {
            None => "issuer",
            Some(_) => "authorizationResponseIssParameterSupported",
        };
        checker.refuse(
            setting,
            "must be given with an oAuthCallbackUri whose page sends the browser on to /oauth-callback: nothing else \
             tells the providers' answers apart there. Or let the page send it on to /oauth-callback/{integrationId}, \
             and set oAuthCallbackPath to `own`",
        );
    }
}
