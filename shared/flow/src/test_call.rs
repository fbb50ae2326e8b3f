//! The test call: new credentials are proved before they are stored.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

use crate::connection::ConnectionSecrets;
use crate::definition::{AuthOption, Integration};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::ProviderError;
use crate::template::{Template, Values};

/// Makes the option's test call, if it has one: any 2xx proves the credentials.
pub async fn run(
    deps: &Deps,
    integration: &Integration,
    option: &AuthOption,
    secrets: &ConnectionSecrets,
    limit: Duration,
) -> Result<()> {
    let Some(test) = &option.test else { return Ok(()) };
    let values = Values {
        parameters: secrets.parameters.expose(),
        connector_parameters: secrets.connector_parameters.expose(),
        credentials: secrets.credentials.expose(),
    };
    let url = match &integration.base_uri {
        Some(base) if test.path.starts_with('/') => {
            let base = base.as_str().trim_end_matches('/');
            Template::parse(&format!("{base}{}", test.path))?
        }
        _ => Template::parse(&test.path)?,
    }
    .render_url(&values, deps.settings.loopback)?;
    let method = Method::from_bytes(test.method.as_bytes()).map_err(|_| unusable("test.method"))?;
    let mut request =
        Request::builder().method(method).uri(url.as_str()).header("accept", "application/json");
    for (name, template) in &option.api_client.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("apiClient.headers"))?;
        let mut value = HeaderValue::from_str(&template.render_text(&values)?)
            .map_err(|_| unusable("apiClient.headers"))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let request = request.body(Bytes::new()).map_err(|_| unusable("test.path"))?;
    match deps.provider.send(request, limit).await {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) if response.status().is_server_error() => Err(unreachable()),
        Ok(response) => {
            Err(Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.")
                .with("status", response.status().as_u16()))
        }
        Err(ProviderError::Forbidden) => Err(unusable("test.path")),
        Err(_) => Err(unreachable()),
    }
}

fn unreachable() -> Error {
    Error::new(ErrorKey::ProviderUnreachable, "The service could not be reached. Please try again later.")
}

fn unusable(field: &str) -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, format!("The integration's {field} cannot be used."))
        .field(field)
}
