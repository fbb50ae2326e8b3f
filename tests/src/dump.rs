//! Everything that the tables hold, to compare and to search.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flow::store::Tables;
use protocol::random::hex;
use serde_json::Value;

/// An item, its attributes in order.
pub type Item = BTreeMap<String, AttributeValue>;

/// All items of all tables, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Dump {
    /// The flows.
    pub flows: Vec<Item>,
    /// The attempts that have no flow's item.
    pub attempts: Vec<Item>,
    /// The connections, and the slots between them.
    pub connections: Vec<Item>,
    /// Workspaces and integrations.
    pub integrations: Vec<Item>,
    /// The entries of the scheduled refresh, its checkpoint, and the leases.
    pub schedule: Vec<Item>,
}

impl Dump {
    /// Reads all tables.
    pub async fn read(client: &Client, tables: &Tables) -> Self {
        let dump = Self::of(
            items(client, &tables.flows).await,
            items(client, &tables.connections).await,
            items(client, &tables.integrations).await,
            items(client, &tables.schedule).await,
        );
        let _ = dump.due();
        dump
    }

    /// What these tables hold.
    pub(crate) fn of(
        flows: Vec<Item>,
        connections: Vec<Item>,
        integrations: Vec<Item>,
        schedule: Vec<Item>,
    ) -> Self {
        let (attempts, flows) = flows.into_iter().partition(|item| text(item, "pk").starts_with("attempt#"));
        Self { flows, attempts, connections, integrations, schedule }
    }

    /// True if both hold the same, in whatever order.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let sorted = |dump: &Self| {
            let mut dump = dump.clone();
            let Self { flows, attempts, connections, integrations, schedule } = &mut dump;
            for items in [flows, attempts, connections, integrations, schedule] {
                in_order(items);
            }
            dump
        };
        sorted(self) == sorted(other)
    }

    /// The ids of the connections that are to be refreshed. The schedule must have them all at their very time, and the
    /// archived ones at the time at which their secrets are forgotten.
    #[must_use]
    pub fn due(&self) -> Vec<String> {
        for item in self.archived_connections() {
            if let Some(at) = item.get("forgetAt") {
                self.assert_scheduled(item, at.as_n().unwrap().parse().unwrap());
            }
        }
        let mut due = Vec::new();
        for item in self.live_connections() {
            let health: Value = serde_json::from_str(item["health"].as_s().unwrap()).unwrap();
            let Some(at) = health["nextRefreshAt"].as_i64() else { continue };
            self.assert_scheduled(item, at);
            due.push(text(item, "pk").to_owned());
        }
        due
    }

    fn assert_scheduled(&self, item: &Item, at: i64) {
        let (begin, end) = (format!("{at:014}#"), format!("#{}", text(item, "pk")));
        let is_entry =
            |entry: &Item| text(entry, "sk").starts_with(&begin) && text(entry, "sk").ends_with(&end);
        assert!(self.schedule.iter().any(is_entry), "not in the schedule: {item:?}");
    }

    /// The ids of the connections whose leases were not released.
    #[must_use]
    pub fn leased(&self) -> Vec<String> {
        let turn = |item: &Item| item["turn"].as_n().unwrap().parse::<i64>().unwrap();
        let ids = self.only_connections().filter(|item| {
            let lease = format!("lease#{}", text(item, "pk"));
            let lease = self.schedule.iter().find(|entry| text(entry, "pk") == lease);
            lease.is_some_and(|lease| turn(lease) >= turn(item))
        });
        ids.map(|item| text(item, "pk").to_owned()).collect()
    }

    /// The connections that are not archived.
    #[must_use]
    pub fn live_connections(&self) -> Vec<&Item> {
        self.only_connections().filter(|item| !item.contains_key("archivedAt")).collect()
    }

    /// The connections that are archived.
    #[must_use]
    pub fn archived_connections(&self) -> Vec<&Item> {
        self.only_connections().filter(|item| item.contains_key("archivedAt")).collect()
    }

    fn only_connections(&self) -> impl Iterator<Item = &Item> {
        self.connections.iter().filter(|item| item.contains_key("record"))
    }

    /// The ids that the slots list as live.
    #[must_use]
    pub fn slot_ids(&self) -> Vec<String> {
        let slots = self.connections.iter().filter_map(|item| item.get("live")?.as_ss().ok());
        let mut ids: Vec<String> = slots.flatten().cloned().collect();
        ids.sort();
        ids
    }

    /// True if any attribute holds `secret`: as text, as bytes, or in a usual encoding of them.
    #[must_use]
    pub fn contains(&self, secret: &[u8]) -> bool {
        let mut haystack = Vec::new();
        let all = [&self.flows, &self.attempts, &self.connections, &self.integrations, &self.schedule];
        for item in all.into_iter().flatten() {
            for (name, value) in item {
                haystack.extend_from_slice(name.as_bytes());
                append(&mut haystack, value);
            }
        }
        holds(&haystack, secret)
    }
}

/// True if `secret` is somewhere in `haystack`: as it is, or in a usual encoding.
#[must_use]
pub fn holds(haystack: &[u8], secret: &[u8]) -> bool {
    let needles = [
        secret.to_vec(),
        STANDARD_NO_PAD.encode(secret).into_bytes(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        hex(secret).into_bytes(),
    ];
    needles.iter().any(|needle| haystack.windows(needle.len()).any(|window| window == needle))
}

/// The attribute, which is a text.
#[must_use]
pub fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

fn append(haystack: &mut Vec<u8>, value: &AttributeValue) {
    haystack.push(0);
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => haystack.extend_from_slice(text.as_bytes()),
        AttributeValue::B(bytes) => haystack.extend_from_slice(bytes.as_ref()),
        AttributeValue::Ss(texts) => haystack.extend_from_slice(texts.join("\0").as_bytes()),
        AttributeValue::M(attributes) => {
            for (name, value) in attributes {
                haystack.extend_from_slice(name.as_bytes());
                append(haystack, value);
            }
        }
        other => panic!("an attribute of a kind that is not searched: {other:?}"),
    }
    haystack.push(0);
}

#[expect(clippy::disallowed_methods, reason = "a test looks at everything")]
async fn items(client: &Client, table: &str) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    let mut from: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let page = client.scan().table_name(table).set_exclusive_start_key(from).send().await.unwrap();
        found.extend(page.items.unwrap_or_default().into_iter().map(|item| item.into_iter().collect()));
        from = page.last_evaluated_key;
        if from.is_none() {
            break;
        }
    }
    in_order(&mut found);
    found
}

fn in_order(items: &mut [Item]) {
    items.sort_by_key(|item: &Item| format!("{:?} {:?}", item.get("pk"), item.get("sk")));
}
