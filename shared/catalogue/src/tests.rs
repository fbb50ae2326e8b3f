use serde_json::{Value, json};

use super::*;

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn over(base: Value, given: Value) -> Value {
    Value::Object(laid_over(map(base), &map(given)))
}

#[test]
fn every_connector_is_read_as_the_build_wrote_it() {
    assert!(all().count() > 0);
    for connector in all() {
        let details = connector.details();
        assert_eq!(details.definition["name"], connector.name, "{}", connector.key);
        assert_eq!(super::connector(connector.key).unwrap().version, connector.version);
        assert_eq!(connector.version.len(), 12);
        assert!(connector.types().count() > 0 && connector.categories().count() > 0, "{}", connector.key);
        assert!(files::ABOUT.iter().all(|name| !details.definition.contains_key(*name)));
    }
    let keys: Vec<&str> = all().map(|connector| connector.key).collect();
    assert!(keys.is_sorted());
    assert!(connector("asan").is_none() && connector("").is_none() && connector("asana\t").is_none());
}

#[test]
fn connectors_are_searched_by_name_category_and_type() {
    let keys = |search: Search<'_>| super::search(search).map(|found| found.key).collect::<Vec<_>>();
    let text = |text| keys(Search { text: Some(text), ..Search::default() });
    assert!(text("ASA na").contains(&"asana") && text("drop-box").contains(&"dropbox"));
    assert!(text("no such service").is_empty());
    let files = keys(Search { category: Some("files"), ..Search::default() });
    assert!(files.contains(&"dropbox") && !files.contains(&"asana"));
    let entered = keys(Search { auth_type: Some("client-credentials"), ..Search::default() });
    assert!(entered.contains(&"asana") && !entered.contains(&"dropbox"));
}

#[test]
fn a_name_that_is_none_has_near_ones() {
    assert_eq!(near("asanna"), ["asana"]);
    assert!(near("dropbox-files").contains(&"dropbox"));
    assert!(near("zzzzzzzz").is_empty() && near("").is_empty());
}

#[test]
fn options_are_merged_by_their_key_and_other_arrays_are_replaced() {
    let base = json!({
        "name": "A", "baseUri": "https://a.example",
        "authOptions": [
            { "key": "oauth", "type": "oauth2", "config": { "scopes": ["a", "b"], "tokenUri": "t" } },
            { "key": "key", "type": "client-credentials", "title": "Key" },
        ],
    });
    let given = json!({
        "name": "B", "baseUri": null,
        "authOptions": [
            { "key": "key", "enabled": false, "title": null },
            { "key": "oauth", "config": { "scopes": ["c"], "clientSecret": null } },
            { "key": "new", "type": "oauth1" },
        ],
        "parameters": { "clientSecret": null },
    });
    let expected = json!({
        "name": "B",
        "authOptions": [
            { "key": "oauth", "type": "oauth2",
              "config": { "scopes": ["c"], "tokenUri": "t", "clientSecret": null } },
            { "key": "key", "type": "client-credentials", "enabled": false },
            { "key": "new", "type": "oauth1" },
        ],
        "parameters": { "clientSecret": null },
    });
    assert_eq!(over(base, given), expected);
}

#[test]
fn an_option_of_another_type_and_one_that_is_given_twice_stand_for_themselves() {
    let base = json!({ "authOptions": [{ "key": "a", "type": "oauth2", "config": { "tokenUri": "t" } }, { "key": "b" }] });
    let other = json!({ "key": "a", "type": "oauth1", "config": {} });
    let given = json!({ "authOptions": [other, { "key": "b" }, { "key": "b" }, { "title": "none" }] });
    assert_eq!(over(base, given.clone()), given);
}

#[test]
fn a_file_extends_another_and_an_abstract_one_is_no_connector() {
    let family = json!({
        "abstract": true, "name": "Family", "documentation": "d",
        "authOptions": [{ "key": "oauth", "type": "oauth2", "config": { "tokenUri": "t", "scopes": [] } }],
    });
    let member = json!({
        "extends": "family", "name": "Member",
        "authOptions": [{ "key": "oauth", "config": { "scopes": ["a"] } }],
    });
    let files = [("family".to_owned(), family), ("member".to_owned(), member)].into();
    let resolved = files::resolved(&files).unwrap();
    assert_eq!(resolved.keys().collect::<Vec<_>>(), ["member"]);
    assert_eq!(
        resolved["member"],
        json!({
            "name": "Member", "documentation": "d",
            "authOptions": [{ "key": "oauth", "type": "oauth2", "config": { "tokenUri": "t", "scopes": ["a"] } }],
        })
    );
    let (definition, about) = files::parts(&resolved["member"]);
    assert_eq!(about, map(json!({ "documentation": "d" })));
    assert!(definition.contains_key("authOptions") && !definition.contains_key("documentation"));
    for extended in [json!("none"), json!("a"), json!(3)] {
        let files = [("a".to_owned(), json!({ "extends": extended, "name": "A" }))].into();
        assert!(files::resolved(&files).is_err(), "{extended}");
    }
}
