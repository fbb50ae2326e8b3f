//! An integration: one service that customers connect, and the ways to authenticate with it.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value, json};
use url::Url;

use super::auth_option::{AuthOption, Surroundings};
use super::bounded_schema::BoundedSchema;
use super::callback_uri;
use super::check::{check_key, web_address_problem};
use super::checker::KnownSecrets;
use super::customer_host::CustomerHost;
use super::hosts::HostRule;
use super::integration_definition::{CallbackPath, IntegrationDefinition, Unread, UnreadOption};
use super::means;
use super::problem::Problems;
use super::shown_text;
use super::team_parameters::{give_client, is_sealed, named};
use super::template::{Address, Root};
use crate::error::{Error, ErrorKey, Result};
use crate::id::{IntegrationId, WorkspaceKey};
use crate::random::hex;
use crate::redirect_uri::{Loopback, OwnRoutes};

/// An integration, read as far as it can be used.
#[derive(Debug)]
pub struct Integration {
    /// The id, which names the callback's address.
    pub id: IntegrationId,
    /// The key that the team chose.
    pub key: String,
    /// The workspace that it belongs to.
    pub workspace: WorkspaceKey,
    /// The service's name, as customers know it.
    pub name: String,
    /// An https address of its logo.
    pub logo_uri: Option<String>,
    /// The address of its API.
    pub base_uri: Option<Address>,
    /// The team's own page that the provider calls back.
    pub o_auth_callback_uri: Option<String>,
    /// The path that this page sends the browser on to.
    pub o_auth_callback_path: CallbackPath,
    /// The address of the team's application where it starts flows.
    pub start_uri: Option<String>,
    /// The ways to authenticate that can be used.
    pub auth_options: Vec<AuthOption>,
    /// The workspaces that may use its registration with a `proxy` option.
    pub sharing: Sharing,
    /// The team's values, those that are sealed aside.
    pub parameters: Map<String, Value>,
    /// The JSON Schema of the team's values, as it was declared.
    pub parameters_schema: Option<Value>,
    /// The secrets of the options and of the parameters, sealed.
    pub sealed_secrets: Option<Vec<u8>>,
    unread: Unread,
}

/// The workspaces that may use an integration's registration with a `proxy` option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Private,
    /// Every workspace.
    Everyone,
    /// These workspaces.
    With(Vec<WorkspaceKey>),
}

/// The id of a workspace's integration: 32 hexadecimal digits.
///
/// It is derived from the key. An integration that is deleted and defined again thus keeps the callback address that
/// is registered with the provider.
#[must_use]
pub fn integration_id(workspace: &WorkspaceKey, key: &str) -> IntegrationId {
    let mut hash = Context::new(&SHA256);
    // Keys hold no NUL, so the parts stay separate.
    for part in ["linkspan integration id 1", "\0", workspace.as_str(), "\0", key] {
        hash.update(part.as_bytes());
    }
    IntegrationId::new(hex(&hash.finish().as_ref()[..16]))
}

impl Integration {
    /// The integration that a definition describes. A setting that cannot work is no error here: [`Self::problems`]
    /// reports it, and each use of it fails.
    #[must_use]
    pub fn new(
        workspace: &WorkspaceKey,
        key: &str,
        definition: IntegrationDefinition,
        sealed_secrets: Option<Vec<u8>>,
    ) -> Self {
        let mut unread = definition.unread;
        let parameters = definition.parameters.map(|given| given.expose().clone()).unwrap_or_default();
        let schema = definition.parameters_schema;
        let base_names = named(&definition.base_uri.as_ref().map_or("", Address::as_str).into());
        let team_means = means::of(Root::Integration, schema.as_ref());
        let mut auth_options = Vec::with_capacity(definition.auth_options.len());
        for mut option in definition.auth_options {
            let takes_client = give_client(&mut option, &parameters);
            let mut names = named(&json!(option));
            names.extend(base_names.iter().cloned());
            names.retain(|name| is_sealed(schema.as_ref(), name));
            let cannot_be_read = UnreadOption { key: Some(option.key.clone()), place: option.place };
            let is_enabled = option.enabled;
            let names_callback_uri = callback_uri::is_named(&json!(option));
            match AuthOption::read(option, &mut unread.problems) {
                Some(option) => {
                    let sealed_parameters = names.into_iter().collect();
                    let means = [option.means.as_slice(), &team_means].concat();
                    auth_options.push(AuthOption {
                        means,
                        takes_client,
                        names_callback_uri,
                        sealed_parameters,
                        parameters_schema: schema.clone(),
                        ..option
                    });
                }
                None if is_enabled => unread.options.push(cannot_be_read),
                None => {}
            }
        }
        Self {
            id: integration_id(workspace, key),
            key: key.to_owned(),
            workspace: workspace.clone(),
            name: definition.name,
            logo_uri: definition.logo_uri,
            base_uri: definition.base_uri.or_else(|| server_address(&auth_options)),
            o_auth_callback_uri: definition.o_auth_callback_uri,
            o_auth_callback_path: definition.o_auth_callback_path,
            start_uri: definition.start_uri,
            auth_options,
            sharing: match (definition.shared, definition.shared_with) {
                (false, _) => Sharing::Private,
                (true, None) => Sharing::Everyone,
                (true, Some(workspaces)) => Sharing::With(workspaces),
            },
            parameters,
            parameters_schema: schema,
            sealed_secrets,
            unread,
        }
    }

