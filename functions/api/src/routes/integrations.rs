//! `/integrations`: what a workspace's customers can connect.

use bytes::Bytes;
use flow::deps::trail::About;
use flow::deps::{Deps, integration_not_found};
use flow::lifecycle::representation::Representation as ConnectionRepresentation;
use flow::store::{IntegrationUse, ListConnections};
use http::{Request, Response, StatusCode};
use protocol::definition::template::Address;
use protocol::definition::{
    AuthType, CallbackPath, Integration, Problem, Problems, integration_id_of, is_id,
};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{IntegrationId, WorkspaceKey};
use protocol::token::Caller;
use serde::Serialize;
use serde_json::{Value, json};

use super::Call;
use super::integration_check::{self, Checked};
use super::until_written::until_written;
use crate::{answer, body};

/// GET: the workspace's integrations; with the customer's connections, for a customer.
pub(crate) async fn list(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, .. } = call;
    let workspace = caller.workspace();
    let stored = deps.store.list_integrations(workspace).await?;
    let mut items = Vec::with_capacity(stored.len());
    for stored in stored {
        let Checked { integration, problems, .. } =
            integration_check::stored(deps, workspace, stored).await?;
        items.push(summary(&integration, &problems));
    }
    add_connections(deps, &caller, &mut items).await?;
    answer::ok(&Integrations { items })
}

/// GET: one integration; with its settings for who manages the workspace, with the connection for a customer. Its
/// secrets are never returned.
pub(crate) async fn show(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, .. } = call;
    let workspace = caller.workspace();
    let id = integration_id_of(workspace, id_or_key);
    let stored = deps
        .store
        .read_integration(workspace, &id)
        .await?
        .ok_or_else(|| integration_not_found("integrationKey"))?;
    let checked = integration_check::stored(deps, workspace, stored).await?;
    let mut integration = match caller {
        Caller::Admin { .. } => details(deps, request, &checked)?,
        Caller::Customer(_) => summary(&checked.integration, &checked.problems),
    };
    add_connections(deps, &caller, std::slice::from_mut(&mut integration)).await?;
    answer::ok(&integration)
}

/// PUT: creates the integration or replaces its definition. A client secret that is not given stays as it was; `null`
/// removes it.
pub(crate) async fn put(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, .. } = call;
    let definition = body::object(request)?;
    let id = integration_id_of(&workspace, id_or_key);
    until_written(|| async {
        let before = deps.store.read_integration(&workspace, &id).await?;
        let key = match &before {
            Some(before) => before.key.clone(),
            None if is_id(id_or_key) => return Err(integration_not_found("integrationKey")),
            None => id_or_key.to_owned(),
        };
        let checked =
            integration_check::passed(deps, &workspace, key, definition.clone(), before.as_ref()).await?;
        let integration = details(deps, request, &checked)?;
        if !deps.store.put_integration(&workspace, &id, before.as_ref(), checked.stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(&workspace);
        let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        answer::json(status, &integration).map(Some)
    })
    .await
}

/// PATCH: changes the definition by a merge patch (RFC 7396): an object's fields one by one, `null` removes, anything
/// else takes the place of what was there; `authOptions` too, as a whole. Secrets are kept as by PUT.
pub(crate) async fn patch(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id: id_or_key, .. } = call;
    let patch = body::object(request)?;
    let id = integration_id_of(&workspace, id_or_key);
    until_written(|| async {
        let before = deps
            .store
            .read_integration(&workspace, &id)
            .await?
            .ok_or_else(|| integration_not_found("integrationKey"))?;
        let mut definition: Value = serde_json::from_str(&before.definition).map_err(Error::internal)?;
        merge(&mut definition, &patch);
        let key = before.key.clone();
        let checked = integration_check::passed(deps, &workspace, key, definition, Some(&before)).await?;
        let integration = details(deps, request, &checked)?;
        if !deps.store.put_integration(&workspace, &id, Some(&before), checked.stored).await? {
            return Ok(None);
        }
        deps.definitions.forget(&workspace);
        answer::ok(&integration).map(Some)
    })
    .await
}

