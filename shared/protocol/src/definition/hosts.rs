//! Who chooses the hosts that secrets and tokens go to.
//!
//! What a customer enters comes through a browser. So a placeholder that it fills is a whole label before a literal
//! domain; or the schema closes it; or the option says that the host is the customer's (`customerHost`), and then gets
//! no secret of the workspace's unless it says that too. A callback parameter chooses one only from a
//! closed list.

use std::borrow::Cow;

use serde_json::Value;

use super::after_connect::Occasion;
use super::auth_method::AuthMethod;
use super::auth_option::AuthOption;
use super::checker::KnownSecrets;
use super::closed::{admits, is_below, is_closed, is_label, is_plain, unusable_pattern};
use super::customer_host::CustomerHost;
use super::input_names::InputNames;
use super::means;
use super::pkce::Pkce;
use super::problem::Problems;
use super::recipients::{Gets, Recipient};
use super::template::{Address, Close, Host, Placeholder, Root, Slot};

/// The rule for hosts.
#[derive(Debug, Clone, Copy)]
pub enum HostRule {
    /// The whole rule, for a definition that is put. The function says whether a host name is a registrable domain, or
    /// lies below one, by the public suffix list.
    Put(fn(&str) -> bool),
    /// As much of it as needs no list, for a definition that is stored: nobody but the definition chooses the whole
    /// host that gets the client secret.
    Stored,
}

impl HostRule {
    /// True if `name` is a registrable domain, or lies below one.
    fn is_domain(self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        // A host whose last label is a number is an IPv4 address (WHATWG URL §4.4).
        let is_number = labels.last().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()));
        let is_name = !is_number && labels.iter().all(|label| !label.is_empty());
        is_name
            && match self {
                Self::Put(is_registrable) => is_registrable(&name),
                Self::Stored => true,
            }
    }
}

impl AuthOption {
    /// Notes each placeholder in a host where it cannot stand.
    pub(super) fn check_hosts(
        &self,
        base_uri: Option<&Address>,
        secrets: KnownSecrets<'_>,
        rule: HostRule,
        problems: &mut Problems,
    ) {
        let has_secret = self.may_have_secret(secrets) || self.names_sealed_parameters();
        for recipient in self.recipients(base_uri) {
            let gets = match recipient.gets {
                Gets::Nothing => Gets::Nothing,
                // Which of its requests carries the parameter is not looked at.
                _ if self.names_sealed_parameters() => Gets::Secret,
                gets if has_secret => gets,
                gets => gets.min(Gets::Token),
            };
            if let Some(problem) = self.host_problem(&Recipient { gets, ..recipient.clone() }, rule) {
                // `baseUri` is every option's.
                let of =
                    if recipient.field == "baseUri" { format!(" ({})", self.path()) } else { String::new() };
                problems.add(recipient.field, format!("{problem}{of}"));
            }
        }
        if let AuthMethod::OAuth2(config) = &self.method
            && config.code_challenge() == Pkce::Off
            && has_secret
            && config.token_uri.as_ref().is_some_and(|address| !self.customer_host.sends_secret_to(address))
        {
            let field = format!("{}.config.skipPkce", self.path());
            problems.add(
                field,
                "cannot stand where customerHost keeps the client secret back: nothing else binds the code",
            );
        }
    }

    /// Notes each pattern of a schema that a value in a host is held to, and that cannot be matched there. The engine for schemas
    /// can be able to, and is not there when an address is made.
    pub(super) fn check_host_patterns(&self, base_uri: Option<&Address>, problems: &mut Problems) {
        for Recipient { address, .. } in self.recipients(base_uri) {
            // What is made of a value is held to no pattern of the value's.
            for slot in address.host().slots.iter().filter(|slot| !slot.is_derived) {
                let placeholder = slot.placeholder;
                let (schema, place) = match (placeholder.root(), &self.parameters_schema, &self.input_schema)
                {
                    (Root::Integration, Some(schema), _) => (schema, "parametersSchema".to_owned()),
                    (_, _, Some(schema)) if self.is_entered(placeholder) => {
                        (schema, format!("{}.inputSchema", self.path()))
                    }
                    // Those of callback parameters are looked at wherever they stand.
                    _ => continue,
                };
                if let Some((pattern, fault)) = unusable_pattern(schema, placeholder.path()) {
                    let field = place + &pattern;
                    if problems.iter().all(|known| known.field != field) {
                        problems.add(field, format!("{fault}; `{placeholder}` in a host is held to it"));
                    }
                }
            }
        }
    }

