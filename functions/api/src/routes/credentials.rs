//! What can be done with a connection's credentials: `/connections/{id}/refresh-credentials`, `/test`
//! and `/disconnect`.

use std::sync::Arc;

use bytes::Bytes;
use flow::connection::{Connection, ConnectionSecrets};
use flow::deps::Deps;
use flow::lifecycle::refresh::{self, Renewal};
use flow::lifecycle::{connect, registration};
use http::{Request, StatusCode};
use protocol::deadline::Deadline;
use protocol::definition::AuthMethod;
use protocol::error::{Error, ErrorKey, Result};
use serde_json::{Value, json};

use crate::{Answer, auth};

/// POST: new credentials now, whatever the age of those that there are. What never ends needs none.
pub(crate) async fn refresh(deps: &Arc<Deps>, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let deadline = Deadline::starting(&*deps.clock);
    let connection = connected(deps, request, id).await?.usable()?;
    let registration = registration::of_connection(deps, &connection).await?;
    let secrets = ConnectionSecrets::open(deps, &connection).await?;
    if Renewal::of(registration.option(), &secrets.credentials).is_some() {
        let renewed = refresh::renewed(deps, connection, deadline).await?;
        renewed.usable()?;
    } else if matches!(registration.option().method, AuthMethod::OAuth2(_)) {
        let message = "The service gave this connection no refresh token: nothing can renew its credentials.";
        return Err(Error::new(ErrorKey::NotSupported, message));
    }
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

/// POST: whether the integration's API takes the credentials, by its test call.
pub(crate) async fn test(deps: &Arc<Deps>, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let deadline = Deadline::starting(&*deps.clock);
    let connection = connected(deps, request, id).await?;
    let tested = async {
        let connection = refresh::fresh(deps, connection, deadline).await?.usable()?;
        let registration = registration::of_connection(deps, &connection).await?;
        let secrets = ConnectionSecrets::open(deps, &connection).await?;
        connect::prove(deps, &registration, &secrets, deadline).await
    };
    Ok(match tested.await {
        Ok(()) => (StatusCode::OK, json!({ "success": true })),
        Err(error) => {
            error.report("the test call failed");
            (StatusCode::OK, json!({ "success": false, "error": error.to_json() }))
        }
    })
}

/// POST: forgets the credentials, and has the provider forget them. The connection stays, until the customer connects
/// again.
pub(crate) async fn disconnect(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Answer> {
    let deadline = Deadline::starting(&*deps.clock);
    let connection = connected(deps, request, id).await?;
    flow::lifecycle::disconnect::disconnect(deps, connection, deadline).await?;
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

/// The caller's connection, if it is live.
async fn connected(deps: &Deps, request: &Request<Bytes>, id: &str) -> Result<Connection> {
    let (caller, _) = auth::caller(deps, request).await?;
    Connection::live(deps, id, &caller).await
}
