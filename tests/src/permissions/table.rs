//! What each role allows, as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::request::SIGNING_KEY;
use super::roles::{PREVIOUS_KEY, Roles};
use super::{Part, roles};

/// The table of `docs/operate.md`.
#[must_use]
pub fn table() -> String {
    let mut table = "| role | on | actions | if |\n|---|---|---|---|\n".to_owned();
    for role in roles().roles.values() {
        let mut rows: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for statement in &role.policy {
            for resource in &statement.resources {
                let row = rows.entry((named(roles(), resource), statement.conditions())).or_default();
                row.extend(statement.actions.iter().map(|action| format!("`{action}`")));
            }
        }
        for ((resource, conditions), mut actions) in rows {
            actions.sort();
            writeln!(table, "| `{}` | {resource} | {} | {conditions} |", role.name, actions.join(", "))
                .unwrap();
        }
    }
    table
}

/// A part of what a role allows, in words.
#[must_use]
pub fn described((role, number): Part) -> String {
    let part = &roles().roles[role].parts[number];
    let resource = named(roles(), &part.resources[0]);
    format!("{role}: {} on {resource} {}", part.actions[0], part.conditions()).trim_end().to_owned()
}

/// What people call a resource.
fn named(roles: &Roles, resource: &str) -> String {
    if resource == roles.sealing_key {
        return "the key that seals".to_owned();
    }
    if resource == roles.root_secret {
        return "the root workspace's secret".to_owned();
    }
    let (service, id) = resource.split_once(":111122223333:").unwrap_or(("", resource));
    match (service.split(':').nth(2).unwrap_or_default(), id) {
        ("dynamodb", id) if id.contains("/stream/") => "the stream of the connections".to_owned(),
        ("dynamodb", id) => match id.trim_start_matches("table/").split_once("/index/") {
            Some((table, index)) => format!("index `{index}` of `{table}`"),
            None => format!("table `{}`", id.trim_start_matches("table/")),
        },
        _ if resource == PREVIOUS_KEY => "keys in `PreviousKmsKeyArns`".to_owned(),
        _ if resource == SIGNING_KEY => "keys in `SigningKeyArns`".to_owned(),
        ("logs", _) => "the function's own log group".to_owned(),
        ("events", _) => "the bus in `EventBusName`".to_owned(),
        ("sqs", id) if id.contains("Webhooks") => "the queue of webhooks".to_owned(),
        ("sqs", _) => "the queue of unsent events".to_owned(),
        _ if resource == "*" => "everything, since X-Ray knows no resources".to_owned(),
        other => panic!("a resource that nobody has named: {other:?}"),
    }
}
