//! Values of the callback's that a call after connecting proves: they came through the browser, and count only since the
//! account has them.

use super::after_connect::Occasion;
use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::checker::Checker;
use super::token_call::credentials_in;

impl AuthOption {
    /// True if the callback brings a value of this name.
    #[must_use]
    pub fn callback_brings(&self, name: &str) -> bool {
        matches!(&self.method, AuthMethod::OAuth2(config) if config.callback_parameters.has(name))
    }

    /// Notes what uses a value of the callback's before the call that proves it, or without it: a `choose` of the same name.
    pub(super) fn check_proofs(&self, checker: &mut Checker<'_>) {
        for (index, call) in self.after_connect.iter().enumerate() {
            let Some(choose) = &call.choose else { continue };
            let name = &choose.name;
            if !self.callback_brings(name) {
                continue;
            }
            let mut checker = checker.inside(&format!("afterConnect[{index}]"));
            for (setting, lets_go) in
                [("optional", call.optional), ("on", !call.on.includes(Occasion::Connect))]
            {
                if lets_go {
                    checker.refuse(setting, format!("lets `{name}` of the callback go without a proof"));
                }
            }
            if self.after_connect[..=index].iter().any(|call| credentials_in(call).contains(name)) {
                checker.refuse("choose.as", format!("comes after `{name}` of the callback was used"));
            }
        }
    }
}