    /// Every setting that cannot work, or leads to a route of the service's own. Of schemas only the bounds are checked:
    /// [`Self::check_input_schemas`] checks the rest.
    #[must_use]
    pub fn problems(&self, secrets: KnownSecrets<'_>, loopback: Loopback, own: &OwnRoutes) -> Problems {
        let mut problems = Problems::default();
        if let Err(problem) = check_key(&self.key) {
            problems.add("key", problem);
        } else if is_id(&self.key) {
            problems.add("key", "must not look like an id (32 hexadecimal digits)");
        }
        if self.name.trim().is_empty() || self.name.len() > 255 {
            problems.add("name", "must be 1 to 255 bytes");
        }
        for (field, uri) in [
            ("logoUri", &self.logo_uri),
            ("oAuthCallbackUri", &self.o_auth_callback_uri),
            ("startUri", &self.start_uri),
        ] {
            if let Some(problem) = uri.as_ref().and_then(|uri| web_address_problem(uri, loopback, own)) {
                problems.add(field, problem);
            }
        }
        let start = self.start_uri.as_deref().and_then(|uri| Url::parse(uri).ok());
        if start.is_some_and(|uri| uri.query_pairs().any(|(name, _)| name == START_PARAMETER)) {
            problems.add("startUri", format!("has `{START_PARAMETER}` in its query, which Linkspan adds"));
        }
        if self.o_auth_callback_uri.is_none() && self.o_auth_callback_path == CallbackPath::Own {
            problems.add(
                "oAuthCallbackPath",
                "says where a page sends the browser on to, but there is no oAuthCallbackUri",
            );
        }
        self.check_base(loopback, own, &mut problems);
        for problem in self.unread.problems.iter() {
            problems.add(problem.field.clone(), problem.problem.clone());
        }
        if self.auth_options.is_empty() && self.unread.options.is_empty() && self.unread.problems.is_empty() {
            problems.add("authOptions", "must hold at least one option");
        }
        if let Some(Err(problem)) = self.parameters_schema.as_ref().map(BoundedSchema::of) {
            problems.add("parametersSchema", problem);
        }
        if let Some(schema) = &self.parameters_schema {
            means::check(schema, "parametersSchema", &mut problems);
            shown_text::check(schema, "parametersSchema", (loopback, own), &mut problems);
        }
        let parameters = self.parameter_names();
        let around = Surroundings {
            base_uri: self.base_uri.as_ref(),
            parameters: &parameters,
            secrets,
            loopback,
            own,
            is_answered_at_bare_path: self.is_answered_at_bare_path(),
        };
        for (index, option) in self.auth_options.iter().enumerate() {
            if self.auth_options[..index].iter().any(|other| other.key == option.key) {
                problems.add(format!("{}.key", option.path()), "is taken by another option");
            }
            option.check(around, &mut problems);
        }
        problems
    }

    fn check_base(&self, loopback: Loopback, own: &OwnRoutes, problems: &mut Problems) {
        let Some(base) = &self.base_uri else { return };
        if let Some(problem) = base.problem(loopback, own) {
            problems.add("baseUri", problem);
        }
        if let Some(problem) = base.base_problem() {
            problems.add("baseUri", problem);
        }
    }

