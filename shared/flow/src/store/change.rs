//! A low-level change of an item: an update expression, attribute by attribute, with its conditions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::connections::{FORGET_AT, INTERRUPTED, KEY, RECORD, archived_partition};
use super::event::{ConnectionEvent, EVENT};
use super::item::{bytes, json, number, text};
use super::notes::{NOTES, no_notes, notes_item};
use crate::connection::{Connection, Notes};
use protocol::clock::Timestamp;
use protocol::error::Result;
use protocol::id::{ConnectionKey, WorkspaceKey};

/// An update expression with its names and values.
#[derive(Default)]
pub(super) struct Change {
    set: Vec<String>,
    remove: Vec<String>,
    raise: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    pub(super) fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        let alias = self.alias(name);
        self.set.push(format!("{alias} = :{name}"));
        self.values.insert(format!(":{name}"), value);
        self
    }

    pub(super) fn remove(mut self, name: &'static str) -> Self {
        let alias = self.alias(name);
        self.remove.push(alias);
        self
    }

    /// Raises the version. Every write of the credentials does.
    pub(super) fn raise_version(self) -> Self {
        self.raise("version").raise_turn()
    }

    /// Raises the turn, which releases a lease: it was taken for the turn before.
    pub(super) fn raise_turn(self) -> Self {
        self.raise("turn")
    }

    pub(super) fn raise(mut self, name: &'static str) -> Self {
        let alias = self.alias(name);
        self.raise.push(format!("{alias} :one"));
        self.values.insert(":one".to_owned(), number(1));
        self
    }

    /// Sets the item's event, or removes it. Every write does one of the two.
    pub(super) fn event(self, event: Option<ConnectionEvent>, now: Timestamp) -> Self {
        match event {
            Some(event) => self.tells(event.at(now)),
            None => self.remove(EVENT),
        }
    }

    /// Sets an event. It says what is noted, so that must stand there, if only as nothing.
    pub(super) fn tells(self, event: AttributeValue) -> Self {
        let told = self.set(EVENT, event);
        if NOTES.iter().any(|name| told.names.contains_key(&format!("#{name}"))) {
            return told;
        }
        no_notes().into_iter().fold(told, |told, (name, none)| told.set_if_none(name, none))
    }

    fn set_if_none(mut self, name: &'static str, value: AttributeValue) -> Self {
        let alias = self.alias(name);
        self.set.push(format!("{alias} = if_not_exists({alias}, :{name})"));
        self.values.insert(format!(":{name}"), value);
        self
    }

    /// Sets the key that a caller gave the connection, or removes it.
    pub(super) fn key(self, key: Option<&ConnectionKey>) -> Self {
        match key {
            Some(key) => self.set(KEY, text(key)),
            None => self.remove(KEY),
        }
    }

    /// Sets the part without secrets.
    pub(super) fn record(self, connection: &Connection) -> Result<Self> {
        self.set(RECORD, json(&connection.record)?).notes(&connection.record.notes)
    }

    /// Sets what is noted.
    pub(super) fn notes(self, notes: &Notes) -> Result<Self> {
        Ok(notes_item(notes)?.into_iter().fold(self, |change, (name, value)| change.set(name, value)))
    }

    /// Sets the sealed secrets, and the state of the credentials. The raised version makes a refresh that is under way
    /// fail.
    pub(super) fn credentials(self, connection: &Connection) -> Result<Self> {
        self.set("sealed", bytes(connection.sealed.clone())).raise_version().health(connection)
    }

    /// Sets the state of the credentials. The time of their next refresh must stand in the schedule before.
    pub(super) fn health(self, connection: &Connection) -> Result<Self> {
        Ok(self.set("health", json(&connection.health)?))
    }

    /// Forgets an interrupted lease: the credentials are new.
    pub(super) fn forget_interruption(self) -> Self {
        self.remove(INTERRUPTED)
    }

    /// Restores an archived connection with its old credentials.
    pub(super) fn restored(self, connection: &Connection, now: Timestamp) -> Result<Self> {
        Ok(self
            .key(connection.key.as_ref())
            .record(connection)?
            .remove("archivedAt")
            .remove(FORGET_AT)
            .set("ownerPk", text(&connection.workspace))
            .health(connection)?
            .raise_version()
            .event(Some(ConnectionEvent::Updated), now))
    }

    /// Takes the connection out of the lists of live ones, and out of the scheduled refresh. The time at which its
    /// secrets are forgotten must stand in the schedule.
    pub(super) fn archived(self, workspace: &WorkspaceKey, now: Timestamp, forget_at: Timestamp) -> Self {
        self.set("archivedAt", number(now.0))
            .set(FORGET_AT, number(forget_at.0))
            .set("ownerPk", text(archived_partition(workspace)))
            .raise_version()
            .event(Some(ConnectionEvent::Deleted), now)
    }

    /// Forgets the secrets of an archived connection. For those who hear of events it is gone already.
    pub(super) fn forgotten(self, connection: &Connection, now: Timestamp) -> Result<Self> {
        Ok(self.remove("sealed").remove(FORGET_AT).health(connection)?.raise_version().event(None, now))
    }

    /// Only if the item is a connection: not if it was erased, or never was.
    pub(super) fn only_if_there(self) -> Self {
        self.only_if_some(RECORD)
    }

    pub(super) fn only_if(mut self, name: &'static str, value: AttributeValue) -> Self {
        let alias = self.alias(name);
        self.conditions.push(format!("{alias} = :if_{name}"));
        self.values.insert(format!(":if_{name}"), value);
        self
    }

    /// Only if what is noted is still this.
    pub(super) fn only_if_notes(mut self, notes: &Notes) -> Result<Self> {
        for (name, value) in notes_item(notes)? {
            let is_none = no_notes().contains(&(name, value.clone()));
            let alias = self.alias(name);
            let is_it = format!("{alias} = :if_{name}");
            let missing = format!("(attribute_not_exists({alias}) OR {is_it})");
            self.conditions.push(if is_none { missing } else { is_it });
            self.values.insert(format!(":if_{name}"), value);
        }
        Ok(self)
    }

    pub(super) fn only_if_none(mut self, name: &'static str) -> Self {
        let alias = self.alias(name);
        self.conditions.push(format!("attribute_not_exists({alias})"));
        self
    }

    pub(super) fn only_if_some(mut self, name: &'static str) -> Self {
        let alias = self.alias(name);
        self.conditions.push(format!("attribute_exists({alias})"));
        self
    }

    pub(super) fn only_if_more(mut self, name: &'static str, than: i64) -> Self {
        let alias = self.alias(name);
        self.conditions.push(format!("{alias} > :more_{name}"));
        self.values.insert(format!(":more_{name}"), number(than));
        self
    }

    pub(super) fn only_if_none_or_less(mut self, name: &'static str, than: i64) -> Self {
        let alias = self.alias(name);
        self.conditions.push(format!("(attribute_not_exists({alias}) OR {alias} < :than_{name})"));
        self.values.insert(format!(":than_{name}"), number(than));
        self
    }

    pub(super) fn update_expression(&self) -> String {
        [("SET", &self.set), ("REMOVE", &self.remove), ("ADD", &self.raise)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(clause, parts)| format!("{clause} {}", parts.join(", ")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn condition_expression(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub(super) fn names(&self) -> HashMap<String, String> {
        self.names.clone()
    }

    pub(super) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.clone()
    }

    /// Adds a placeholder for a name, since some names are reserved words of DynamoDB.
    fn alias(&mut self, name: &'static str) -> String {
        let alias = format!("#{name}");
        self.names.insert(alias.clone(), name.to_owned());
        alias
    }
}