/// DELETE: takes the definition away. Connections stay, and work again once it is defined again under the same key.
pub(crate) async fn delete(call: Call<'_>, workspace: WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, id: id_or_key, .. } = call;
    let force = call.query().flag("force")?;
    let id = integration_id_of(&workspace, id_or_key);
    deps.store
        .read_integration(&workspace, &id)
        .await?
        .ok_or_else(|| integration_not_found("integrationKey"))?;
    if force != Some(true) {
        match deps.store.integration_use(&workspace, &id).await? {
            IntegrationUse::Unused => {}
            IntegrationUse::InUse => return Err(in_use("Customers have connections with this integration.")),
            IntegrationUse::TooManyToTell => {
                return Err(in_use(
                    "There are too many connections to see whether some are with this integration.",
                ));
            }
        }
    }
    deps.store.delete_integration(&workspace, &id).await?;
    deps.definitions.forget(&workspace);
    About::Integration.note(&id);
    tracing::info!("integration deleted");
    Ok(answer::no_content())
}

fn in_use(why: &str) -> Error {
    let message = format!("{why} With force=true it is deleted all the same.");
    Error::new(ErrorKey::IntegrationInUse, message).field("force")
}

/// RFC 7396 §2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// What of a customer's connections is live, beside the integration that it is with: by one Query.
async fn add_connections(deps: &Deps, caller: &Caller, integrations: &mut [Representation]) -> Result<()> {
    let Caller::Customer(customer) = caller else { return Ok(()) };
    let mine = ListConnections::of(&customer.workspace, &customer.id);
    let page = deps.store.list_connections(&mine).await?;
    for integration in integrations {
        // The newest comes first.
        let found = page.connections.iter().find(|connection| integration.id == connection.integration);
        integration.connection = found.map(|connection| connection.shown_with(None));
    }
    Ok(())
}

/// What a customer may see.
fn summary(integration: &Integration, problems: &Problems) -> Representation {
    let options: Vec<OptionSummary> = integration
        .enabled_options()
        .map(|option| OptionSummary {
            key: option.key.clone(),
            auth_type: option.method.auth_type(),
            title: option.title.clone(),
            description: option.description.clone(),
            help_uri: option.help_uri.clone(),
            input_schema: option.input_schema.clone(),
        })
        .collect();
    Representation {
        id: integration.id.clone(),
        key: integration.key.clone(),
        name: integration.name.clone(),
        logo_uri: integration.logo_uri.clone(),
        base_uri: integration.base_uri.clone(),
        state: if problems.is_empty() { State::Ready } else { State::SetupRequired },
        has_missing_parameters: !problems.is_empty(),
        problems: Vec::new(),
        auth_type: options.first().map(|option| option.auth_type),
        auth_options: Options::Enabled(options),
        o_auth_callback_uri: None,
        o_auth_callback_path: None,
        connection: None,
    }
}

/// What who manages the workspace may see: the definition as it was put, and the address to register with the provider.
fn details(deps: &Deps, request: &Request<Bytes>, checked: &Checked) -> Result<Representation> {
    let Checked { integration, problems, stored } = checked;
    let mut details = summary(integration, problems);
    let mut definition: Value = serde_json::from_str(&stored.definition).map_err(Error::internal)?;
    if let Value::Array(options) = definition["authOptions"].take() {
        details.auth_options = Options::Defined(options);
    }
    details.problems = problems.iter().cloned().collect();
    details.o_auth_callback_path =
        integration.o_auth_callback_uri.as_ref().map(|_| integration.o_auth_callback_path);
    details.o_auth_callback_uri = Some(match &integration.o_auth_callback_uri {
        Some(own) => own.clone(),
        None => format!("{}{}", deps.own_address(request)?.url, integration.callback_path()),
    });
    Ok(details)
}

/// A workspace's integrations.
#[derive(Serialize)]
pub(super) struct Integrations {
    pub(super) items: Vec<Representation>,
}

/// An integration as callers see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Representation {
    pub(super) id: IntegrationId,
    pub(super) key: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_uri: Option<Address>,
    pub(super) state: State,
    pub(super) has_missing_parameters: bool,
    /// For who manages the workspace: what is to be mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problems: Vec<Problem>,
    /// The default option's; `null` where no option is enabled.
    pub(super) auth_type: Option<AuthType>,
    pub(super) auth_options: Options,
    /// For who manages the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) o_auth_callback_uri: Option<String>,
    /// For who manages the workspace: where its own page sends the browser on to, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) o_auth_callback_path: Option<CallbackPath>,
    /// For a customer: their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<ConnectionRepresentation>,
}

