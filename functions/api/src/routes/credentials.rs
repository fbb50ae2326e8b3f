//! What can be done with a connection's credentials: `/connections/{id}/refresh-credentials`, `/test`
//! and `/disconnect`.

use std::sync::Arc;

use bytes::Bytes;
use flow::app::App;
use flow::connection::{Connection, ConnectionSecrets};
use flow::definition::AuthMethod;
use flow::deps::Deps;
use flow::error::{Error, ErrorKey, Result};
use flow::refresh::{self, Renewal};
use flow::test_call;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::{Answer, auth};

/// POST: new credentials now, whatever the age of those that there are. What never ends needs none.
pub(crate) async fn refresh(deps: &Arc<Deps>, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let since = deps.clock.now();
    let connection = connected(deps, request, id).await?.usable()?;
    let app = App::of_connection(deps, &connection).await?;
    let secrets = ConnectionSecrets::open(deps, &connection).await?;
    if Renewal::of(app.option(), &secrets.credentials).is_some() {
        let renewed = refresh::renewed(deps, connection, since).await?;
        renewed.usable()?;
    } else if matches!(app.option().method, AuthMethod::OAuth2(_)) {
        let message = "The service gave this connection no refresh token: nothing can renew its credentials.";
        return Err(Error::new(ErrorKey::NotSupported, message));
    }
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

/// POST: whether the integration's API takes the credentials, by its test call.
pub(crate) async fn test(deps: &Arc<Deps>, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let since = deps.clock.now();
    let connection = connected(deps, request, id).await?;
    let tested = async {
        let connection = refresh::fresh(deps, connection, since).await?.usable()?;
        let app = App::of_connection(deps, &connection).await?;
        let secrets = ConnectionSecrets::open(deps, &connection).await?;
        test_call::run(deps, &app, &secrets, since).await
    };
    Ok(match tested.await {
        Ok(()) => (StatusCode::OK, json!({ "success": true })),
        Err(error) => (StatusCode::OK, json!({ "success": false, "error": error.to_json() })),
    })
}

/// POST: forgets the credentials, and has the provider forget them. The connection stays, until the customer connects
/// again.
pub(crate) async fn disconnect(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let since = deps.clock.now();
    let connection = connected(deps, request, id).await?;
    flow::disconnect::disconnect(deps, connection, since).await?;
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

/// The caller's connection, if it is live.
async fn connected(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Connection> {
    let (caller, _) = auth::caller(deps, request).await?;
    Connection::live(deps, id, &caller).await
}
