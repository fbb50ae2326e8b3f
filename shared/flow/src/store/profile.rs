//! What a customer has said of themselves: one item of the connections table, under a hash of whom it is about.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::Change;
use super::erase::deleted_at;
use super::item::{Item, from_json, json, number, text};
use super::slot::{ERASED_AT, hashed};
use super::transact::gave_up;
use super::transient::{PATIENCE, PAUSE};
use super::write::failed_condition;
use super::{Store, unavailable};
use crate::connection::Setting;
use protocol::backoff::Backoff;
use protocol::error::Result;
use protocol::id::{CustomerId, WorkspaceKey};

/// The attribute with the profile.
const PROFILE: &str = "profile";

/// The attribute with the time of the last change.
const WRITTEN_AT: &str = "writtenAt";

/// A customer's name and fields, as far as they are set here. What is not is as the token says.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Value>>,
}

/// Says nothing: it is personal data, which logs must not collect.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A change of a profile.
pub struct ProfileChange {
    /// The name.
    pub name: Setting<String>,
    /// The fields, in the place of all that there were.
    pub fields: Setting<Map<String, Value>>,
}

impl ProfileChange {
    /// True if nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!((&self.name, &self.fields), (Setting::Stays, Setting::Stays))
    }

    fn over(&self, before: Profile) -> Profile {
        Profile { name: self.name.clone().over(before.name), fields: self.fields.clone().over(before.fields) }
    }
}

impl Store {
    /// Reads a customer's profile, strongly consistent. Of one who has none, it is empty.
    pub async fn read_profile(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> Result<Profile> {
        self.profile_and_version(workspace, customer).await.map(|(profile, _)| profile)
    }

    async fn profile_and_version(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
    ) -> Result<(Profile, Option<i64>)> {
        let get = self
            .client()
            .get_item()
            .table_name(&self.tables.connections)
            .key("pk", text(item_key(workspace, customer)))
            .consistent_read(true);
        let found =
            self.sent(|| get.clone().send()).await.map_err(|error| unavailable("GetItem profile", &error))?;
        let found = found.item.unwrap_or_default();
        let profile = found.opt_text(PROFILE).map(from_json).transpose()?.unwrap_or_default();
        Ok((profile, found.opt_number("version")))
    }

    /// Changes a customer's profile, and returns it as it is then.
    pub async fn change_profile(
        &self,
        workspace: &WorkspaceKey,
        customer: &CustomerId,
        change: &ProfileChange,
    ) -> Result<Profile> {
        let now = self.clock.now();
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, now + PATIENCE);
        loop {
            let (before, version) = self.profile_and_version(workspace, customer).await?;
            let profile = change.over(before);
            let written = Change::default()
                .set(PROFILE, json(&profile)?)
                .set(WRITTEN_AT, number(now.0))
                .set("version", number(version.unwrap_or_default() + 1))
                .remove("ttl");
            let written = match version {
                Some(version) => written.only_if("version", number(version)),
                None => written.only_if_none("pk"),
            };
            match self.write_item(now + PATIENCE, &item_key(workspace, customer), &written).await {
                Ok(_) => return Ok(profile),
                // Another change came first, or this one, whose answer was lost: it is made of what there is now.
                Err(error) if failed_condition(&error).is_some() => {}
                Err(error) => return Err(unavailable("UpdateItem profile", &error)),
            }
            backoff.wait().await.ok_or_else(gave_up)?;
        }
    }

    /// Erases a customer's profile. The mark that is left lets no change come back that was read before, and is deleted some
    /// time.
    pub async fn erase_profile(&self, workspace: &WorkspaceKey, customer: &CustomerId) -> Result<()> {
        let now = self.clock.now();
        let erased = Change::default()
            .remove(PROFILE)
            .set(ERASED_AT, number(now.0))
            .set("ttl", deleted_at(now))
            .raise("version")
            .only_if_none_or_less(WRITTEN_AT, now.0 + 1)
            .only_if_none_or_less(ERASED_AT, now.0);
        match self.write_item(now + PATIENCE, &item_key(workspace, customer), &erased).await {
            Ok(_) => Ok(()),
            // It was erased already, or is a new one by now.
            Err(error) if failed_condition(&error).is_some() => Ok(()),
            Err(error) => Err(unavailable("UpdateItem profile", &error)),
        }
    }
}

/// Returns the key of a customer's profile in the connections table.
fn item_key(workspace: &WorkspaceKey, customer: &CustomerId) -> String {
    format!("self#{}", hashed(&[workspace.as_str(), customer.as_str()]))
}
