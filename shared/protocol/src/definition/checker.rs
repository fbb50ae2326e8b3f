//! Checks the settings of one option, and notes each that cannot work.

use std::collections::{BTreeMap, BTreeSet};

use super::check::web_address_problem;
use super::input_names::InputNames;
use super::means::{self, Meanings};
use super::option_secrets::OptionSecrets;
use super::problem::Problems;
use super::request_names::{REQUEST_PARTS, SIGNATURE};
use super::template::{Address, Placeholder, Root, Template};
use crate::redirect_uri::{Loopback, OwnRoutes};
use crate::secret::Secret;

/// The option's secrets, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub enum KnownSecrets<'a> {
    /// All secrets, opened.
    Opened(&'a OptionSecrets),
    /// There are secrets, but they are sealed.
    Sealed,
    /// There are no secrets.
    None,
}

/// The `${credentials.…}` placeholders that a template may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Credentials<'a> {
    /// None: the template is filled before there are credentials.
    NotYet,
    /// Any: the provider decides which credentials there are.
    Given,
    /// These, and no others.
    Named(&'a BTreeSet<String>),
}

/// The `${request.…}` placeholders that a template may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// None: the template is not a part of what authenticates one request.
    Unknown,
    /// The parts of the request that is sent.
    Sent,
    /// Those, and its signature.
    Signed,
}

/// The option that is checked.
#[derive(Clone, Copy)]
pub(super) struct Checked<'a> {
    pub(super) key: &'a str,
    pub(super) enabled: bool,
    /// True if its type has the team's client, whose secrets may be the integration's parameters.
    pub(super) has_client: bool,
    /// True if it names no client of its own.
    pub(super) takes_client: bool,
    /// The sealed parameters of the integration that its templates name.
    pub(super) sealed_parameters: &'a [String],
    /// What the values of properties mean.
    pub(super) means: &'a [Meanings],
}

impl Checked<'_> {
    /// One of the option's secrets.
    pub(super) fn secret<'s>(&self, secrets: &'s OptionSecrets, setting: &str) -> Option<&'s Secret> {
        secrets.get(self.key, setting, self.has_client)
    }
}

/// Notes each problem under the path of its setting.
pub(super) struct Checker<'a> {
    pub(super) problems: &'a mut Problems,
    pub(super) path: String,
    pub(super) inputs: &'a InputNames,
    /// The names that the integration's parameters can have.
    pub(super) parameters: &'a InputNames,
    /// What the option signs, by name, with the placeholders in it.
    pub(super) signed: &'a BTreeMap<&'a str, Vec<&'a Placeholder>>,
    pub(super) secrets: KnownSecrets<'a>,
    pub(super) option: Checked<'a>,
    pub(super) request: Request,
    pub(super) loopback: Loopback,
    pub(super) own: &'a OwnRoutes,
}

