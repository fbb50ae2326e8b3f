//! An observer of the tables, whom no fault hits. Each write says which items it touched, and only these are read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use flow::store::Tables;
use linkspan_local::database::Database;
use serde_json::Value;

use super::trace::Trace;
use crate::dump::{Dump, Item};
use crate::gate::at_once;
use crate::wire::AwsRequest;

/// The most items of one read.
const AT_ONCE: usize = 100;

/// The table and the key of an item.
type Place = (String, String, Option<String>);

#[derive(Default)]
struct Seen {
    items: BTreeMap<Place, Item>,
    touched: BTreeSet<Place>,
}

/// The observer.
pub(super) struct Observer {
    client: Client,
    tables: Tables,
    seen: Mutex<Seen>,
}

impl Observer {
    /// An observer of empty tables.
    pub(super) fn new(database: &Database) -> Self {
        let (client, tables) = (database.client.clone(), database.tables.clone());
        Self { client, tables, seen: Mutex::default() }
    }

    /// A write was carried out, or refused.
    pub(super) fn touched(&self, request: &AwsRequest) {
        let mut seen = self.seen.lock().unwrap();
        let writes = request.body["TransactItems"].as_array();
        let parts = writes.into_iter().flatten().filter_map(|write| write.as_object()?.values().next());
        let places: Vec<Place> = parts.chain([&request.body]).filter_map(place).collect();
        assert!(!places.is_empty(), "a write of nothing: {request:?}");
        seen.touched.extend(places);
    }

    /// All that the tables hold. An error if they are not in order.
    pub(super) fn dump(&self) -> Option<Dump> {
        let mut seen = self.seen.lock().unwrap();
        let touched: Vec<Place> = std::mem::take(&mut seen.touched).into_iter().collect();
        for places in touched.chunks(AT_ONCE) {
            let found = self.read(places);
            for place in places {
                match found.get(place) {
                    Some(item) => drop(seen.items.insert(place.clone(), item.clone())),
                    None => drop(seen.items.remove(place)),
                }
            }
        }
        let of = |table: &str| -> Vec<Item> {
            seen.items.iter().filter(|((of, ..), _)| of == table).map(|(_, item)| item.clone()).collect()
        };
        let Tables { flows, connections, integrations, schedule } = &self.tables;
        let dump = Dump::of(of(flows), of(connections), of(integrations), of(schedule));
        // What is not in order panics, there and not here.
        at_once(async move {
            let _ = dump.due();
            dump
        })
        .ok()
    }

    fn read(&self, places: &[Place]) -> BTreeMap<Place, Item> {
        let mut asked: HashMap<String, KeysAndAttributes> = HashMap::new();
        for table in places.iter().map(|(table, ..)| table).collect::<BTreeSet<_>>() {
            let keys = places.iter().filter(|(of, ..)| of == table).map(key).collect();
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            asked.insert(table.clone(), keys.unwrap());
        }
        let get = self.client.batch_get_item().set_request_items(Some(asked));
        let answer = at_once(async move { get.send().await }).unwrap().unwrap();
        assert!(answer.unprocessed_keys.is_none_or(|keys| keys.is_empty()), "half an answer");
        let items = answer.responses.unwrap_or_default().into_iter();
        let items = items.flat_map(|(table, items)| items.into_iter().map(move |item| (table.clone(), item)));
        items
            .map(|(table, item)| {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                let sort = if has_sort(&table) { text("sk") } else { None };
                ((table, text("pk").unwrap(), sort), item.into_iter().collect())
            })
            .collect()
    }

    /// What was read item by item is all that there is.
    pub(super) fn compare(&self, trace: &Trace) {
        let (client, tables) = (self.client.clone(), self.tables.clone());
        let Ok(all) = at_once(async move { Dump::read(&client, &tables).await }) else { return };
        let Some(seen) = self.dump() else { return };
        trace.check(seen.is_same_as(&all), || "the tables hold what no write has told of".to_owned());
    }
}

/// True for a table whose keys have two parts.
fn has_sort(table: &str) -> bool {
    table == "schedule" || table == "integrations"
}

fn place(write: &Value) -> Option<Place> {
    let table = write["TableName"].as_str()?;
    let key = if write["Key"].is_object() { &write["Key"] } else { &write["Item"] };
    let sort = key["sk"]["S"].as_str().filter(|_| has_sort(table));
    Some((table.to_owned(), key["pk"]["S"].as_str()?.to_owned(), sort.map(str::to_owned)))
}

fn key((_, pk, sk): &Place) -> HashMap<String, AttributeValue> {
    let pk = [("pk".to_owned(), AttributeValue::S(pk.clone()))];
    pk.into_iter().chain(sk.clone().map(|sk| ("sk".to_owned(), AttributeValue::S(sk)))).collect()
}
