//! What must hold of the tables at any moment, whoever was killed and whatever got lost.

use std::collections::{BTreeMap, BTreeSet};

use protocol::clock::Timestamp;
use serde_json::Value;

use super::erasures::Erasures;
use super::trace::Trace;
use super::typist::mail_id;
use crate::dump::{Dump, Item, text};

/// What every connection has.
const WHOLE: [&str; 10] = [
    "customer",
    "health",
    "integration",
    "lastActiveAt",
    "ownerPk",
    "ownerSk",
    "record",
    "turn",
    "version",
    "workspace",
];

/// Checks the tables.
pub(super) fn check(trace: &Trace, dump: &Dump, erasures: &Erasures) {
    whole(trace, dump);
    slots(trace, dump);
    outcomes(trace, dump, erasures);
}

fn is_connection(item: &Item) -> bool {
    let key = text(item, "pk");
    ["slot#", "customer#", "key#", "self#", "request#"].iter().all(|kind| !key.starts_with(kind))
}

/// A connection that is there, archived ones too.
fn is_held(item: &Item) -> bool {
    is_connection(item) && !item.contains_key("erasedAt")
}

/// No connection is half written, and the index has it where it belongs.
fn whole(trace: &Trace, dump: &Dump) {
    for item in dump.connections.iter().filter(|item| is_held(item)) {
        let id = text(item, "pk");
        let missing: Vec<&&str> = WHOLE.iter().filter(|name| !item.contains_key(**name)).collect();
        trace.check(missing.is_empty(), || format!("connection {id} is half written: no {missing:?}"));
        if !missing.is_empty() {
            continue;
        }
        let workspace = text(item, "workspace");
        let is_archived = item.contains_key("archivedAt");
        let partition = if is_archived { format!("{workspace}#archived") } else { workspace.to_owned() };
        let is_its = text(item, "ownerPk") == partition
            && text(item, "ownerSk").starts_with(&format!("{}#", text(item, "customer")))
            && text(item, "ownerSk").ends_with(&format!("#{id}"));
        trace.check(is_its, || format!("the index has connection {id} elsewhere"));
        // An archived connection that was disconnected has no secrets left.
        let is_sealed = item.contains_key("sealed");
        let health: Value = serde_json::from_str(text(item, "health")).unwrap_or_default();
        trace.check(is_sealed || is_archived || health["disconnected"] == true, || {
            format!("connection {id} is live, and has no secrets")
        });
        let is_forgotten_some_day = item.contains_key("forgetAt");
        trace.check(
            if is_archived { is_forgotten_some_day || !is_sealed } else { !is_forgotten_some_day },
            || {
                format!(
                    "connection {id} is archived, and its secrets are kept for good, or the other way round"
                )
            },
        );
    }
}

/// Slots and connections say the same, and there is one connection at most where one is promised.
fn slots(trace: &Trace, dump: &Dump) {
    let live: BTreeSet<&str> = dump.live_connections().into_iter().map(|item| text(item, "pk")).collect();
    let listed = dump.slot_ids();
    let distinct: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    trace.check(live == distinct && listed.len() == distinct.len(), || {
        format!("the slots list {distinct:?}, and live are {live:?}")
    });
    let mut of_customers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for item in dump.live_connections() {
        *of_customers.entry((text(item, "customer"), text(item, "integration"))).or_default() += 1;
    }
    for (whose, count) in of_customers {
        trace.check(count == 1, || format!("{whose:?} has {count} live connections"));
    }
}

/// The stored outcome of a flow; nothing if it was forgotten with its customer.
pub(super) fn outcome(item: &Item) -> Option<Value> {
    // What is left of such a flow is its key, an empty outcome, and the time at which it is deleted.
    let is_forgotten = item.len() == 3 && item.contains_key("ttl");
    item.get("outcome")
        .filter(|_| !is_forgotten)
        .and_then(|outcome| serde_json::from_str(outcome.as_s().ok()?).ok())
}

/// A flow that ended in a connection has one, and each connection is what a flow ended in.
fn outcomes(trace: &Trace, dump: &Dump, erasures: &Erasures) {
    let ids: BTreeSet<&str> =
        dump.connections.iter().filter(|item| is_connection(item)).map(|item| text(item, "pk")).collect();
    let mut made: BTreeSet<String> = BTreeSet::new();
    for flow in &dump.flows {
        let Some(outcome) = outcome(flow) else { continue };
        let id = text(flow, "pk");
        trace.check(!flow.contains_key("memory") && flow.contains_key("owner"), || {
            format!("flow {id} has ended, and remembers more, or nobody has claimed it")
        });
        match outcome["connectionId"].as_str() {
            Some(connection) => {
                trace.check(ids.contains(connection), || format!("flow {id} ended in no connection"));
                made.insert(connection.to_owned());
            }
            None => {
                trace.check(outcome["error"]["key"].is_string(), || format!("flow {id} ended in nothing"));
            }
        }
    }
    // The flows of an erased customer may be forgotten before the connections, and what is left of those is of no flow.
    for item in dump.connections.iter().filter(|item| is_held(item)) {
        let id = text(item, "pk");
        let record: Value = serde_json::from_str(text(item, "record")).unwrap_or_default();
        let at = Timestamp(record["createdAt"].as_i64().unwrap_or_default());
        let has_a_flow =
            text(item, "integration") != mail_id() && !erasures.may_be_imported(text(item, "customer"), at);
        let is_forgotten = erasures.may_be_since_then(text(item, "customer"), at);
        trace.check(!has_a_flow || is_forgotten || made.contains(id), || {
            format!("connection {id} is of no flow")
        });
    }
}
