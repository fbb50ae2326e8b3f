//! What can be done with a connection's credentials: `/connections/{id}/refresh-credentials`, `/test`
//! and `/disconnect`.

use bytes::Bytes;
use flow::connection::ConnectionSecrets;
use flow::lifecycle::refresh::{self, Renewal};
use flow::lifecycle::{connect, registration};
use http::Response;
use protocol::definition::AuthMethod;
use protocol::error::{Error, ErrorKey, Result};
use protocol::record;
use protocol::token::Caller;
use serde::Serialize;

use super::Call;
use crate::answer;

/// POST: new credentials now, whatever the age of those that there are. What never ends needs none.
pub(crate) async fn refresh(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, deadline, .. } = call;
    let connection = call.live_connection(&caller).await?.usable()?;
    let registration = registration::of_connection(deps, &connection).await?;
    let secrets = ConnectionSecrets::open(deps, &connection, &registration).await?;
    if Renewal::of(registration.option(), &secrets.held.credentials).is_some() {
        let renewed = refresh::renewed(deps, connection, deadline).await?;
        renewed.usable()?;
    } else if matches!(registration.option().method, AuthMethod::OAuth2(_)) {
        let message = "The service gave this connection no refresh token: nothing can renew its credentials.";
        return Err(Error::new(ErrorKey::NotSupported, message));
    }
    Ok(answer::no_content())
}

/// What came of the test call.
#[derive(Serialize)]
pub(super) struct Tested {
    pub(super) success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Error>,
}

/// POST: whether the integration's API takes the credentials, by its test call.
pub(crate) async fn test(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, deadline, .. } = call;
    let connection = call.live_connection(&caller).await?;
    let tested = async {
        let connection = refresh::fresh(deps, connection, deadline).await?.usable()?;
        let registration = registration::of_connection(deps, &connection).await?;
        let secrets = ConnectionSecrets::open(deps, &connection, &registration).await?;
        connect::prove(deps, &registration, &secrets, deadline).await
    };
    let error = tested.await.err().map(|error| error.referenced());
    if let Some(error) = &error {
        error.report("the test call failed");
    }
    answer::ok(&Tested { success: error.is_none(), error })
}

/// POST: forgets the credentials, and has the provider forget them. The connection stays, until the customer connects
/// again; an archived one stays archived.
pub(crate) async fn disconnect(call: Call<'_>, caller: Caller) -> Result<Response<Bytes>> {
    let Call { deps, deadline, .. } = call;
    let connection = call.connection(&caller).await?;
    flow::lifecycle::disconnect::disconnect(deps, connection, deadline).await?;
    record::ends("disconnected");
    Ok(answer::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::described::{assert_described, error, json_of};

    #[test]
    fn the_test_of_a_connection() {
        let tested = [Tested { success: true, error: None }, Tested { success: false, error: Some(error()) }];
        let pointer = "/paths/~1connections~1{id}~1test/post/responses/200/content/application~1json/schema";
        assert_described(pointer, &[json_of(&tested[0]), json_of(&tested[1])]);
    }
}
