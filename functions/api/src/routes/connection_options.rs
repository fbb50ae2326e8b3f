//! `/connection-options` and `/integrations/{idOrKey}/connector-spec`: what a customer can choose, for whoever draws the
//! choice.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use flow::connection::Connection;
use flow::deps::Deps;
use flow::lifecycle::registration;
use flow::web::request_fields::Fields;
use http::Response;
use protocol::definition::{AuthOption, AuthType, Integration, integration_id_of};
use protocol::error::{Error, ErrorKey, Result};
use protocol::token::Caller;
use serde::Serialize;
use serde_json::Value;

use super::Call;
use super::connection_changes::MAX_ID;
use crate::{answer, body};

/// POST `{integrationId | integrationKey | connectionId}`: the integration's enabled options, the default first.
pub(crate) async fn list(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, request, .. } = call;
    let integration = asked(deps, &caller, body::fields(request)?).await?;
    let mut options = Vec::new();
    for option in integration.enabled_options() {
        options.push(face(option, schema(deps, &integration, option).await?));
    }
    answer::ok(&options)
}

/// GET: the integration as a connector's specification.
pub(crate) async fn spec(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, id, .. } = call;
    let workspace = caller.workspace();
    let integration = deps.definitions.integration(workspace, &integration_id_of(workspace, id)).await?;
    let mut options = BTreeMap::new();
    for option in integration.enabled_options() {
        options.insert(option.key.as_str(), face(option, schema(deps, &integration, option).await?));
    }
    let default = integration.auth_option(None)?;
    answer::ok(&ConnectorSpec {
        key: &integration.key,
        name: &integration.name,
        logo_uri: integration.logo_uri.as_deref(),
        auth: ConnectorAuth {
            auth_type: default.method.auth_type(),
            ui: ConnectorUi { schema: schema(deps, &integration, default).await? },
            options,
        },
    })
}

/// An option, for whoever draws the choice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptionFace<'a> {
    pub(super) key: &'a str,
    #[serde(rename = "type")]
    pub(super) auth_type: AuthType,
    pub(super) title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_schema: Option<Value>,
    pub(super) ui: OptionUi<'a>,
}

/// The same again, where the SDKs look for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OptionUi<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help_uri: Option<&'a str>,
}

/// An integration as a connector's specification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectorSpec<'a> {
    pub(super) key: &'a str,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logo_uri: Option<&'a str>,
    pub(super) auth: ConnectorAuth<'a>,
}

/// The default option's type and schema, and all options by key.
#[derive(Serialize)]
pub(super) struct ConnectorAuth<'a> {
    #[serde(rename = "type")]
    pub(super) auth_type: AuthType,
    pub(super) ui: ConnectorUi,
    pub(super) options: BTreeMap<&'a str, OptionFace<'a>>,
}

/// What the default option asks for; `null` if for nothing.
#[derive(Serialize)]
pub(super) struct ConnectorUi {
    pub(super) schema: Option<Value>,
}

async fn asked(deps: &Deps, caller: &Caller, mut body: Fields) -> Result<Arc<Integration>> {
    let (id, key) = (body.text("integrationId", MAX_ID)?, body.text("integrationKey", MAX_ID)?);
    let connection = body.text("connectionId", MAX_ID)?;
    if let Some(id_or_key) = id.or(key) {
        let workspace = caller.workspace();
        return deps.definitions.integration(workspace, &integration_id_of(workspace, &id_or_key)).await;
    }
    let Some(id) = connection else {
        let message = "integrationId, integrationKey or connectionId is missing.";
        return Err(Error::new(ErrorKey::ParameterMissing, message).field("integrationId"));
    };
    let connection = Connection::visible(deps, &id, caller, None).await?;
    deps.definitions.integration(caller.workspace(), &connection.integration).await
}

/// What the customer is asked for: by the option, or by the shared one that does its work.
async fn schema(deps: &Deps, integration: &Arc<Integration>, option: &AuthOption) -> Result<Option<Value>> {
    match &option.input_schema {
        Some(schema) => Ok(Some(schema.clone())),
        None => Ok(registration::of_option(deps, integration, option).await?.option().input_schema.clone()),
    }
}

fn face(option: &AuthOption, schema: Option<Value>) -> OptionFace<'_> {
    OptionFace {
        key: &option.key,
        auth_type: option.method.auth_type(),
        title: option.title.as_deref().unwrap_or(&option.key),
        description: option.description.as_deref(),
        input_schema: schema.clone(),
        ui: OptionUi { schema, help_uri: option.help_uri.as_deref() },
    }
}

#[cfg(test)]
mod tests {
    use protocol::definition::AuthType;
    use serde_json::json;

    use super::*;
    use crate::routes::described::{assert_described, component, json_of};

    #[test]
    fn what_a_customer_can_choose() {
        let schema = || Some(json!({ "type": "object" }));
        let least = || OptionFace {
            key: "key",
            auth_type: AuthType::ClientCredentials,
            title: "key",
            description: None,
            input_schema: None,
            ui: OptionUi { schema: None, help_uri: None },
        };
        let full = || OptionFace {
            description: Some("With your account."),
            input_schema: schema(),
            ui: OptionUi { schema: schema(), help_uri: Some("https://crm.example/help") },
            ..least()
        };
        component("OptionFace", &[json_of(&least()), json_of(&full())]);
        let ui = "/components/schemas/OptionFace/properties/ui";
        assert_described(ui, &[json_of(&least().ui), json_of(&full().ui)]);

        let spec = |logo_uri, schema| ConnectorSpec {
            key: "crm",
            name: "Example CRM",
            logo_uri,
            auth: ConnectorAuth {
                auth_type: AuthType::ClientCredentials,
                ui: ConnectorUi { schema },
                options: BTreeMap::from([("key", full()), ("other", least())]),
            },
        };
        let specs = [spec(Some("https://crm.example/logo.svg"), schema()), spec(None, None)];
        component("ConnectorSpec", &[json_of(&specs[0]), json_of(&specs[1])]);
        let auth = "/components/schemas/ConnectorSpec/properties/auth";
        assert_described(auth, &[json_of(&specs[0].auth)]);
        assert_described(
            &format!("{auth}/properties/ui"),
            &[json_of(&specs[0].auth.ui), json_of(&specs[1].auth.ui)],
        );
    }
}