    /// Notes each address in whose host an input with a port and a path stands beside something else.
    pub(super) fn check_authorities(&self, base_uri: Option<&Address>, problems: &mut Problems) {
        for Recipient { field, address, .. } in self.recipients(base_uri) {
            for slot in address.host().slots {
                let placeholder = slot.placeholder;
                let is_one = self.hosts_and_paths.iter().any(|path| path == placeholder.path());
                if is_one && !slot.is_url && !address.has_whole_authority(placeholder) {
                    let problem = "which can have a port and a path: it must be all of the host";
                    problems.add(field.clone(), format!("has `{placeholder}` in its host, {problem}"));
                }
            }
        }
    }

    fn host_problem(&self, recipient: &Recipient<'_>, rule: HostRule) -> Option<String> {
        let host = recipient.address.host();
        for slot in &host.slots {
            let placeholder = slot.placeholder;
            if placeholder.root() == Root::Integration {
                if self.sealed_parameters.contains(&placeholder.path()[0]) {
                    return Some(format!("has `{placeholder}` in its host, which is sealed"));
                }
                if self.closes(slot, rule) || self.is_bound(&host, slot, recipient.gets, rule) {
                    continue;
                }
                return Some(format!(
                    "has `{placeholder}` in its host: write the host itself, or close it by an `enum` or a `pattern` \
                     in parametersSchema"
                ));
            }
            if self.is_callback_parameter(placeholder) {
                let is_bound_label = self.is_label(slot) && self.is_bound(&host, slot, recipient.gets, rule);
                if self.closes(slot, rule) || is_bound_label {
                    continue;
                }
                return Some(format!(
                    "has `{placeholder}` in its host, where a callback parameter cannot stand without an `enum` of its \
                     values or a `pattern`: of a whole host, or of a label before a registrable domain"
                ));
            }
            let is_providers_word = placeholder.root() == Root::Credentials && !self.is_entered(placeholder);
            if recipient.gets == Gets::Nothing
                || self.customer_host != CustomerHost::No
                || (is_providers_word && recipient.gets == Gets::Token)
                || self.is_bound(&host, slot, recipient.gets, rule)
                || (!is_providers_word && self.closes(slot, rule))
            {
                continue;
            }
            let what = if recipient.gets == Gets::Secret { "the client secret" } else { "credentials" };
            return Some(format!(
                "has `{placeholder}` in its host, which gets {what}: it must be a whole label before a registrable \
                 domain (`{placeholder}.example.com`), or have an `enum` of hosts or a `pattern` that ends in such a \
                 domain (`^[a-z]+\\.example\\.com$`) in inputSchema, or the option must have `customerHost`"
            ));
        }
        let is_kept_back =
            recipient.gets == Gets::Secret && !self.customer_host.sends_secret_to(recipient.address);
        if !is_kept_back {
            return None;
        }
        if self.names_sealed_parameters() {
            return Some(
                "may get a sealed parameter of the integration, which customerHost keeps back: say \
                 `customerHostGetsSecret` too"
                    .to_owned(),
            );
        }
        // A public client of OAuth 2 needs no secret. Anything else cannot do without.
        let can_do_without = matches!(self.method, AuthMethod::OAuth2(_)) && !recipient.is_signed;
        (!can_do_without).then(|| {
            "needs the client secret, which customerHost keeps back: say `customerHostGetsSecret` too"
                .to_owned()
        })
    }

    /// True if the literal part of the host binds what stands in `slot`.
    fn is_bound(&self, host: &Host<'_>, slot: &Slot<'_>, gets: Gets, rule: HostRule) -> bool {
        let is_below = || self.is_domain(host.suffix, rule) || self.ends_in_closed(host, slot, rule);
        match rule {
            HostRule::Put(_) => (slot.is_whole_label || self.is_label(slot)) && is_below(),
            HostRule::Stored => gets != Gets::Secret || is_below(),
        }
    }

    /// True if the host ends in a domain of those that a schema lists, with a dot between it and what stands in `slot`.
    fn ends_in_closed(&self, host: &Host<'_>, slot: &Slot<'_>, rule: HostRule) -> bool {
        let is_domain = |name: &str| self.is_domain(name, rule);
        let mut last = host.slots.iter().filter(|slot| slot.ends_host).peekable();
        let is_there = last.peek().is_some() && !slot.ends_host && !host.has_fallback;
        is_there
            && last.all(|end| {
                let is_below = match means::texts(&self.means, end.placeholder.root(), end.placeholder.path())
                {
                    Some(texts) => texts.into_iter().all(is_domain),
                    None => self
                        .schema_of(end.placeholder)
                        .is_some_and(|schema| is_below(&schema, end.placeholder.path(), is_domain)),
                };
                end.starts_label && !end.is_derived && is_below
            })
    }

