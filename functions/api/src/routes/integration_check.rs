//! An integration's definition, looked at as a whole: before it is stored, and what was stored before there were these
//! checks.

use std::sync::Arc;

use flow::deps::{Deps, integration_place, read_integration};
use flow::lifecycle::registration;
use flow::store::StoredDefinition;
use protocol::definition::{
    AuthMethod, AuthOption, HostRule, Integration, IntegrationDefinition, KnownSecrets, OptionSecrets,
    Problems,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use serde_json::Value;
use zeroize::Zeroizing;

use super::discovery::{self, Outcome, Subject};
use super::expansion::Whole;

/// A definition, and what of it cannot work.
pub(super) struct Checked {
    pub(super) integration: Arc<Integration>,
    pub(super) problems: Problems,
    pub(super) stored: StoredDefinition,
}

/// The definition as it is to be stored, without any problem. Everything is checked before anything is written, and before
/// a client is registered: servers keep a record of each.
pub(super) async fn passed(
    deps: &Deps,
    subject: Subject<'_>,
    mut whole: Whole,
    before: Option<&StoredDefinition>,
) -> Result<Checked> {
    let Outcome { problems, awaited } = discovery::discover(deps, subject, &mut whole, before).await?;
    let mut put = sound(deps, subject, whole.clone(), before, problems).await?;
    if !awaited.is_empty() {
        discovery::register(deps, subject, &mut whole, awaited).await?;
        // The server may have registered something else than it was asked for.
        put = sound(deps, subject, whole, before, Problems::default()).await?;
    }
    let Put { integration, secrets, definition, given } = put;
    let sealed = sealed(deps, &integration, &secrets).await?;
    let stored = StoredDefinition { key: subject.key.to_owned(), definition, given, sealed };
    Ok(Checked { integration, problems: Problems::default(), stored })
}

/// A definition that is put and has no problem.
struct Put {
    integration: Arc<Integration>,
    secrets: OptionSecrets,
    /// The definition, whole and without its secrets.
    definition: String,
    given: Option<String>,
}

/// Checks a definition that is put. `problems` are those of what it leaves to metadata.
async fn sound(
    deps: &Deps,
    subject: Subject<'_>,
    whole: Whole,
    before: Option<&StoredDefinition>,
    mut problems: Problems,
) -> Result<Put> {
    let Subject { workspace, key, .. } = subject;
    let mut definition = IntegrationDefinition::read(whole.definition.into())?;
    let given_secrets = definition.take_secrets();
    let json = serde_json::to_string(&definition).map_err(Error::internal)?;
    let given = whole.given.map(|given| Value::Object(definition.without_secrets(given)).to_string());
    let sealed_before = before.and_then(|before| before.sealed.clone());
    let integration = Arc::new(Integration::new(workspace, key, definition, sealed_before));
    // A definition that can no longer be read says nothing of where its secrets went.
    let replaced = before.and_then(|before| read_integration(workspace, before.clone()).ok());
    let kept = deps.definitions.option_secrets(&integration).await?;
    let secrets = kept.updated(given_secrets, replaced.as_ref(), &integration)?;
    let found =
        integration.problems(KnownSecrets::Opened(&secrets), deps.settings.loopback, &deps.own_routes);
    problems.add_all_but_undiscovered(&found);
    integration.check_hosts(KnownSecrets::Opened(&secrets), HostRule::Put(is_registrable), &mut problems);
    integration.check_input_schemas(&mut problems);
    integration.check_parameters(&secrets, &mut problems)?;
    // What has just been shared counts.
    if let Some(root) = &deps.settings.root_key
        && borrowing(&integration).next().is_some()
    {
        deps.definitions.forget(root);
    }
    check_sharing(deps, &integration, &mut problems).await?;
    check_start(deps, &integration, &mut problems).await?;
    problems.refuse()?;
    Ok(Put { integration, secrets, definition: json, given })
}

/// A stored definition.
pub(super) async fn stored(
    deps: &Deps,
    workspace: &WorkspaceKey,
    stored: StoredDefinition,
) -> Result<Checked> {
    let integration = Arc::new(read_integration(workspace, stored.clone())?);
    let secrets = if stored.sealed.is_some() { KnownSecrets::Sealed } else { KnownSecrets::None };
    let mut problems = integration.problems(secrets, deps.settings.loopback, &deps.own_routes);
    integration.check_hosts(secrets, HostRule::Stored, &mut problems);
    check_sharing(deps, &integration, &mut problems).await?;
    check_start(deps, &integration, &mut problems).await?;
    Ok(Checked { integration, problems, stored })
}

/// True if a host name is a registrable domain, or lies below one, by the public suffix list. Only this function has the
/// list: nobody but who puts a definition needs it.
fn is_registrable(host: &str) -> bool {
    psl::domain_str(host).is_some()
}

/// Notes each `proxyKey` that names no registration which this workspace may use.
async fn check_sharing(deps: &Deps, integration: &Arc<Integration>, problems: &mut Problems) -> Result<()> {
    for option in borrowing(integration) {
        match registration::of_option(deps, integration, option).await {
            Ok(_) => {}
            Err(error) if matches!(error.key(), ErrorKey::ConfigurationInvalid | ErrorKey::NotFound) => {
                let field = format!("{}.config.proxyKey", option.path());
                problems.add(field, "names no integration that is shared with this workspace");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Notes a `startUri` that is not the team's.
async fn check_start(deps: &Deps, integration: &Integration, problems: &mut Problems) -> Result<()> {
    let Some(start) = &integration.start_uri else { return Ok(()) };
    if problems.iter().any(|problem| problem.field == "startUri") {
        return Ok(());
    }
    let workspace = deps.definitions.workspace(&integration.workspace).await?;
    if !workspace.is_start(start, deps.settings.loopback) {
        problems.add("startUri", "is at none of the workspace's origins, where its flows start");
    }
    Ok(())
}

/// The options that use another integration's registration.
fn borrowing(integration: &Integration) -> impl Iterator<Item = &AuthOption> {
    integration.auth_options.iter().filter(|option| matches!(option.method, AuthMethod::Proxy(_)))
}

async fn sealed(deps: &Deps, integration: &Integration, secrets: &OptionSecrets) -> Result<Option<Vec<u8>>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let plain = Zeroizing::new(serde_json::to_vec(secrets).map_err(Error::internal)?);
    let place = integration_place(&integration.workspace, &integration.id);
    deps.sealer.seal(place, &plain).await.map(Some)
}
