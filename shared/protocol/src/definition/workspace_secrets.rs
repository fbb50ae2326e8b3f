//! A workspace's secrets: the one that signs its tokens, and the one before it for a while, so that a change has no gap.

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The first byte of the form that holds two secrets. No text begins with it, so it tells the form from a secret alone.
const TWO_SECRETS: u8 = 0xff;

/// What a workspace's definition says of the secret.
#[derive(Debug, Clone, Default)]
pub enum SecretSetting {
    /// Nothing: the secret stays as it is.
    #[default]
    LeftOut,
    /// `null`: the secret is removed.
    Removed,
    /// A new secret.
    Given(Secret),
}

impl<'de> Deserialize<'de> for SecretSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Removed, Self::Given))
    }
}

/// A workspace's secrets, as they are sealed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct WorkspaceSecrets {
    /// The secret that signs HS* tokens, if the workspace has one.
    pub current: Option<Secret>,
    /// The secret that it replaced, while that one still verifies tokens.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: Secret,
    /// The moment at which it verifies nothing any more.
    pub until: Timestamp,
}

impl WorkspaceSecrets {
    /// Returns the bytes to seal: the secret alone, if there is only one. Returns nothing if there is none.
    pub fn to_bytes(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match (&self.current, &self.previous) {
            (None, None) => Ok(None),
            (Some(current), None) => Ok(Some(Zeroizing::new(current.expose().as_bytes().to_vec()))),
            (_, Some(_)) => {
                let mut bytes = Zeroizing::new(vec![TWO_SECRETS]);
                serde_json::to_writer(&mut *bytes, self).map_err(Error::internal)?;
                Ok(Some(bytes))
            }
        }
    }

    /// Reads the bytes that [`Self::to_bytes`] made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let unreadable = || Error::internal("a workspace's secret cannot be read");
        if let Some((&TWO_SECRETS, json)) = bytes.split_first() {
            return serde_json::from_slice(json).map_err(|_| unreadable());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable())?;
        Ok(Self { current: Some(Secret::new(text)), previous: None })
    }

    /// Forgets the previous secret if its time is over.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { previous: self.previous.filter(|previous| now < previous.until), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(secrets: &WorkspaceSecrets) -> (Option<&str>, Option<(&str, Timestamp)>) {
        let previous = secrets.previous.as_ref();
        (
            secrets.current.as_ref().map(Secret::expose),
            previous.map(|previous| (previous.secret.expose(), previous.until)),
        )
    }

    #[test]
    fn one_secret_is_kept_as_it_always_was_and_two_come_back_as_they_went() {
        let one = WorkspaceSecrets { current: Some(Secret::from("{\"a\":1}")), previous: None };
        assert_eq!(&*one.to_bytes().unwrap().unwrap(), b"{\"a\":1}");
        let previous = PreviousSecret { secret: Secret::from("old"), until: Timestamp(5) };
        let two = WorkspaceSecrets { previous: Some(previous), ..one.clone() };
        for secrets in [&one, &two] {
            let bytes = secrets.to_bytes().unwrap().unwrap();
            assert_eq!(exposed(&WorkspaceSecrets::from_bytes(&bytes).unwrap()), exposed(secrets));
        }
        assert!(WorkspaceSecrets::default().to_bytes().unwrap().is_none());
        assert_eq!(exposed(&two.clone().at(Timestamp(4))), exposed(&two));
        assert_eq!(exposed(&two.at(Timestamp(5))), exposed(&one));
        assert!(WorkspaceSecrets::from_bytes(b"\xfe").is_err());
    }
}