/// Whether everything in the definition can work.
#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Ready,
    /// It was stored before something was checked, or what it borrows is no longer shared.
    SetupRequired,
}

/// An integration's options.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Options {
    /// For customers: those that they can use.
    Enabled(Vec<OptionSummary>),
    /// For who manages the workspace: all of them, with their settings.
    Defined(Vec<Value>),
}

/// What a customer may see of an option.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptionSummary {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) auth_type: AuthType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_schema: Option<Value>,
}

#[cfg(test)]
mod tests {
    use protocol::definition::{AuthType, IntegrationDefinition, Problem};
    use protocol::id::IntegrationId;

    use super::*;
    use crate::routes::connections::tests::connection;
    use crate::routes::described::{component, json_of, properties};

    const INTEGRATION_ID: &str = "0123456789abcdef0123456789abcdef";

    fn problem() -> Problem {
        Problem { field: "authOptions[0].test.path".to_owned(), problem: "is relative".to_owned() }
    }

    /// A definition with everything that can be defined.
    fn full_definition() -> IntegrationDefinition {
        let option = json!({
            "key": "oauth",
            "type": "oauth2",
            "title": "Sign in",
            "description": "With your account.",
            "enabled": false,
            "helpUri": "https://crm.example/help",
            "inputSchema": { "type": "object" },
            "config": { "clientId": "id" },
            "apiClient": { "headers": { "Authorization": "Bearer ${credentials.access_token}" } },
            "test": { "path": "/me" },
            "revoke": { "path": "/revoke", "headers": { "A": "b" }, "body": { "c": "d" }, "bodyFormat": "json", "perToken": true },
            "signed": { "app": { "algorithm": "ES256", "claims": { "iss": "1" }, "jti": true } },
            "providerDomains": ["shops.example.com"],
            "customerHost": true,
            "customerHostGetsSecret": true,
        });
        serde_json::from_value(json!({
            "name": "Example CRM",
            "authOptions": [option, { "key": "key", "type": "client-credentials" }],
        }))
        .unwrap()
    }

    #[test]
    fn integrations() {
        let summary = |full| OptionSummary {
            key: "oauth".to_owned(),
            auth_type: AuthType::OAuth2,
            title: Some("Sign in".to_owned()).filter(|_| full),
            description: Some("With your account.".to_owned()).filter(|_| full),
            help_uri: Some("https://crm.example/help".to_owned()).filter(|_| full),
            input_schema: Some(json!({ "type": "object" })).filter(|_| full),
        };
        let least = || Representation {
            id: IntegrationId::new(INTEGRATION_ID),
            key: "crm".to_owned(),
            name: "Example CRM".to_owned(),
            logo_uri: None,
            base_uri: None,
            state: State::Ready,
            has_missing_parameters: false,
            problems: Vec::new(),
            auth_type: None,
            auth_options: Options::Enabled(Vec::new()),
            o_auth_callback_uri: None,
            o_auth_callback_path: None,
            connection: None,
        };
        let full = Representation {
            logo_uri: Some("https://crm.example/logo.svg".to_owned()),
            base_uri: Some(serde_json::from_value("https://crm.example".into()).unwrap()),
            auth_type: Some(AuthType::OAuth2),
            state: State::SetupRequired,
            has_missing_parameters: true,
            problems: vec![problem()],
            auth_options: Options::Defined(full_definition().auth_options.iter().map(json_of).collect()),
            o_auth_callback_uri: Some("https://linkspan.example/oauth-callback".to_owned()),
            o_auth_callback_path: Some(CallbackPath::Own),
            connection: Some(connection()),
            ..least()
        };
        let defined = json_of(&full)["authOptions"].as_array().unwrap().clone();
        component("Integration", &[json_of(&least()), json_of(&full)]);
        component("Problem", &[json_of(&problem())]);
        component("Integrations", &[json_of(&Integrations { items: vec![least(), full] })]);
        let summaries = [json_of(&summary(true)), json_of(&summary(false))];
        component("AuthOption", &[defined, summaries.to_vec()].concat());
        // What can be defined is shown again.
        assert_eq!(properties("AuthOption"), properties("OAuth2Option"));
    }
}
