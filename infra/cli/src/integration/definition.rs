//! A definition of the folder, read as the deployment reads it: what is wrong with it, what of it is secret, and what the
//! deployment will show of it.

use protocol::definition::{
    HostRule, Integration, IntegrationDefinition, KnownSecrets, OptionSecrets, Problems,
};
use protocol::error::Error;
use protocol::id::WorkspaceKey;
use protocol::redirect_uri::{Loopback, OwnRoutes};
use serde_json::{Map, Value, json};

use super::folder::Source;
use super::seen::{Seen, without_discovered};

/// A definition that the deployment would take, as far as can be said without it. It has no `Debug`, which would show what its
/// references were filled with.
pub(super) struct Definition {
    /// The body to put.
    pub(super) body: Value,
    /// What can be compared with what the deployment shows.
    pub(super) comparable: Map<String, Value>,
    /// The version of the connector that it asks for, if it asks for one.
    pub(super) connector_version: Option<String>,
    /// What can be shown of the file.
    pub(super) seen: Seen,
}

/// The workspace's rules that matter to a definition.
pub(super) struct Rules<'a> {
    pub(super) workspace: &'a WorkspaceKey,
    pub(super) loopback: Loopback,
}

impl Definition {
    /// Checks a definition, and returns each problem: its path, and what is wrong. What was left out is no problem: if that is
    /// all, there is none to name.
    pub(super) fn of(key: &str, source: &Source, rules: &Rules<'_>) -> Result<Self, Vec<String>> {
        Self::read(key, source, rules).map_err(|mut problems| {
            problems.retain(|problem| !is_of(problem, &source.left_out));
            problems
        })
    }

    fn read(key: &str, source: &Source, rules: &Rules<'_>) -> Result<Self, Vec<String>> {
        let mut given = source.sent.clone();
        given.remove("$schema");
        let version = given.remove("connectorVersion");
        let (whole, has_connector) = laid_over_connector(&given).map_err(|problem| vec![problem])?;
        let mut definition =
            IntegrationDefinition::read(whole.into()).map_err(|error| problems_of(&error))?;
        // Whoever has no new secret keeps the old one.
        drop(definition.take_secrets());
        let kept = definition.without_secrets(given);
        let stored = serde_json::to_value(&definition).map_err(|error| vec![error.to_string()])?;
        let integration = Integration::new(rules.workspace, key, definition, None);
        let problems = problems(&integration, rules.loopback);
        if !problems.is_empty() {
            return Err(problems);
        }
        let seen = Seen::of(&source.written, &kept);
        let mut comparable = if has_connector { kept } else { shown(&integration, &stored) };
        without_discovered(&mut comparable);
        Ok(Self {
            body: Value::Object(source.sent.clone()),
            comparable,
            connector_version: version.and_then(|version| version.as_str().map(str::to_owned)),
            seen,
        })
    }
}

/// True for the problem of a setting that was left out. A client that an option lacks is missed among the parameters.
fn is_of(problem: &str, left_out: &[String]) -> bool {
    fn name(path: &str) -> &str {
        path.rsplit('.').next().unwrap_or(path)
    }
    let (path, what) = problem.split_once(' ').unwrap_or((problem, ""));
    left_out.iter().any(|left| left == path || (what == "is missing" && name(left) == name(path)))
}

/// The whole definition, and whether it comes from a connector.
fn laid_over_connector(given: &Map<String, Value>) -> Result<(Map<String, Value>, bool), String> {
    let Some(name) = given.get("connector").and_then(Value::as_str) else {
        return Ok((given.clone(), false));
    };
    if let Some(connector) = catalogue::connector(name) {
        return Ok((catalogue::laid_over(connector.details().definition, given), true));
    }
    if given.get("authOptions").and_then(Value::as_array).is_some_and(|options| !options.is_empty()) {
        return Ok((given.clone(), false));
    }
    let near = catalogue::near(name).join(", ");
    let near = if near.is_empty() { String::new() } else { format!("; near are: {near}") };
    Err(format!("connector names no connector that this version of linkspan knows{near}"))
}

/// The problems that can be seen without the deployment.
fn problems(integration: &Integration, loopback: Loopback) -> Vec<String> {
    let mut problems = Problems::default();
    // The deployment reads an issuer's metadata, and may have secrets already.
    let found = integration.problems(KnownSecrets::Sealed, loopback, &OwnRoutes::default());
    problems.add_all_but_undiscovered(&found);
    integration.check_hosts(KnownSecrets::Sealed, HostRule::Put(is_registrable), &mut problems);
    integration.check_input_schemas(&mut problems);
    let mut of_parameters = Problems::default();
    let checked = integration.check_parameters(&OptionSecrets::default(), &mut of_parameters);
    // A parameter that is missing may be a secret that the deployment has.
    let parameters = of_parameters.iter().filter(|problem| problem.problem != "is missing");
    let lines = problems.iter().chain(parameters).map(|it| format!("{} {}", it.field, it.problem));
    lines.chain(checked.err().map(|error| error.message().to_owned())).collect()
}

fn is_registrable(host: &str) -> bool {
    psl::domain_str(host).is_some()
}

/// The problems that an error lists.
fn problems_of(error: &Error) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match error.data().get("problems").and_then(Value::as_array) {
        Some(problems) => {
            problems.iter().map(|it| format!("{} {}", text(&it["field"]), text(&it["problem"]))).collect()
        }
        None => vec![error.message().to_owned()],
    }
}

/// What `GET /integrations/{key}` shows of a definition that is whole.
fn shown(integration: &Integration, stored: &Value) -> Map<String, Value> {
    let mut shown = Map::new();
    let mut show = |name: &str, value: Value| {
        if !value.is_null() {
            shown.insert(name.to_owned(), value);
        }
    };
    for name in ["name", "logoUri", "connector", "startUri", "shared", "sharedWith", "authOptions"] {
        show(name, stored[name].clone());
    }
    show("baseUri", json!(integration.base_uri));
    show("parametersSchema", json!(integration.asked_parameters()));
    if !integration.parameters.is_empty() {
        show("parameters", integration.parameters.clone().into());
    }
    if let Some(own) = &integration.o_auth_callback_uri {
        show("oAuthCallbackUri", own.as_str().into());
        show("oAuthCallbackPath", json!(integration.o_auth_callback_path));
    }
    shown
}