impl Checker<'_> {
    /// A checker for the settings inside `setting`.
    pub(super) fn inside(&mut self, setting: &str) -> Checker<'_> {
        let path = format!("{}.{setting}", self.path);
        Checker { path, ..self.inside_same() }
    }

    /// A checker for some of the same settings.
    pub(super) fn inside_same(&mut self) -> Checker<'_> {
        Checker {
            problems: self.problems,
            path: self.path.clone(),
            inputs: self.inputs,
            parameters: self.parameters,
            signed: self.signed,
            secrets: self.secrets,
            option: self.option,
            request: self.request,
            loopback: self.loopback,
            own: self.own,
        }
    }

    pub(super) fn refuse(&mut self, setting: &str, problem: impl Into<String>) {
        self.problems.add(format!("{}.{setting}", self.path), problem);
    }

    /// Notes a parameter of the integration that is missing, once for all options. What nobody can use lacks nothing.
    pub(super) fn refuse_parameter(&mut self, name: &str) {
        let field = format!("parameters.{name}");
        if self.option.enabled && self.problems.iter().all(|problem| problem.field != field) {
            self.problems.add(field, "is missing");
        }
    }

    /// Checks a text that is sent as it is: a placeholder in it would be sent too.
    pub(super) fn literal(&mut self, setting: &str, text: &str) {
        if text.contains("${") {
            self.refuse(setting, "has a placeholder in it, and is sent as it is");
        } else if let Some(foreign) = foreign_placeholder(text) {
            self.refuse(setting, foreign);
        }
    }

    /// Checks a text that is sent as it is, and must not be empty.
    pub(super) fn name(&mut self, setting: &str, text: &str) {
        if text.trim().is_empty() {
            self.refuse(setting, "is empty");
        }
        self.literal(setting, text);
    }

    /// Checks an address that a browser opens, and that has no placeholders.
    pub(super) fn web_address(&mut self, setting: &str, uri: Option<&String>) {
        if let Some(problem) = uri.and_then(|uri| web_address_problem(uri, self.loopback, self.own)) {
            self.refuse(setting, problem);
        }
    }

    pub(super) fn template(&mut self, setting: &str, template: &Template, credentials: Credentials<'_>) {
        if let Some(foreign) = foreign_placeholder(template.as_str()) {
            self.refuse(setting, foreign);
        }
        for placeholder in template.placeholders() {
            if let Some(problem) = self.unknown(placeholder, credentials) {
                self.refuse(setting, problem);
            }
        }
    }

    /// Checks named templates.
    pub(super) fn templates(
        &mut self,
        setting: &str,
        templates: &BTreeMap<String, Template>,
        credentials: Credentials<'_>,
    ) {
        for (name, template) in templates {
            self.template(&format!("{setting}.{name}"), template, credentials);
        }
    }

    /// Checks that a template which a browser gets to see has nothing sealed in it.
    pub(super) fn shown(&mut self, setting: &str, template: &Template) {
        for placeholder in template.placeholders().filter(|it| it.root() == Root::Integration) {
            if self.option.sealed_parameters.contains(&placeholder.path()[0]) {
                self.refuse(
                    setting,
                    format!("has `{placeholder}`, which is sealed, where browsers would see it"),
                );
            }
        }
    }

    /// Checks an address that is called, or that a browser is sent to.
    pub(super) fn address(&mut self, setting: &str, address: &Address, credentials: Credentials<'_>) {
        if let Some(problem) = address.problem(self.loopback, self.own) {
            self.refuse(setting, problem);
        }
        self.template(setting, address.template(), credentials);
    }

    /// Checks the option's own `baseUri`.
    pub(super) fn own_base(&mut self, address: &Address, credentials: Credentials<'_>) {
        self.address("baseUri", address, credentials);
        if let Some(problem) = address.base_problem() {
            self.refuse("baseUri", problem);
        }
    }

    /// Checks the integration's `baseUri`, as this option fills it.
    pub(super) fn base(&mut self, address: &Address, credentials: Credentials<'_>) {
        for placeholder in address.template().placeholders() {
            let is_made =
                matches!(placeholder.root(), Root::Random | Root::Signed | Root::Request | Root::Callback);
            let made = is_made.then(|| format!("has `{placeholder}`, which is there for single requests"));
            if let Some(problem) = made.or_else(|| self.unknown(placeholder, credentials)) {
                let problem = format!("{problem} ({})", self.path);
                self.problems.add("baseUri", problem);
            }
        }
    }

    /// Checks an OAuth endpoint that is used before there are credentials. `own` are the parameters that Linkspan adds
    /// to its query.
    pub(super) fn endpoint(&mut self, setting: &str, address: &Address, own: &[&str]) {
        self.endpoint_with(setting, address, own, Credentials::NotYet);
    }

    /// Checks an OAuth endpoint whose address may have these credentials in it.
    pub(super) fn endpoint_with(
        &mut self,
        setting: &str,
        address: &Address,
        own: &[&str],
        credentials: Credentials<'_>,
    ) {
        self.page(setting, address, own, credentials);
        if address.has_fragment() {
            self.refuse(setting, "has a fragment, which no endpoint may have (RFC 6749 §3.1, §3.2)");
        }
    }

    /// Checks the address of a page that a browser is sent to, or of an endpoint. `own` are the parameters that Linkspan
    /// adds.
    pub(super) fn page(
        &mut self,
        setting: &str,
        address: &Address,
        own: &[&str],
        credentials: Credentials<'_>,
    ) {
        self.address(setting, address, credentials);
        for name in address.query_names() {
            if own.contains(&name.as_str()) {
                self.refuse(setting, format!("has `{name}` in its query, which Linkspan sends itself"));
            }
        }
    }

    /// Checks parameters that a definition adds to a request. `own` are those that Linkspan sends itself.
    pub(super) fn added<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        is_own: impl Fn(&str) -> bool,
    ) {
        for name in names.filter(|name| is_own(name)) {
            self.refuse(&format!("extra.{name}"), "is sent by Linkspan itself");
        }
    }

    pub(super) fn scopes(&mut self, scopes: &[String]) {
        for (index, scope) in scopes.iter().enumerate() {
            self.name(&format!("scopes[{index}]"), scope);
        }
    }

    pub(super) fn scope_templates(&mut self, scopes: &[Template], separator: &str) {
        if matches!(separator, "+" | "%20") {
            self.refuse(
                "scopeSeparator",
                "is a space in its encoded form; write a space, which is encoded when it is sent",
            );
        }
        for (index, scope) in scopes.iter().enumerate() {
            let setting = format!("scopes[{index}]");
            if scope.as_str().trim().is_empty() {
                self.refuse(&setting, "is empty");
            }
            self.template(&setting, scope, Credentials::NotYet);
            self.shown(&setting, scope);
        }
    }

    /// True if the secret is known to be missing.
    pub(super) fn lacks(&self, setting: &str) -> bool {
        match self.secrets {
            KnownSecrets::Opened(secrets) => self.option.secret(secrets, setting).is_none(),
            KnownSecrets::Sealed => false,
            KnownSecrets::None => true,
        }
    }

    fn unknown(&self, placeholder: &Placeholder, credentials: Credentials<'_>) -> Option<String> {
        let (root, path) = (placeholder.root(), placeholder.path());
        if means::named(root, path).is_some() && means::texts(self.option.means, root, path).is_none() {
            return Some(format!("has `{placeholder}`, but no `means` of the schema has it"));
        }
        let name = placeholder.path().first()?;
        match (placeholder.root(), credentials) {
            (Root::Parameters, _) if !self.inputs.has(name) => {
                Some(format!("has `{placeholder}`, but the option's inputSchema has no `{name}`"))
            }
            (Root::Integration, _) if !self.parameters.has(name) => {
                Some(format!("has `{placeholder}`, but the integration's parametersSchema has no `{name}`"))
            }
            (Root::Random | Root::Signed | Root::Request, _) if placeholder.path().len() > 1 => {
                Some(format!("has `{placeholder}`, but what is made for a request has one name"))
            }
            (Root::Signed, _) => match self.signed.get(name.as_str()) {
                None => Some(format!("has `{placeholder}`, but the option's signed has no `{name}`")),
                Some(inside) => inside
                    .iter()
                    .filter(|inside| inside.root() != Root::Signed)
                    .find_map(|inside| self.unknown(inside, credentials))
                    .map(|problem| format!("has `{placeholder}`, which {problem}")),
            },
            (Root::Request, _) => self.request.unknown(placeholder, name),
            (Root::Callback, _) if placeholder.path() != ["uri"] => {
                Some(format!("has `{placeholder}`: of the callback there is `uri`"))
            }
            (Root::Callback, Credentials::NotYet) => {
                Some(format!("has `{placeholder}`, but nothing was called back yet where it is used"))
            }
            (Root::Callback, _) if !self.option.has_client => {
                Some(format!("has `{placeholder}`, but an option of this type is not called back"))
            }
            (Root::Credentials, Credentials::NotYet) => {
                Some(format!("has `{placeholder}`, but there are no credentials yet where it is used"))
            }
            (Root::Credentials, Credentials::Named(names)) if !names.contains(name) => {
                Some(format!("has `{placeholder}`, but the option's credentials have no `{name}`"))
            }
            _ => None,
        }
    }
}

impl Request {
    fn unknown(self, placeholder: &Placeholder, name: &str) -> Option<String> {
        match self {
            Self::Unknown => Some(format!(
                "has `{placeholder}`, which is known only in apiClient, in a login or a renewal, and in what they sign"
            )),
            Self::Signed if name == SIGNATURE => None,
            Self::Sent if name == SIGNATURE => {
                Some(format!("has `{placeholder}`, but no signing makes one before it"))
            }
            Self::Sent | Self::Signed if REQUEST_PARTS.contains(&name) => None,
            Self::Sent | Self::Signed => {
                Some(format!("has `{placeholder}`, which is none of {}", REQUEST_PARTS.join(", ")))
            }
        }
    }
}

/// Finds `{{name}}`, a placeholder as other products write it. Here it would be sent as it is.
fn foreign_placeholder(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("{{")?;
    let (inside, _) = rest.split_once("}}")?;
    let name = inside.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$');
    (!name.is_empty() && name.chars().all(is_name))
        .then(|| "has a placeholder in `{{…}}`; write `${parameters.…}` or `${credentials.…}`".to_owned())
}