    /// True if nothing but one label can stand in `slot`.
    fn is_label(&self, slot: &Slot<'_>) -> bool {
        let schema = self.schema_of(slot.placeholder);
        !slot.is_derived && schema.is_some_and(|schema| is_label(&schema, slot.placeholder.path()))
    }

    /// True if `name` is a registrable domain, or one of the provider's own, or lies below one.
    fn is_domain(&self, name: &str, rule: HostRule) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_own = |own: &String| {
            name.strip_suffix(own.as_str()).is_some_and(|at| at.is_empty() || at.ends_with('.'))
        };
        rule.is_domain(&name) || self.provider_domains.iter().any(is_own)
    }

    /// True if the option has a client secret or a kept key, or could have one that is sealed.
    fn may_have_secret(&self, secrets: KnownSecrets<'_>) -> bool {
        let is_entered = || InputNames::of(self.input_schema.as_ref()).has("clientSecret");
        if self.has_kept_key() {
            return true;
        }
        let has_key = self.has_own_key();
        match (secrets, &self.method) {
            (_, AuthMethod::OAuth1(_))
            | (KnownSecrets::Sealed, AuthMethod::OAuth2(_) | AuthMethod::Proxy(_)) => true,
            (KnownSecrets::None, _) => false,
            (KnownSecrets::Opened(secrets), _) => {
                let has = |setting| self.secret(secrets, setting).is_some();
                has("clientSecret") || (has_key && has("privateKey"))
            }
            (KnownSecrets::Sealed, AuthMethod::ClientCredentials(_)) => has_key || !is_entered(),
        }
    }

    fn is_callback_parameter(&self, placeholder: &Placeholder) -> bool {
        let AuthMethod::OAuth2(config) = &self.method else { return false };
        placeholder.root() == Root::Credentials
            && placeholder.path().first().is_some_and(|name| config.callback_parameters.has(name))
    }

    /// True if it stands for what the customer entered: all of the credentials are, if they are not exchanged.
    fn is_entered(&self, placeholder: &Placeholder) -> bool {
        match placeholder.root() {
            Root::Parameters => true,
            Root::Credentials => self.method.is_entered() && !self.is_completed(placeholder),
            _ => false,
        }
    }

    /// True if a call that must succeed puts the value there, in the place of anything that was entered.
    fn is_completed(&self, placeholder: &Placeholder) -> bool {
        let name = placeholder.path().first();
        let mut calls = self.after_connect.iter();
        calls.any(|call| {
            !call.optional && call.on != Occasion::Refresh && call.names().any(|n| Some(n) == name)
        })
    }

    fn closes(&self, slot: &Slot<'_>, rule: HostRule) -> bool {
        // A part of a host, or the host in another form, is none of those that the schema lists.
        if slot.is_derived {
            return false;
        }
        if let Some(texts) = means::texts(&self.means, slot.placeholder.root(), slot.placeholder.path()) {
            let is_whole = |path: &Vec<String>| path == slot.placeholder.path();
            let is_authority = self.hosts_and_paths.iter().any(is_whole);
            return texts.iter().all(|text| is_plain(text, slot) || is_authority);
        }
        let is_domain = |name: &str| self.is_domain(name, rule);
        let schema = self.schema_of(slot.placeholder);
        schema.is_some_and(|schema| is_closed(&schema, slot.placeholder.path(), slot, is_domain))
    }

    /// The schema that the placeholder's value is held to, if there is one.
    fn schema_of(&self, placeholder: &Placeholder) -> Option<Cow<'_, Value>> {
        match &self.method {
            AuthMethod::OAuth2(config) if self.is_callback_parameter(placeholder) => {
                Some(Cow::Owned(config.callback_parameters.schema()))
            }
            _ if placeholder.root() == Root::Integration => {
                self.parameters_schema.as_ref().map(Cow::Borrowed)
            }
            _ if self.is_entered(placeholder) => self.input_schema.as_ref().map(Cow::Borrowed),
            _ => None,
        }
    }
}

impl Close for AuthOption {
    /// A value that its schema accepts. What is stored may be older than the schema, and not all of it was entered.
    fn admits(&self, placeholder: &Placeholder, value: &Value) -> bool {
        // What a choice means is the definition's own.
        means::texts(&self.means, placeholder.root(), placeholder.path()).is_some()
            || self.schema_of(placeholder).is_none_or(|schema| admits(&schema, placeholder.path(), value))
    }
}
