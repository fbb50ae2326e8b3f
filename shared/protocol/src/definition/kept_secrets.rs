//! A secret that a new definition does not mention: it stays, as long as nobody gets it who did not get it before.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::callback_parameters::CallbackParameters;
use super::customer_host::CustomerHost;
use super::integration::Integration;
use super::option_secrets::{Given, GivenSecret, OptionSecrets};
use super::problem::Problems;
use super::recipients::Gets;
use super::template::{Address, Destination, Placeholder};
use super::{means, value_path};
use crate::error::{Error, ErrorKey, Result};
use crate::secret::Secret;

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
        let stored = self.take_parameters();
        for (option, setting, given) in given.options {
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
        updated.update_parameters(stored, given.parameters, (before, after), &mut problems);
        let Some(first) = problems.iter().next() else { return Ok(updated) };
        let message = format!("{} {}.", first.field, first.problem);
        let error = Error::new(ErrorKey::ParameterMissing, message).field(&first.field);
        Err(error.with("problems", problems.to_json()))
    }

    fn update_parameters(
        &mut self,
        stored: BTreeMap<String, Secret>,
        given: Option<BTreeMap<String, GivenSecret>>,
        (before, after): (Option<&Integration>, &Integration),
        problems: &mut Problems,
    ) {
        // `null` removes them all.
        let Some(mut given) = given else { return };
        for (name, secret) in stored {
            let not_mentioned = matches!(given.get(&name), None | Some(GivenSecret::Unchanged));
            if not_mentioned && after.has_sealed_parameter(&name) {
                match new_host(&name, before, after) {
                    None => self.insert_parameter(&name, secret),
                    Some(why) => problems.add(format!("parameters.{name}"), must_be_given(&why)),
                }
            }
        }
        given.retain(|_, given| matches!(given, GivenSecret::New(_)));
        for (name, given) in given {
            if let GivenSecret::New(secret) = given {
                self.insert_parameter(&name, secret);
            }
        }
    }
}

fn must_be_given(why: &str) -> String {
    format!("must be given again, or be null: {why}")
}

/// Why a sealed parameter of the integration cannot stay, if it gets to a host that did not get it before.
fn new_host(name: &str, before: Option<&Integration>, after: &Integration) -> Option<String> {
    let Some(before) = before else { return Some("it is not known which hosts it was given for".to_owned()) };
    let known: Vec<Destination> =
        before.auth_options.iter().flat_map(|option| hosts_of(name, option, before)).collect();
    for new in &after.auth_options {
        let old = option(before, &new.key);
        let leads_alike =
            |host: &Destination| old.is_some_and(|old| leads_as((new, after), (old, before), host));
        let is_new = |host: &Destination| !known.contains(host) || !leads_alike(host);
        if let Some(host) = hosts_of(name, new, after).into_iter().find(is_new) {
            return Some(format!("it was not given for {}", host.as_str()));
        }
    }
    None
}

/// The hosts that a sealed parameter gets to through an option.
fn hosts_of(name: &str, option: &AuthOption, integration: &Integration) -> Vec<Destination> {
    let base = integration.base_uri.as_ref();
    if option.sealed_parameters.iter().any(|named| named == name) {
        return option.recipients(base).iter().map(|it| Destination::of(it.address)).collect();
    }
    if option.takes_from_parameters(name) { option.hosts_with_secret(base) } else { Vec::new() }
}

/// What becomes of a secret that is not mentioned.
enum Kept {
    Stays,
    /// The option has no use for it.
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
    // It was another client's: now the client is one of the integration's parameters.
    if new.takes_client && old.is_some_and(|(_, old)| !old.takes_client) {
        return Kept::Useless;
    }
    let why = match old {
        Some((_, old)) if old.method.auth_type() != new.method.auth_type() => {
            "the option's type has changed".to_owned()
        }
        Some((before, old)) => {
            let known = old.hosts_with_secret(before.base_uri.as_ref());
            let hosts = new.hosts_with_secret(after.base_uri.as_ref());
            let is_new =
                |host: &&Destination| !known.contains(host) || !leads_as((new, after), (old, before), host);
            let Some(host) = hosts.iter().find(is_new) else { return Kept::Stays };
            format!("it was not given for {}", host.as_str())
        }
        None => "it is not known which hosts it was given for".to_owned(),
    };
    let field = format!("{}.config.{setting}", new.path());
    Kept::Exposed { field, reason: must_be_given(&why) }
}

fn option<'a>(integration: &'a Integration, key: &str) -> Option<&'a AuthOption> {
    integration.auth_options.iter().find(|option| option.key == key)
}

/// An option, and the integration that it is of.
type Place<'a> = (&'a AuthOption, &'a Integration);

/// True if the host is held to what the old option holds it to, has the same values of the team's in it, and is not the
/// customer's in another way.
fn leads_as((new, after): Place<'_>, (old, before): Place<'_>, host: &Destination) -> bool {
    let is_customers_alike =
        new.customer_host == CustomerHost::WithoutSecret || new.customer_host == old.customer_host;
    let is_same = |named: &Placeholder| new.teams_value(after, named) == old.teams_value(before, named);
    (!host.has_placeholder() || is_customers_alike)
        && (!host.is_entered() || new.admits_as(old))
        && (!host.is_teams() || new.parameters_schema == old.parameters_schema)
        && host.teams().iter().all(is_same)
}

impl AuthOption {
    /// What a placeholder of the integration's parameters stands for.
    fn teams_value(&self, integration: &Integration, named: &Placeholder) -> Option<String> {
        let find = |path| value_path::find(&integration.parameters, path).and_then(value_path::text);
        match means::property(&self.means, named.root(), named.path()) {
            Some(path) => {
                means::find(&self.means, named.root(), named.path(), &find(path)?).map(str::to_owned)
            }
            None => find(named.path()).map(Cow::into_owned),
        }
    }

    /// True if it holds what comes through the browser to the same schema and the same lists as another option.
    fn admits_as(&self, other: &Self) -> bool {
        let callback_parameters = |option: &Self| match &option.method {
            AuthMethod::OAuth2(config) => config.callback_parameters.clone(),
            _ => CallbackParameters::default(),
        };
        self.input_schema == other.input_schema
            && self.provider_domains == other.provider_domains
            && callback_parameters(self) == callback_parameters(other)
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
