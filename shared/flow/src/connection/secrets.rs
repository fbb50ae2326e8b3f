//! What is sealed of a connection.

use protocol::definition::template::Values;
use protocol::error::{Error, ErrorKey, Result};
use protocol::secret::SecretMap;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::seal::{Place, Prepared};

/// The most that a connection's secrets may weigh, in bytes; DynamoDB's items end at 400 KiB.
const MAX_SECRETS: usize = 320 * 1024;

/// What is sealed of a connection.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSecrets {
    /// What the customer entered.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub parameters: SecretMap,
    /// What the caller gave for the connector.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub connector_parameters: SecretMap,
    /// What the provider gave.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub credentials: SecretMap,
}

impl ConnectionSecrets {
    /// Seals them for their place.
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

    /// Reads what [`Self::seal`] wrote, once it is opened.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json).map_err(|_| Error::internal("a connection's secrets cannot be read"))
    }

    /// What templates are filled with.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        Values {
            parameters: self.parameters.expose(),
            connector_parameters: self.connector_parameters.expose(),
            credentials: self.credentials.expose(),
        }
    }
}
