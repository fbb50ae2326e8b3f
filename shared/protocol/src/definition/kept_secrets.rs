//! A secret that a new definition does not mention: it stays, as long as nobody gets it who did not get it before.

use super::auth_option::{AuthMethod, AuthOption, AuthType};
use super::callback_parameters::CallbackParameters;
use super::integration::Integration;
use super::option_secrets::{Given, GivenSecret, OptionSecrets};
use super::problem::Problems;
use super::recipients::Gets;
use super::template::{Address, Destination};
use crate::error::{Error, ErrorKey, Result};

impl OptionSecrets {
    /// The secrets of the definition `after`, which takes the place of `before`: those that it gives, and those of
    /// before that it does not mention.
    ///
    /// # Errors
    ///
    /// `parameter_missing`, naming each secret that is not mentioned and would get to another host than before.
    pub fn updated(
        mut self,
        given: Given,
        before: Option<&Integration>,
        after: &Integration,
    ) -> Result<Self> {
        let mut updated = Self::default();
        let mut problems = Problems::default();
        for (option, setting, given) in given {
            let secret = match given {
                GivenSecret::New(secret) => Some(secret),
                GivenSecret::Removed => None,
                GivenSecret::Unchanged => {
                    self.take(&option, setting).filter(|_| match kept(setting, &option, before, after) {
                        Kept::Stays => true,
                        Kept::Useless => false,
                        Kept::Exposed { field, reason } => {
                            problems.add(field, reason);
                            false
                        }
                    })
                }
            };
            if let Some(secret) = secret {
                updated.insert(option, setting, secret);
            }
        }
        let Some(first) = problems.iter().next() else { return Ok(updated) };
        let message = format!("{} {}.", first.field, first.problem);
        let error = Error::new(ErrorKey::ParameterMissing, message).field(&first.field);
        Err(error.with("problems", problems.to_json()))
    }
}

/// What becomes of a secret that is not mentioned.
enum Kept {
    Stays,
    /// The option's type has no use for it.
    Useless,
    Exposed {
        field: String,
        reason: String,
    },
}

fn kept(setting: &str, key: &str, before: Option<&Integration>, after: &Integration) -> Kept {
    // An option that cannot be read is refused on its own account, and says nothing of where a secret goes.
    let Some(new) = option(after, key) else { return Kept::Useless };
    if !new.method.auth_type().secrets().contains(&setting) {
        return Kept::Useless;
    }
    let old = before.and_then(|before| Some((before, option(before, key)?)));
    let why = match old {
        Some((_, old)) if old.method.auth_type() != new.method.auth_type() => {
            "the option's type has changed".to_owned()
        }
        Some((before, old)) => {
            let known = old.hosts_with_secret(before.base_uri.as_ref());
            let hosts = new.hosts_with_secret(after.base_uri.as_ref());
            let is_new =
                |host: &&Destination| !known.contains(host) || (host.is_entered() && !new.admits_as(old));
            let Some(host) = hosts.iter().find(is_new) else { return Kept::Stays };
            format!("it was not given for {}", host.as_str())
        }
        None => "it is not known which hosts it was given for".to_owned(),
    };
    let field = format!("{}.config.{setting}", new.path());
    Kept::Exposed { field, reason: format!("must be given again, or be null: {why}") }
}

fn option<'a>(integration: &'a Integration, key: &str) -> Option<&'a AuthOption> {
    integration.auth_options.iter().find(|option| option.key == key)
}

impl AuthType {
    /// The settings that are secrets of this type.
    fn secrets(self) -> &'static [&'static str] {
        match self {
            Self::OAuth2 | Self::ClientCredentials => &["clientSecret", "privateKey"],
            Self::OAuth1 => &["consumerSecret", "privateKey"],
            Self::Proxy => &[],
        }
    }
}

impl AuthOption {
    /// True if it holds what comes through the browser to the same schema and the same lists as another option.
    fn admits_as(&self, other: &Self) -> bool {
        let callback_parameters = |option: &Self| match &option.method {
            AuthMethod::OAuth2(config) => config.callback_parameters.clone(),
            _ => CallbackParameters::default(),
        };
        self.input_schema == other.input_schema && callback_parameters(self) == callback_parameters(other)
    }

    /// The hosts that the option's secrets get to, or what is signed with them; and the other hosts of its `config`,
    /// since whoever has the page where the customer signs in has issued the secret. `base` is the integration's
    /// `baseUri`.
    pub(super) fn hosts_with_secret(&self, base: Option<&Address>) -> Vec<Destination> {
        let in_config = self.method.recipients().into_iter().map(|(_, address, _)| address);
        let with_secret = self.recipients(base).into_iter().filter(|it| it.gets == Gets::Secret);
        let mut hosts = Vec::new();
        for host in in_config.chain(with_secret.map(|it| it.address)).map(Destination::of) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }
}
