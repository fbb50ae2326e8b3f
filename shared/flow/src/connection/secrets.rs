//! The sealed part of a connection.

use protocol::definition::template::Values;
use protocol::error::{Error, ErrorKey, Result};
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::seal::{Place, Prepared};

/// The size limit of a connection's secrets, in bytes. DynamoDB's limit for an item is 400 KiB.
const MAX_SECRETS: usize = 320 * 1024;

/// The sealed part of a connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecrets {
    /// The parameters that the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// The connector parameters that the caller gave.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// The credentials from the provider.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub credentials: SecretMap,
}

impl ConnectionSecrets {
    /// Seals the secrets for their place.
    ///
    /// # Errors
    ///
    /// `request_too_large`: a number can be longer when it is written than when it was read (`1e15`).
    pub fn seal(&self, key: &Prepared, place: Place<'_>) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        if json.len() > MAX_SECRETS {
            let message = "Parameters and credentials are larger than 320 KiB when they are stored.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        key.seal(place, &json)
    }

    /// Reads the opened JSON that [`Self::seal`] wrote.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|_| Error::internal("a connection's secrets cannot be read"))
    }

    /// Returns the values for templates.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        Values {
            parameters: self.parameters.expose(),
            connector_parameters: self.connector_parameters.expose(),
            credentials: self.credentials.expose(),
        }
    }
}
