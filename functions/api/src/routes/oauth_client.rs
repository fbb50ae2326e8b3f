//! `/oauth-client/{integrationId}`: the document about an integration's client, whose address is the client's identifier
//! (Client ID Metadata Documents). Authorization servers read it.

use bytes::Bytes;
use flow::deps::Deps;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response};
use protocol::definition::{AuthOption, is_id};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::IntegrationId;
use serde::Serialize;

use super::Call;
use crate::answer;

/// The address of the document about an integration's client.
pub(super) fn address(own_address: &str, id: &IntegrationId) -> String {
    format!("{own_address}/oauth-client/{id}")
}

/// GET: the document. It says nothing that a customer's browser would not see at the authorization server.
pub(crate) async fn show(call: Call<'_>) -> Result<Response<Bytes>> {
    let Call { deps, request, id, .. } = call;
    let own_address = deps.own_address(request)?.url;
    let document = document(deps, id, own_address)
        .await?
        .ok_or_else(|| Error::new(ErrorKey::NotFound, "There is no such client.").field("integrationId"))?;
    let mut response = answer::ok(&document)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

async fn document(deps: &Deps, id: &str, own_address: String) -> Result<Option<Document>> {
    if !is_id(id) {
        return Ok(None);
    }
    let id = IntegrationId::new(id);
    let Some(workspace) = deps.store.read_owner(&id).await? else { return Ok(None) };
    let (workspace, integration) = deps.definitions.workspace_and_integration(&workspace, &id).await?;
    let has_document = |option: &AuthOption| option.has_client_document;
    let Some(integration) = integration.filter(|it| it.enabled_options().any(has_document)) else {
        return Ok(None);
    };
    let callback = match &integration.o_auth_callback_uri {
        Some(own) => own.clone(),
        None => format!("{own_address}{}", integration.callback_path()),
    };
    Ok(Some(Document {
        client_id: address(&own_address, &id),
        client_name: workspace.brand.name.clone(),
        logo_uri: workspace.brand.logo_uri.clone(),
        redirect_uris: [callback],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
    }))
}

/// A client's metadata (RFC 7591 §2).
#[derive(Serialize)]
struct Document {
    client_id: String,
    client_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo_uri: Option<String>,
    redirect_uris: [String; 1],
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{component, json_of};

    #[test]
    fn documents() {
        let document = |logo_uri: Option<&str>| Document {
            client_id: "https://linkspan.example/oauth-client/0123456789abcdef0123456789abcdef".to_owned(),
            client_name: "Acme".to_owned(),
            logo_uri: logo_uri.map(str::to_owned),
            redirect_uris: [
                "https://linkspan.example/oauth-callback/0123456789abcdef0123456789abcdef".to_owned()
            ],
            grant_types: ["authorization_code", "refresh_token"],
            response_types: ["code"],
            token_endpoint_auth_method: "none",
        };
        component(
            "OAuthClient",
            &[json_of(&document(None)), json_of(&document(Some("https://acme.example/l.svg")))],
        );
    }
}
