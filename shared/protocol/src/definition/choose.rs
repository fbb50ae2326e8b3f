//! The items of an answer that a connection can be for: sites, organisations, accounts. One of them is chosen, or several.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checker::Checker;
use super::condition::{Expected, all_fit};
use super::pick::at;
use super::value_path;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The value that stands for it.
    pub value: String,
    /// Its name.
    pub label: String,
}

impl Choose {
    /// The items of an answer that can be chosen. An item without a value is left out, and so is one whose value stood
    /// before.
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
            if values.insert(value.clone()) {
                items.push(Item { label: label.unwrap_or_else(|| value.clone()), value });
            }
        }
        items
    }

    /// The credential that these items become.
    #[must_use]
    pub fn credential<'i>(&self, chosen: impl IntoIterator<Item = &'i Item>) -> Value {
        let mut values = chosen.into_iter().map(|item| Value::from(item.value.clone()));
        if self.multiple { values.collect() } else { values.next().unwrap_or_default() }
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
        assert_eq!(choose(true).credential(&two), json!(["a", "b"]));
        assert_eq!(choose(true).credential(&two[..1]), json!(["a"]));
        assert_eq!(choose(false).credential(&two[1..]), json!("b"));
    }
}
