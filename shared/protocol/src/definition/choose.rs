//! The items of an answer that a connection can be for: sites, organisations, accounts. One of them is chosen, or several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checker::Checker;
use super::condition::{Expected, all_fit};
use super::pick::{self, Picks, at};
use super::value_path;
use crate::secret::SecretMap;

/// The longest `title`, in bytes.
const MAX_TITLE: usize = 100;

/// One of several items in an answer: a site, an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choose {
    /// The path of the array; the answer itself is the array unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// What an item has at these paths if it can be chosen.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filter: BTreeMap<String, Expected>,
    /// The path of an item's value; the item itself unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The path of an item's name, which the customer reads; the value unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The places in the item of further values, which are added to the credentials with it.
    #[serde(default, skip_serializing_if = "Picks::is_empty")]
    pub response: Picks,
    /// What an item is, as the customer calls it: `Organisation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// True if several can be chosen. The credential is then an array.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multiple: bool,
    /// The credential that the chosen value becomes.
    #[serde(rename = "as")]
    pub name: String,
}

/// One of several items.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Item {
    /// The value that stands for it.
    pub value: String,
    /// Its name.
    pub label: String,
    /// Its further values. They can be tokens.
    #[serde(default, skip_serializing_if = "SecretMap::is_empty")]
    pub further: SecretMap,
}

impl Choose {
    /// The items of an answer that can be chosen. An item without a value, or without a further one, is left out, and so is
    /// one whose value stood before.
    #[must_use]
    pub fn items_of(&self, json: &Value) -> Vec<Item> {
        let found = match &self.items {
            Some(path) => at(json, path),
            None => Some(json.clone()),
        };
        let found = match found {
            Some(Value::Array(found)) => found,
            // XML has no arrays of one.
            Some(one @ Value::Object(_)) if self.items.is_some() => vec![one],
            _ => return Vec::new(),
        };
        let mut items: Vec<Item> = Vec::new();
        let mut values = std::collections::BTreeSet::new();
        for item in found.iter().filter(|item| all_fit(&self.filter, Some(item))) {
            let Some(value) = text_at(item, self.value.as_deref()) else { continue };
            let label = self.label.as_deref().and_then(|path| text_at(item, Some(path)));
            let further = |(name, place): (&String, &pick::Pick)| Some((name.clone(), place.find_in(item)?));
            let Some(further) = self.response.iter().map(further).collect::<Option<Map<_, _>>>() else {
                continue;
            };
            if values.insert(value.clone()) {
                let further = SecretMap::new(further);
                items.push(Item { label: label.unwrap_or_else(|| value.clone()), value, further });
            }
        }
        items
    }

    /// The names of the credentials that an item becomes.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.response.keys().chain([&self.name])
    }

    /// The credentials that these items become. Of several, each is an array in the items' order.
    #[must_use]
    pub fn credentials<'i>(&self, chosen: impl IntoIterator<Item = &'i Item>) -> SecretMap {
        let chosen: Vec<&Item> = chosen.into_iter().collect();
        let value_of = |item: &Item, name: &String| match item.further.expose().get(name) {
            Some(further) if *name != self.name => further.clone(),
            _ => Value::from(item.value.clone()),
        };
        let credential = |name: &String| {
            let mut values = chosen.iter().map(|item| value_of(item, name));
            let values = if self.multiple { values.collect() } else { values.next().unwrap_or_default() };
            (name.clone(), values)
        };
        SecretMap::new(self.names().map(credential).collect())
    }

    pub(super) fn check(&self, checker: &mut Checker<'_>) {
        for (setting, path) in [("items", &self.items), ("value", &self.value), ("label", &self.label)] {
            if let Some(Err(problem)) = path.as_deref().map(value_path::names) {
                checker.refuse(setting, problem);
            }
        }
        for path in self.filter.keys() {
            if let Err(problem) = value_path::names(path) {
                checker.refuse(&format!("where.{path}"), problem);
            }
        }
        pick::check(&self.response, checker, "response");
        for (name, place) in &self.response {
            if !place.reads_body() {
                checker.refuse(&format!("response.{name}"), "must be a path in the item");
            }
            if *name == self.name {
                checker.refuse(&format!("response.{name}"), "is the name of the chosen value already");
            }
        }
        if self.title.as_ref().is_some_and(|title| title.trim().is_empty() || title.len() > MAX_TITLE) {
            checker.refuse("title", "must be a text of 100 bytes at most");
        }
        checker.name("as", &self.name);
    }
}

