//! The change of a workspace's secrets by a new definition: replaced at once or after a while, kept, or removed.

use std::time::Duration;

use super::workspace::WorkspaceDefinition;
use super::workspace_secrets::{PreviousSecret, SecretSetting, WorkspaceSecrets};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKey, Result};
use crate::secret::Secret;

/// The longest time for which a secret that was replaced verifies tokens.
const MAX_OVERLAP: Duration = Duration::from_hours(30 * 24);

impl WorkspaceSecrets {
    /// The secrets that the workspace has from `now` on, by its new definition. `generated` takes the place of a secret
    /// that there never was. `force` removes even what nobody could sign without.
    ///
    /// # Errors
    ///
    /// `parameter_missing` that names `publicKeys`, or `request_malformed` that names `previousSecretUntil`.
    pub fn updated(
        self,
        given: &WorkspaceDefinition,
        generated: Option<Secret>,
        force: bool,
        now: Timestamp,
    ) -> Result<Self> {
        let stored = self.at(now);
        let until = given.previous_secret_until.as_deref().map(|text| moment(text, now)).transpose()?;
        let new = match &given.secret {
            SecretSetting::Removed if given.public_keys.is_empty() && !force => {
                let message = "Without a secret and a public key nobody can sign a token of this workspace. Give \
                               publicKeys, or remove it all the same with force=true.";
                return Err(Error::new(ErrorKey::ParameterMissing, message).field("publicKeys"));
            }
            SecretSetting::Removed => return Ok(Self::default()),
            SecretSetting::Given(secret) => Some(secret.clone()),
            SecretSetting::LeftOut => generated,
        };
        let is_new = |new: &Secret| !stored.current.as_ref().is_some_and(|current| current.is_same_as(new));
        let updated = match (new.filter(is_new), until) {
            (Some(new), Some(until)) => {
                let secret = stored.current.ok_or_else(no_previous)?;
                Self { current: Some(new), previous: Some(PreviousSecret { secret, until }) }
            }
            (Some(new), None) => Self { current: Some(new), previous: None },
            (None, Some(until)) => {
                let previous = stored.previous.map(|previous| PreviousSecret { until, ..previous });
                if previous.is_none() && until > now {
                    return Err(no_previous());
                }
                Self { previous, ..stored }
            }
            (None, None) => stored,
        };
        Ok(updated.at(now))
    }
}

/// Reads the moment until which the previous secret counts. One that is over ends it at once.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    Timestamp::from_rfc3339(text).filter(|until| *until <= now + MAX_OVERLAP).ok_or_else(|| {
        Error::malformed("previousSecretUntil", "must be a time by RFC 3339, at most 30 days ahead")
    })
}

fn no_previous() -> Error {
    let problem = "is for a secret that is replaced: there is none before this one";
    Error::malformed("previousSecretUntil", problem)
}
