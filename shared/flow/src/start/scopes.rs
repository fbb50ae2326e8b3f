//! The scopes that a start asks for.

use protocol::definition::{AskedScopes, AuthMethod, GivenScopes, Registration};
use protocol::error::{Error, ErrorKey, Result};

use super::request::Wanted;
use crate::connection::Connection;

/// The connector parameter that names scopes.
pub(super) const SCOPES: &str = "scopes";

/// The name of the same in a message.
const AS_PARAMETER: &str = "connectorParameters.scopes";

/// Returns what the start asks for at this registration. Which scopes it may ask for, the authorization request finds out.
pub(super) fn asked(
    request: &Wanted,
    registration: &Registration,
    reconnected: Option<&Connection>,
) -> Result<AskedScopes> {
    if !matches!(registration.option().method, AuthMethod::OAuth2(_)) {
        // There, a connector parameter of this name is one like any other.
        return match &request.scopes {
            Some(scopes) => Err(scopes.refusal()),
            None => Ok(AskedScopes::default()),
        };
    }
    let parameter = match request.connector_parameters.expose().get(SCOPES) {
        Some(scopes) => GivenScopes::read(scopes, AS_PARAMETER)?,
        None => None,
    };
    let given = match (&request.scopes, parameter) {
        (Some(scopes), Some(parameter)) if !scopes.are(&parameter) => {
            let message = "scopes and connectorParameters.scopes name different scopes.";
            return Err(Error::new(ErrorKey::ParameterConflict, message).field(AS_PARAMETER));
        }
        (Some(scopes), _) => Some(scopes.clone()),
        (None, parameter) => parameter,
    };
    // What was granted to another registration says nothing here.
    let same = reconnected.filter(|connection| connection.registration_id() == registration.id());
    let scopes = same.and_then(|connection| connection.record.scopes.as_ref());
    Ok(AskedScopes {
        kept: scopes.and_then(|scopes| scopes.kept(given.is_some())),
        reconnects: same.is_some(),
        given,
    })
}