fn text_at(item: &Value, path: Option<&str>) -> Option<String> {
    let found = match path {
        Some(path) => at(item, path)?,
        None => item.clone(),
    };
    match found {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(choose: Value, answer: &Value) -> Vec<(String, String)> {
        let choose: Choose = serde_json::from_value(choose).unwrap();
        choose.items_of(answer).into_iter().map(|item| (item.value, item.label)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
    }

    #[test]
    fn items_are_objects_or_texts() {
        let choose = json!({ "items": "data.sites", "value": "id", "label": "name", "as": "site" });
        let sites = json!([{ "id": 1, "name": "Acme" }, { "id": "2" }, { "name": "none" }, { "id": 1 }, "x"]);
        let found = items(choose, &json!({ "data": { "sites": sites } }));
        assert_eq!(found, pairs(&[("1", "Acme"), ("2", "2")]));
        let texts = items(json!({ "as": "site" }), &json!(["a", 7, "", null, {}, "a"]));
        assert_eq!(texts, pairs(&[("a", "a"), ("7", "7")]));
        assert!(items(json!({ "as": "site" }), &json!({ "a": 1 })).is_empty());
        let one = json!({ "items": "site", "value": "id", "as": "site" });
        assert_eq!(items(one, &json!({ "site": { "id": "1" } })), pairs(&[("1", "1")]));
    }

    #[test]
    fn a_filter_leaves_items_out() {
        let choose = |filter: Value| json!({ "where": filter, "value": "id", "as": "site" });
        let answer = json!([
            { "id": "a", "type": "company", "archived": false }, { "id": "b", "type": "person" },
            { "id": "c", "type": "company", "archived": true },
        ]);
        assert_eq!(items(choose(json!({ "type": "company" })), &answer), pairs(&[("a", "a"), ("c", "c")]));
        let both = choose(json!({ "type": ["company", "person"], "archived": [false, null] }));
        assert_eq!(items(both, &answer), pairs(&[("a", "a"), ("b", "b")]));
    }

    #[test]
    fn several_become_an_array() {
        let choose = |multiple: bool| -> Choose {
            serde_json::from_value(json!({ "multiple": multiple, "as": "sites" })).unwrap()
        };
        let two = choose(true).items_of(&json!(["a", "b"]));
        let credentials =
            |multiple, items: &[Item]| Value::Object(choose(multiple).credentials(items).expose().clone());
        assert_eq!(credentials(true, &two), json!({ "sites": ["a", "b"] }));
        assert_eq!(credentials(true, &two[..1]), json!({ "sites": ["a"] }));
        assert_eq!(credentials(false, &two[1..]), json!({ "sites": "b" }));
    }

    #[test]
    fn further_values_of_an_item_come_with_it() {
        let choose = |multiple: bool| -> Choose {
            serde_json::from_value(json!({
                "items": "accounts", "value": "id", "as": "account", "multiple": multiple,
                "response": { "base": ["site.uri", "uri"], "plan": "plan.id" },
            }))
            .unwrap()
        };
        let answer = json!({ "accounts": [
            { "id": 1, "uri": "https://na1.example", "plan": { "id": 7 } },
            { "id": 2, "uri": "https://eu1.example" },
            { "id": 3, "site": { "uri": "https://eu2.example" }, "plan": { "id": "b" } },
        ] });
        let items = choose(true).items_of(&answer);
        let credentials =
            |multiple, items: &[Item]| Value::Object(choose(multiple).credentials(items).expose().clone());
        let one = json!({ "account": "1", "base": "https://na1.example", "plan": 7 });
        assert_eq!(credentials(false, &items), one);
        let both = json!({
            "account": ["1", "3"], "base": ["https://na1.example", "https://eu2.example"], "plan": [7, "b"],
        });
        assert_eq!(credentials(true, &items), both);
        assert!(!format!("{items:?}").contains("na1"));
    }
}
