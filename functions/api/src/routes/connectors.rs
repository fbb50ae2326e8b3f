//! `/connectors`: services that are known, and what an integration with one of them has to be given.

use bytes::Bytes;
use catalogue::{About, Checked, Connector, Details, Search, Setup};
use http::Response;
use protocol::definition::{Integration, IntegrationDefinition};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::WorkspaceKey;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Call;
use super::connection_changes::MAX_ID;
use super::connections::limit;
use super::integration_representation::OptionSummary;
use crate::answer;

/// GET: one page of connectors, in the order of their keys.
pub(crate) fn list(call: Call<'_>) -> Result<Response<Bytes>> {
    let mut query = call.query();
    let text = query.text("search", MAX_ID)?;
    let (category, auth_type) = (query.text("category", MAX_ID)?, query.text("type", MAX_ID)?);
    let after = query.text("cursor", MAX_ID)?.filter(|cursor| cursor != "0");
    let limit = usize::try_from(limit(&mut query)?).map_err(Error::internal)?;
    let search =
        Search { text: text.as_deref(), category: category.as_deref(), auth_type: auth_type.as_deref() };
    let follows = |found: &Connector| after.as_deref().is_none_or(|after| found.key > after);
    let mut found = catalogue::search(search).filter(follows);
    let page: Vec<Connector> = found.by_ref().take(limit).collect();
    let last = page.last().filter(|_| found.next().is_some());
    let cursor = last.map(|last| last.key);
    answer::ok(&Page { cursor, items: page.iter().map(|it| Summary::of(it, &it.details())).collect() })
}

/// GET: one connector, with what an integration of it is to be given. Its callback address is that of the integration
/// with the connector's key, or with the key that `integrationKey` says.
pub(crate) fn show(call: Call<'_>, workspace: &WorkspaceKey) -> Result<Response<Bytes>> {
    let Call { deps, request, id: key, .. } = call;
    let connector = catalogue::connector(key)
        .ok_or_else(|| Error::new(ErrorKey::NotFound, "There is no such connector.").field("connectorKey"))?;
    let integration_key = call.query().text("integrationKey", MAX_ID)?.unwrap_or_else(|| key.to_owned());
    let details = connector.details();
    let definition = IntegrationDefinition::read(details.definition.clone().into())?;
    let integration = Integration::new(workspace, &integration_key, definition, None);
    let About { setup, checked, notes, .. } = details.about.clone();
    answer::ok(&Representation {
        summary: Summary::of(&connector, &details),
        setup,
        checked,
        notes,
        parameters_schema: integration.asked_parameters(),
        o_auth_callback_uri: format!("{}{}", deps.own_address(request)?.url, integration.callback_path()),
        auth_options: integration.enabled_options().map(OptionSummary::of).collect(),
        definition: details.definition,
    })
}

/// One page of connectors.
#[derive(Serialize)]
struct Page {
    items: Vec<Summary>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'static str>,
}

/// A connector, for whoever looks for one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    key: &'static str,
    name: &'static str,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<String>,
    categories: Vec<&'static str>,
    /// The types of its options, the default one first.
    auth_types: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation: Option<String>,
}

/// A connector, with what is to be given.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Representation {
    #[serde(flatten)]
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    setup: Option<Setup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_schema: Option<Value>,
    o_auth_callback_uri: String,
    auth_options: Vec<OptionSummary>,
    definition: Map<String, Value>,
}

impl Summary {
    fn of(connector: &Connector, details: &Details) -> Self {
        Self {
            key: connector.key,
            name: connector.name,
            version: connector.version,
            logo_uri: details.definition.get("logoUri").and_then(Value::as_str).map(str::to_owned),
            categories: connector.categories().collect(),
            auth_types: connector.types().collect(),
            documentation: details.about.documentation.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::definition::AuthType;
    use serde_json::json;

    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn connectors() {
        let least = || Summary {
            key: "crm",
            name: "Example CRM",
            version: "0123456789ab",
            logo_uri: None,
            categories: vec!["crm"],
            auth_types: vec!["oauth2", "client-credentials"],
            documentation: None,
        };
        let full = || Summary {
            logo_uri: Some("https://crm.example/logo.svg".to_owned()),
            documentation: Some("https://crm.example/docs".to_owned()),
            ..least()
        };
        component("ConnectorSummary", &[json_of(&least()), json_of(&full())]);
        let page = |cursor| json_of(&Page { items: vec![full()], cursor });
        component("Connectors", &[page(None), page(Some("crm"))]);
        let option = OptionSummary {
            key: "oauth".to_owned(),
            auth_type: AuthType::OAuth2,
            title: None,
            description: None,
            help_uri: None,
            input_schema: None,
        };
        let representation = |summary, is_full: bool| Representation {
            summary,
            setup: Some(Setup {
                uri: Some("https://crm.example/apps".to_owned()),
                text: Some("Create an app.".to_owned()),
            })
            .filter(|_| is_full),
            checked: Some(Checked {
                on: "2026-01-31".to_owned(),
                against: vec!["https://crm.example/docs".to_owned()],
            })
            .filter(|_| is_full),
            notes: Some("A test call was left out.".to_owned()).filter(|_| is_full),
            parameters_schema: Some(json!({ "type": "object" })).filter(|_| is_full),
            o_auth_callback_uri: "https://linkspan.example/oauth-callback/0123".to_owned(),
            auth_options: Vec::new(),
            definition: Map::from_iter([("name".to_owned(), json!("Example CRM"))]),
        };
        let whole = Representation { auth_options: vec![option], ..representation(full(), true) };
        component("Connector", &[json_of(&representation(least(), false)), json_of(&whole)]);
    }
}
