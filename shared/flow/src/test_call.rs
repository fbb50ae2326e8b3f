//! The test call: new credentials are proved before they are stored.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderName, HeaderValue, Method, Request};
use url::Url;

use crate::app::App;
use crate::clock::Timestamp;
use crate::connect::time_left;
use crate::connection::ConnectionSecrets;
use crate::definition::{AuthMethod, TestCall};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::unreachable;
use crate::oauth1::{self, Signer, Token};
use crate::secret::Secret;
use crate::template::Template;

/// Makes the option's test call, if it has one: any 2xx proves the credentials. `since` is when the work began.
pub async fn run(deps: &Deps, app: &App, secrets: &ConnectionSecrets, since: Timestamp) -> Result<()> {
    let Some(test) = &app.option().test else { return Ok(()) };
    let request = request(deps, app, test, secrets).await?;
    let response = deps.provider.send(request, time_left(deps, since)?).await;
    match response.map_err(|error| error.told("test.path"))?.status() {
        status if status.is_success() => Ok(()),
        status if status.is_server_error() => Err(unreachable()),
        status => {
            Err(Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.")
                .with("status", status.as_u16()))
        }
    }
}

async fn request(
    deps: &Deps,
    app: &App,
    test: &TestCall,
    secrets: &ConnectionSecrets,
) -> Result<Request<Bytes>> {
    let values = secrets.values();
    let url = address(app, test)?.render_url(&values, deps.settings.loopback)?;
    let method = Method::from_bytes(test.method.as_bytes()).map_err(|_| unusable("test.method"))?;
    let mut request = Request::builder().method(method).uri(url.as_str()).header(ACCEPT, "application/json");
    for (name, template) in &app.option().api_client.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("apiClient.headers"))?;
        let mut value = HeaderValue::from_str(&template.render_text(&values)?)
            .map_err(|_| unusable("apiClient.headers"))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    if let Some(signature) = oauth1_signature(deps, app, test, secrets, &url).await? {
        request = request.header(AUTHORIZATION, signature);
    }
    request.body(Bytes::new()).map_err(|_| unusable("test.path"))
}

/// The path below the integration's `baseUri`, or a whole URL.
fn address(app: &App, test: &TestCall) -> Result<Template> {
    match &app.integration.base_uri {
        Some(base) if test.path.starts_with('/') => {
            Template::parse(&format!("{}{}", base.as_str().trim_end_matches('/'), test.path))
        }
        _ => Template::parse(&test.path),
    }
}

/// An OAuth 1.0 request is signed (RFC 5849 §3).
async fn oauth1_signature(
    deps: &Deps,
    app: &App,
    test: &TestCall,
    secrets: &ConnectionSecrets,
    url: &Url,
) -> Result<Option<HeaderValue>> {
    let AuthMethod::OAuth1(config) = &app.option().method else { return Ok(None) };
    let option_secrets = deps.definitions.option_secrets(&app.integration).await?;
    let client = oauth1::Client::of(config, &app.option().key, &option_secrets);
    let credential = |name: &str| secrets.credentials.expose().get(name).and_then(serde_json::Value::as_str);
    let secret = Secret::from(credential("oauth_token_secret").unwrap_or_default());
    let token = Token { token: credential("oauth_token").unwrap_or_default(), secret: &secret };
    let signer = Signer::new(&*deps.clock, &*deps.random);
    oauth1::sign(&test.method, url, &client, Some(&token), &[], &[], &signer).map(Some)
}

fn unusable(field: &str) -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, format!("The integration's {field} cannot be used."))
        .field(field)
}
