//! The connectors: services whose addresses, headers and quirks are known, as definitions to begin from.
//!
//! `build.rs` makes two texts of the files in `catalogue/`. One is an index, in which connectors are found and searched; the
//! other holds their JSON. Nothing is parsed when a process starts.

pub mod files;
mod overlay;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use overlay::{laid_over, merge_patch};

static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/index.txt"));
static TEXTS: &str = include_str!(concat!(env!("OUT_DIR"), "/connectors.txt"));

/// The most names that an unknown one is answered with.
const MOST_NEAR: usize = 3;

/// A service whose definition is known.
#[derive(Debug, Clone, Copy)]
pub struct Connector {
    /// The name that integrations call it by.
    pub key: &'static str,
    /// A short hash of its definition: it changes with every change of that.
    pub version: &'static str,
    /// The service's name.
    pub name: &'static str,
    categories: &'static str,
    types: &'static str,
    aliases: &'static str,
    text: &'static str,
}

/// What is known of a connector.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Details {
    /// The definition, without the team's registration.
    pub definition: Map<String, Value>,
    /// What is about the connector, and is no part of the definition.
    pub about: About,
}

/// What is about the connector, and is no part of the definition.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct About {
    /// The vendor's page on its authentication.
    pub documentation: Option<String>,
    /// Where the team registers with the provider.
    pub setup: Option<Setup>,
    /// What the definition was compared with.
    pub checked: Option<Checked>,
    /// What was left out, or where sources disagree.
    pub notes: Option<String>,
}

/// Where the team registers with the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The vendor's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What to create and choose there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a definition was compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The day.
    pub on: String,
    /// The sources.
    pub against: Vec<String>,
}

/// The connector with this key.
#[must_use]
pub fn connector(key: &str) -> Option<Connector> {
    let is_it = |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with('\t'));
    INDEX.lines().find(is_it).and_then(Connector::of_line)
}

/// All connectors, in the order of their keys.
pub fn all() -> impl Iterator<Item = Connector> {
    INDEX.lines().filter_map(Connector::of_line)
}

/// Which connectors are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Search<'a> {
    /// A part of the key, of the name or of another name, in whichever case.
    pub text: Option<&'a str>,
    /// One of its categories.
    pub category: Option<&'a str>,
    /// The type of one of its options.
    pub auth_type: Option<&'a str>,
}

/// The connectors that are looked for, in the order of their keys.
pub fn search(search: Search<'_>) -> impl Iterator<Item = Connector> {
    let text = search.text.map(folded).filter(|text| !text.is_empty());
    all().filter(move |found| {
        let is_named = |text: &str| found.names().any(|name| folded(name).contains(text));
        text.as_deref().is_none_or(is_named)
            && search.category.is_none_or(|category| found.categories().any(|of| of == category))
            && search.auth_type.is_none_or(|auth_type| found.types().any(|of| of == auth_type))
    })
}

/// The keys that are like this one, which is none: the nearest first.
#[must_use]
pub fn near(key: &str) -> Vec<&'static str> {
    let asked = folded(key);
    let mut found: Vec<(usize, &str)> = all()
        .filter_map(|connector| {
            let distance = connector.names().map(|name| distance(&asked, &folded(name))).min()?;
            Some((distance, connector.key))
        })
        .filter(|(distance, _)| *distance <= 2.min(asked.chars().count() / 2))
        .collect();
    found.sort_unstable();
    found.into_iter().take(MOST_NEAR).map(|(_, key)| key).collect()
}

impl Connector {
    fn of_line(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let (key, version) = (columns.next()?, columns.next()?);
        let (start, end): (usize, usize) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        let (name, categories) = (columns.next()?, columns.next()?);
        let (types, aliases) = (columns.next()?, columns.next()?);
        Some(Self { key, version, name, categories, types, aliases, text: TEXTS.get(start..end)? })
    }

    /// What kind of service it is.
    pub fn categories(&self) -> impl Iterator<Item = &'static str> {
        listed(self.categories)
    }

    /// The types of its options, each once.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        listed(self.types)
    }

    /// Other names that people look for.
    pub fn aliases(&self) -> impl Iterator<Item = &'static str> {
        listed(self.aliases)
    }

    /// Reads what is known of it.
    #[must_use]
    pub fn details(&self) -> Details {
        // `build.rs` wrote it, and a test reads each.
        serde_json::from_str(self.text).unwrap_or_default()
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.key, self.name].into_iter().chain(self.aliases())
    }
}

fn listed(column: &'static str) -> impl Iterator<Item = &'static str> {
    column.split(',').filter(|item| !item.is_empty())
}

/// A name as it is compared: `HubSpot`, `hub spot` and `hub-spot` are one.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How far two names are from each other; a name that is a part of the other is near.
fn distance(asked: &str, name: &str) -> usize {
    let is_part = asked.len().min(name.len()) > 2 && (asked.contains(name) || name.contains(asked));
    if is_part { 1 } else { edits(asked, name) }
}

/// The letters to change, to add or to leave out (Levenshtein's distance).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (at, other) in to.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = (diagonal + usize::from(letter != *other)).min(above.min(row[at]) + 1);
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
