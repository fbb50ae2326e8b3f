//! The test call: new credentials are proved before they are stored.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};

use crate::api_call::{authenticated, below_base, unusable};
use crate::app::App;
use crate::clock::Timestamp;
use crate::connect::time_left;
use crate::connection::ConnectionSecrets;
use crate::deps::Deps;
use crate::error::{Error, ErrorKey, Result};
use crate::http::provider::{is_fault, unreachable};

/// Makes the option's test call, if it has one: any 2xx proves the credentials. `since` is when the work began.
pub async fn run(deps: &Deps, app: &App, secrets: &ConnectionSecrets, since: Timestamp) -> Result<()> {
    let Some(test) = &app.option().test else { return Ok(()) };
    let url = below_base(app, &test.path)?.render_url(&secrets.values(), deps.settings.loopback)?;
    let method = Method::from_bytes(test.method.as_bytes()).map_err(|_| unusable("test.method"))?;
    let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let request = authenticated(deps, app, secrets, method, &url, headers, Bytes::new()).await?;
    let response = deps.provider.send(request, time_left(deps, since)?).await;
    match response.map_err(|error| error.told("test.path"))?.status() {
        status if status.is_success() => Ok(()),
        status if is_fault(status) => Err(unreachable()),
        status => {
            Err(Error::new(ErrorKey::CredentialsRejected, "The service did not accept the credentials.")
                .with("status", status.as_u16()))
        }
    }
}
