//! Requests to a provider's API with a connection's credentials: the test call, and what callers send through the proxy.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::app::App;
use crate::connection::ConnectionSecrets;
use crate::definition::{AuthMethod, OAuth1};
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::media_type::is_form;
use crate::oauth1::{self, Signer, Token};
use crate::secret::Secret;
use crate::template::{Template, Values};

/// The request, with the headers that the definition makes of the credentials, or with an OAuth 1.0 signature. They
/// take the place of the caller's own.
pub async fn authenticated(
    deps: &Deps,
    app: &App,
    secrets: &ConnectionSecrets,
    method: Method,
    url: &Url,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Bytes>> {
    let values = secrets.values();
    for header in rendered_headers(&app.option().api_client.headers, &values, "apiClient.headers") {
        let (name, value) = header?;
        headers.insert(name, value);
    }
    if let AuthMethod::OAuth1(config) = &app.option().method {
        let form = form_fields(&headers, &body);
        headers.insert(AUTHORIZATION, signature(deps, app, config, secrets, &method, url, &form).await?);
    }
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url.as_str().parse().map_err(|_| unusable("baseUri"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// An OAuth 1.0 request is signed, with the fields of a form-encoded body (RFC 5849 §3.4.1.3.1).
async fn signature(
    deps: &Deps,
    app: &App,
    config: &OAuth1,
    secrets: &ConnectionSecrets,
    method: &Method,
    url: &Url,
    form: &[(String, String)],
) -> Result<HeaderValue> {
    let option_secrets = deps.definitions.option_secrets(&app.integration).await?;
    let client = oauth1::Client::of(config, &app.option().key, &option_secrets);
    let credential = |name: &str| secrets.credentials.expose().get(name).and_then(Value::as_str);
    let secret = Secret::from(credential("oauth_token_secret").unwrap_or_default());
    let token = Token { token: credential("oauth_token").unwrap_or_default(), secret: &secret };
    let signer = Signer::new(&*deps.clock, &*deps.random);
    oauth1::sign(method.as_str(), url, &client, Some(&token), &[], form, &signer)
}

fn form_fields(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    if is_form(headers) { form_urlencoded::parse(body).into_owned().collect() } else { Vec::new() }
}

/// Named templates, filled in.
pub fn rendered(
    templates: &BTreeMap<String, Template>,
    values: &Values<'_>,
) -> Result<Vec<(String, String)>> {
    templates.iter().map(|(name, template)| Ok((name.clone(), template.render_text(values)?))).collect()
}

/// The headers that a definition makes, out of sight of Debug. `setting` is where it does.
pub fn rendered_headers(
    templates: &BTreeMap<String, Template>,
    values: &Values<'_>,
    setting: &'static str,
) -> impl Iterator<Item = Result<(HeaderName, HeaderValue)>> {
    templates.iter().map(move |(name, template)| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable(setting))?;
        let text = template.render_text(values)?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| unusable(setting))?;
        value.set_sensitive(true);
        Ok((name, value))
    })
}

/// An address below the integration's `baseUri`, or a whole one.
pub fn below_base(app: &App, path: &Template) -> Result<Template> {
    match &app.integration.base_uri {
        Some(base) if path.as_str().starts_with('/') => {
            Template::parse(&format!("{}{}", base.as_str().trim_end_matches('/'), path.as_str()))
        }
        _ => Ok(path.clone()),
    }
}

/// A setting of the definition that makes no request.
#[must_use]
pub fn unusable(field: &str) -> Error {
    Error::new(ErrorKey::ConfigurationInvalid, format!("The integration's {field} cannot be used."))
        .field(field)
}
