//! What is read from metadata while an integration is defined: what its options leave to their issuer, or to the MCP server
//! that they are for. So nothing is read during a customer's flow.

use flow::deps::Deps;
use flow::store::StoredDefinition;
use protocol::deadline::Deadline;
use protocol::definition::{
    BARE_CALLBACK, Discovered, DiscoveredClient, Problems, discovered_endpoint_problem, integration_id,
    is_issuer, is_server,
};
use protocol::error::{Error, Result};
use protocol::id::WorkspaceKey;
use protocol::provider::discovery::{
    Applicant, ClientSecret, Found, Registration, of_issuer, of_registration, of_server,
};
use protocol::secret::Secret;
use serde_json::{Map, Value};

use super::expansion::Whole;
use super::oauth_client;

/// The member of an option that says what was discovered.
const DISCOVERED: &str = "discovered";

/// A definition's settings, or a part of them.
type Settings = Map<String, Value>;

/// The integration that is defined.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) workspace: &'a WorkspaceKey,
    pub(super) key: &'a str,
    /// The service's own address, where the request came to.
    pub(super) own_address: &'a str,
    pub(super) deadline: Deadline,
}

/// What is not yet settled when the metadata has been read.
#[derive(Default)]
pub(super) struct Outcome {
    /// What could not be found.
    pub(super) problems: Problems,
    /// The clients that are yet to be registered.
    pub(super) awaited: Vec<Awaited>,
}

/// A client that is yet to be registered. Until then something stands in for it in its option.
pub(super) struct Awaited {
    place: usize,
    discovered: Discovered,
    registration: Registration,
}

/// Reads the metadata that the definition's options need, and notes in each what was found. What was noted before is left
/// out: it is read anew with every change.
pub(super) async fn discover(
    deps: &Deps,
    subject: Subject<'_>,
    whole: &mut Whole,
    before: Option<&StoredDefinition>,
) -> Result<Outcome> {
    for (_, option) in whole.given.as_mut().into_iter().flat_map(options) {
        option.shift_remove(DISCOVERED);
    }
    let Outcome { mut problems, mut awaited } = Outcome::default();
    let calls = deps.calls(subject.deadline.provider());
    let parameters_have_client =
        whole.definition.get("parameters").and_then(|parameters| given(parameters.as_object()?, "clientId"));
    let has_client = parameters_have_client.is_some();
    let callback = callback(&whole.definition, subject);
    for (place, option) in options(&mut whole.definition) {
        option.shift_remove(DISCOVERED);
        let Some(config) = used(option) else { continue };
        let text = |setting: &str| config.get(setting).and_then(Value::as_str);
        let loopback = deps.settings.loopback;
        let is_no_endpoint = |uri| discovered_endpoint_problem(uri, loopback, &deps.own_routes).is_some();
        if text("registrationUri").is_some_and(is_no_endpoint) {
            // That is told by the check of the whole.
            continue;
        }
        let comes_by_itself = text("mcpServer").or_else(|| text("registrationUri")).is_some();
        let needs_client = comes_by_itself && !has_client && given(config, "clientId").is_none();
        let has_endpoints =
            ["authorizeUri", "tokenUri"].iter().all(|setting| given(config, setting).is_some());
        if has_endpoints && !needs_client {
            continue;
        }
        if needs_client && given(config, "clientSecret").is_some() {
            // It is no other client's.
            problems.add(format!("authOptions[{place}].config.clientId"), "is missing beside clientSecret");
            continue;
        }
        let applicant = if needs_client {
            Some(applicant(deps, subject, &callback, option, before).await?)
        } else {
            None
        };
        let (setting, found) = match (text("mcpServer"), text("issuer"), text("registrationUri"), &applicant)
        {
            (_, _, Some(endpoint), Some(applicant)) if has_endpoints => {
                ("registrationUri", of_registration(&calls, endpoint, config, applicant))
            }
            _ if has_endpoints => {
                // Nothing is read that could name the endpoint.
                let problem = "is missing, and so is clientId: with authorizeUri and tokenUri both \
                               given, nothing is read that could name one";
                ("registrationUri", Err(problem.to_owned()))
            }
            (Some(server), ..) if is_server(server, loopback) && !deps.own_routes.have(server) => {
                ("mcpServer", of_server(&calls, server, config, applicant.as_ref()).await)
            }
            (None, Some(issuer), ..) if is_issuer(issuer, loopback) => {
                ("issuer", of_issuer(&calls, issuer, config, applicant.as_ref()).await)
            }
            // What is wrong with it is told by the check of the whole.
            _ => continue,
        };
        match found {
            Ok(Found { discovered, secret }) => {
                note(option, &discovered)?;
                match secret {
                    ClientSecret::Kept => {}
                    ClientSecret::Removed => give_secret(option, None),
                    ClientSecret::Awaited(registration) => {
                        give_secret(option, registration.stand_in_secret());
                        awaited.push(Awaited { place, discovered, registration });
                    }
                }
            }
            Err(problem) => problems.add(format!("authOptions[{place}].config.{setting}"), problem),
        }
    }
    Ok(Outcome { problems, awaited })
}

