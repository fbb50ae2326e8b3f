//! Further sets of tokens in one answer, such as a user's beside a bot's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::checker::Checker;
use super::pick::{self, Picks};

/// The sets by the names that they have among the credentials: in each, where its tokens stand.
pub type FurtherTokens = BTreeMap<String, Picks>;

/// What a set has.
const FIELDS: [&str; 3] = ["access_token", "refresh_token", "expires_in"];

/// Adds the sets that are in an answer to the credentials made of it. What is the answer's own access token is no further
/// one: some providers leave one of two out, and then the other stands for both.
pub fn add_further(sets: &FurtherTokens, answer: &Map<String, Value>, credentials: &mut Map<String, Value>) {
    if sets.is_empty() {
        return;
    }
    let whole = Value::Object(answer.clone());
    for (name, picks) in sets {
        let found: Map<String, Value> =
            picks.iter().filter_map(|(field, place)| Some((field.clone(), place.find_in(&whole)?))).collect();
        if found.get("access_token").is_some_and(|token| Some(token) != answer.get("access_token")) {
            put(credentials, name, found);
        }
    }
}

/// Puts the fields into a set. What they do not say stays, except how long the token before lasted.
pub fn put(credentials: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    let mut set = match credentials.remove(name) {
        Some(Value::Object(set)) => set,
        _ => Map::new(),
    };
    set.remove("expires_in");
    set.extend(fields.into_iter().filter(|(field, value)| {
        FIELDS.contains(&field.as_str()) && !value.is_null() && value.as_str() != Some("")
    }));
    credentials.insert(name.to_owned(), set.into());
}

pub(super) fn check(sets: &FurtherTokens, checker: &mut Checker<'_>) {
    for (name, picks) in sets {
        let setting = format!("furtherTokens.{name}");
        if name.is_empty() || FIELDS.contains(&name.as_str()) {
            checker.refuse(&setting, "is no name that a set of tokens can have");
        }
        if !picks.contains_key("access_token") {
            checker.refuse(&setting, "does not say where its `access_token` stands");
        }
        for (field, place) in picks {
            if !FIELDS.contains(&field.as_str()) {
                checker.refuse(
                    &format!("{setting}.{field}"),
                    "is none of access_token, refresh_token, expires_in",
                );
            } else if !place.reads_body() {
                checker.refuse(&format!("{setting}.{field}"), "must be a path in the answer");
            }
        }
        pick::check(picks, checker, &setting);
    }
}