    /// Notes each placeholder in a host where it cannot stand.
    pub fn check_hosts(&self, secrets: KnownSecrets<'_>, rule: HostRule, problems: &mut Problems) {
        for option in &self.auth_options {
            if self.sharing != Sharing::Private && option.customer_host == CustomerHost::WithSecret {
                let field = format!("{}.customerHostGetsSecret", option.path());
                problems.add(
                    field,
                    "cannot stand in what is shared: the secret would go to others' customers' hosts",
                );
            }
            option.check_hosts(self.base_uri.as_ref(), secrets, rule, problems);
            if matches!(rule, HostRule::Put(_)) {
                option.check_host_patterns(self.base_uri.as_ref(), problems);
            }
        }
    }

    /// Notes each schema that is within its bounds and is invalid all the same. This runs before a definition is stored, so
    /// that its readers need not bring the schema engine.
    pub fn check_input_schemas(&self, problems: &mut Problems) {
        for option in &self.auth_options {
            if let Some(schema) = &option.input_schema
                && let Ok(schema) = BoundedSchema::of(schema)
                && let Err(problem) = super::input::check_schema(schema)
            {
                problems.add(format!("{}.inputSchema", option.path()), problem);
            }
        }
    }

    /// The option named `key`, or the default one. An option that is not enabled counts as missing.
    pub fn auth_option(&self, key: Option<&str>) -> Result<&AuthOption> {
        let found = match key {
            Some(key) => self.enabled_options().find(|option| option.key == key),
            None => self.enabled_options().next(),
        };
        let place = found.map_or(usize::MAX, |option| option.place);
        let unread = self.unread.options.iter().find(|unread| match key {
            Some(key) => found.is_none() && unread.key.as_deref() == Some(key),
            None => unread.place < place,
        });
        if let Some(unread) = unread {
            return Err(Error::unusable(&format!("authOptions[{}]", unread.place)));
        }
        found.ok_or_else(|| {
            let keys: Vec<&str> = self.enabled_options().map(|option| option.key.as_str()).collect();
            let message = format!("There is no such authOptionKey; there is: {}.", keys.join(", "));
            Error::new(ErrorKey::NotFound, message).field("authOptionKey")
        })
    }

    /// The options that customers can use.
    pub fn enabled_options(&self) -> impl Iterator<Item = &AuthOption> {
        self.auth_options.iter().filter(|option| option.enabled)
    }

    /// True if `workspace` may use this integration's registration with a `proxy` option.
    #[must_use]
    pub fn is_shared_with(&self, workspace: &WorkspaceKey) -> bool {
        match &self.sharing {
            Sharing::Private => false,
            Sharing::Everyone => true,
            Sharing::With(workspaces) => workspaces.contains(workspace),
        }
    }

    /// The address of the team's application where a flow with this integration starts, if the definition gives one.
    #[must_use]
    pub fn start(&self) -> Option<Url> {
        let mut start = Url::parse(self.start_uri.as_deref()?).ok()?;
        start.query_pairs_mut().append_pair(START_PARAMETER, &self.key);
        Some(start)
    }

    /// The path that the provider's answer arrives at. It is the integration's own, as the defence against mix-up (RFC
    /// 9700 §4.4.2).
    #[must_use]
    pub fn callback_path(&self) -> String {
        format!("{BARE_CALLBACK}/{}", self.id)
    }

    /// True if the answer may also arrive at [`BARE_CALLBACK`], because the team's own page stands between. Then only
    /// `iss` tells the answer of one OAuth 2 provider from another's (RFC 9207).
    #[must_use]
    pub fn is_answered_at_bare_path(&self) -> bool {
        self.o_auth_callback_uri.is_some() && self.o_auth_callback_path == CallbackPath::Bare
    }
}

/// The base address of an API that is an option's MCP server.
fn server_address(options: &[AuthOption]) -> Option<Address> {
    options.iter().filter(|option| option.enabled).find_map(|option| option.method.server_address())
}

/// The parameter of `startUri` that names the integration, as starts do.
const START_PARAMETER: &str = "integrationKey";

/// The path that all integrations share whose team has a page of its own between.
pub const BARE_CALLBACK: &str = "/oauth-callback";

/// The integration's id, from an id or a key. A key never looks like an id.
#[must_use]
pub fn integration_id_of(workspace: &WorkspaceKey, id_or_key: &str) -> IntegrationId {
    if is_id(id_or_key) { IntegrationId::new(id_or_key) } else { integration_id(workspace, id_or_key) }
}

/// True if `text` has the form of an integration's id.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