/// Registers the clients, and puts each in the place of what stood in for it. The first that fails is the last.
pub(super) async fn register(
    deps: &Deps,
    subject: Subject<'_>,
    whole: &mut Whole,
    awaited: Vec<Awaited>,
) -> Result<()> {
    let calls = deps.calls(subject.deadline.provider());
    for Awaited { place, mut discovered, registration } in awaited {
        match registration.register(&calls).await {
            Ok(issued) => {
                let secret = issued.note(&mut discovered);
                if let Some((_, option)) = options(&mut whole.definition).find(|(other, _)| *other == place) {
                    note(option, &discovered)?;
                    give_secret(option, secret.as_ref().map(Secret::expose));
                }
            }
            Err(problem) => {
                let mut problems = Problems::default();
                let setting = registration.setting();
                problems.add(format!("authOptions[{place}].config.{setting}"), problem);
                problems.refuse()?;
            }
        }
    }
    Ok(())
}

fn note(option: &mut Settings, discovered: &Discovered) -> Result<()> {
    let noted = serde_json::to_value(discovered).map_err(Error::internal)?;
    option.insert(DISCOVERED.to_owned(), noted);
    Ok(())
}

/// Gives the option a client's secret, or takes away the one that it had. It stands where a team would have put it, and is
/// taken out and sealed with the others.
fn give_secret(option: &mut Settings, secret: Option<&str>) {
    if let Some(Value::Object(config)) = option.get_mut("config") {
        config.insert("clientSecret".to_owned(), secret.into());
    }
}

/// The settings of an option that may leave something to be found.
fn used(option: &Settings) -> Option<&Settings> {
    let is_used = option.get("type")? == "oauth2" && option.get("enabled") != Some(&Value::Bool(false));
    option.get("config").and_then(Value::as_object).filter(|_| is_used)
}

/// The team, as an authorization server gets to know it.
async fn applicant(
    deps: &Deps,
    subject: Subject<'_>,
    callback: &str,
    option: &Settings,
    before: Option<&StoredDefinition>,
) -> Result<Applicant> {
    let workspace = deps.definitions.workspace(subject.workspace).await?;
    let id = integration_id(subject.workspace, subject.key);
    // A secret that the team removes was this client's.
    let is_kept = option.get("config").and_then(|config| config.get("clientSecret")).is_none();
    Ok(Applicant {
        name: workspace.brand.name.clone(),
        redirect_uri: callback.to_owned(),
        document: oauth_client::address(subject.own_address, &id),
        before: before.filter(|_| is_kept).and_then(|before| discovered_before(before, option)),
    })
}

/// The client of the option of this key in the definition that is replaced, if it came by itself, and the settings of then.
fn discovered_before(before: &StoredDefinition, option: &Settings) -> Option<(DiscoveredClient, Settings)> {
    let mut definition: Settings = serde_json::from_str(&before.definition).ok()?;
    let (_, replaced) = options(&mut definition).find(|(_, other)| other.get("key") == option.get("key"))?;
    let found: Discovered = serde_json::from_value(replaced.remove(DISCOVERED)?).ok()?;
    match found.below(replaced.get("config")?) {
        Value::Object(config) => Some((found.client?, config)),
        _ => None,
    }
}

/// The callback address that providers are told.
fn callback(definition: &Settings, subject: Subject<'_>) -> String {
    let own = given(definition, "oAuthCallbackUri").and_then(Value::as_str);
    own.map_or_else(
        || {
            let id = integration_id(subject.workspace, subject.key);
            format!("{}{BARE_CALLBACK}/{id}", subject.own_address)
        },
        str::to_owned,
    )
}

fn given<'a>(settings: &'a Settings, setting: &str) -> Option<&'a Value> {
    settings.get(setting).filter(|value| !value.is_null())
}

/// The options, each with its place.
fn options(definition: &mut Settings) -> impl Iterator<Item = (usize, &mut Settings)> {
    let options = definition.get_mut("authOptions").and_then(Value::as_array_mut);
    options
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(place, option)| Some((place, option.as_object_mut()?)))
}
