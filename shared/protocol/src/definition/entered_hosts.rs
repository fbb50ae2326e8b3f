//! Addresses that are made of what a customer enters: which of the inputs is at fault if one cannot be used.

use std::borrow::Cow;

use super::api_path::ApiPath;
use super::complaint::Complaint;
use super::input::Violation;
use super::json_pointer;
use super::recipients::Recipient;
use super::registration::BoundValues;
use super::template::{Address, Placeholder, Root};
use super::value_path;
use crate::error::{Error, ErrorKey};
use crate::redirect_uri::Loopback;

/// What an error's field begins with if a customer's input is at fault.
const ENTERED: &str = "connectionParameters.";

/// The failures of a call that a mistyped host explains, as [`Cause::kind`](crate::error::Cause) names them.
const NOT_THERE: [&str; 4] = ["unknown_host", "connection_refused", "address_not_allowed", "no_endpoint"];

impl BoundValues<'_> {
    /// The inputs that make no address, of those that stand in one. What is missing is none: not every address is
    /// needed.
    #[must_use]
    pub fn unaddressable(&self, loopback: Loopback) -> Vec<Violation> {
        let mut found: Vec<Violation> = Vec::new();
        for address in self.addresses() {
            if !self.is_entered_whole(&address) {
                continue;
            }
            let Err(error) = address.render(self.values(), loopback) else { continue };
            let violation = of_input(&address, &error);
            found.extend(violation.filter(|new| found.iter().all(|known| known.pointer != new.pointer)));
        }
        found
    }

    /// The inputs that an error of a call is about: one that does not fit, or those that chose the host that was not
    /// there.
    #[must_use]
    pub fn blamed(&self, error: &Error) -> Vec<Violation> {
        if error.key() == ErrorKey::InputInvalid {
            return self.addresses().find_map(|address| of_input(&address, error)).into_iter().collect();
        }
        let Some(cause) = error.cause() else { return Vec::new() };
        let (Some(setting), true) = (cause.setting, cause.kind.is_some_and(|kind| NOT_THERE.contains(&kind)))
        else {
            return Vec::new();
        };
        let base_uri = self.registration().base_uri();
        let recipients = self.registration().option().recipients(base_uri);
        let own = recipients.iter().find(|of| of.field.ends_with(&format!(".{setting}")));
        // A relative path is one below `baseUri`.
        let is_base = |of: &&Recipient<'_>| of.field.ends_with("baseUri");
        let Some(called) = own.or_else(|| recipients.iter().find(is_base)) else {
            return Vec::new();
        };
        let host = called.address.host();
        let entered =
            host.slots.iter().map(|slot| slot.placeholder).filter(|it| it.root() == Root::Parameters);
        entered
            .map(|placeholder| Violation { pointer: pointer(placeholder), complaint: Complaint::NoService })
            .collect()
    }

    fn addresses(&self) -> impl Iterator<Item = Cow<'_, Address>> {
        let option = self.registration().option();
        let base_uri = self.registration().base_uri();
        let whole = option.recipients(base_uri).into_iter().map(|recipient| Cow::Borrowed(recipient.address));
        let test = option.test.iter().filter_map(move |test| match &test.path {
            path @ ApiPath::Below(_) => path.at(base_uri).ok().map(Cow::Owned),
            ApiPath::Whole(_) => None,
        });
        whole.chain(test)
    }

    /// True if it is made of nothing but what the customer has entered.
    fn is_entered_whole(&self, address: &Address) -> bool {
        let mut placeholders = address.template().placeholders();
        placeholders.all(|placeholder| {
            placeholder.root() == Root::Parameters
                && value_path::find(self.parameters(), placeholder.path())
                    .is_some_and(|value| !value.is_null())
        })
    }
}

/// The violation that an error about one of an address's inputs tells of.
fn of_input(address: &Address, error: &Error) -> Option<Violation> {
    let field = error.data().get("field")?.as_str()?;
    let path = field.strip_prefix(ENTERED)?;
    let mut placeholders = address.template().placeholders();
    let placeholder = placeholders
        .find(|placeholder| placeholder.root() == Root::Parameters && placeholder.path().join(".") == path)?;
    let problem = match error.message().strip_prefix(&format!("The value of `{field}` ")) {
        Some(fault) => format!("This {fault}"),
        None => error.message().to_owned(),
    };
    Some(Violation { pointer: pointer(placeholder), complaint: Complaint::Address(problem) })
}

fn pointer(placeholder: &Placeholder) -> String {
    // What follows is a part of the value.
    let names = placeholder.path().iter().take_while(|name| !name.starts_with('@'));
    names.fold(String::new(), |pointer, name| json_pointer::member(&pointer, name))
}
