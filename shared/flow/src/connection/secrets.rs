//! The sealed part of a connection.

use protocol::definition::{BoundValues, Registration, RegistrationId};
use protocol::error::{Error, ErrorKey, Result};
use protocol::id::{ConnectionId, CustomerId, WorkspaceKey};
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::connection_place;
use crate::seal::Prepared;

/// The size limit of a connection's secrets, in bytes. DynamoDB's limit for an item is 400 KiB.
const MAX_SECRETS: usize = 320 * 1024;

/// The sealed part of a connection. It belongs to one registration: it is sealed for it, and opens for no other.
#[derive(Debug)]
pub struct ConnectionSecrets {
    registration: RegistrationId,
    /// The secrets themselves.
    pub held: Held,
}

/// What a connection holds for its registration.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The parameters that the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// The connector parameters that the caller gave.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The credentials from the provider.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub credentials: SecretMap,
    /// The `redirect_uri` that the provider called back, if the option's templates name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_uri: Option<String>,
}

impl ConnectionSecrets {
    /// Returns the secrets of `registration`.
    #[must_use]
    pub(super) fn new(registration: RegistrationId, held: Held) -> Self {
        Self { registration, held }
    }

    /// Returns no secrets, for a connection whose secrets were forgotten.
    pub(crate) fn nothing(registration: RegistrationId) -> Self {
        Self::new(registration, Held::default())
    }

    /// Seals the secrets for the connection and the registration that they belong to.
    ///
    /// # Errors
    ///
    /// `request_too_large`: a number can be longer when it is written than when it was read (`1e15`).
    pub fn seal(
        &self,
        key: &Prepared,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        id: &ConnectionId,
    ) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(&self.held).map_err(Error::internal)?);
        if json.len() > MAX_SECRETS {
            let message = "Parameters and credentials are larger than 320 KiB when they are stored.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        key.seal(connection_place(workspace, customer, id, &self.registration), &json)
    }

    /// Reads the JSON that [`Self::seal`] wrote for `registration`.
    pub(crate) fn from_json(registration: RegistrationId, json: &[u8]) -> Result<Self> {
        let held = serde_json::from_slice(json)
            .map_err(|_| Error::internal("a connection's secrets cannot be read"))?;
        Ok(Self { registration, held })
    }

    /// Returns the values for the templates of the registration that the secrets belong to.
    ///
    /// # Errors
    ///
    /// `internal`, if they belong to another registration.
    pub fn values<'a>(&'a self, registration: &'a Registration) -> Result<BoundValues<'a>> {
        let Held { parameters, connector_parameters, credentials, callback_uri } = &self.held;
        let bound = registration.bind(&self.registration, parameters, connector_parameters, credentials)?;
        Ok(bound.called_back(callback_uri.as_deref()))
    }
}
