//! No schema, and no input, costs more than a bounded amount of work. Each of these once took seconds, or for ever.

use http::Method;
use protocol::definition::input;
use protocol::error::ErrorKey;
use serde_json::{Map, Value, json};
use tests::answer::refusal;
use tests::tokens::{admin, customer};
use tests::{World, definitions};

fn definition(schema: &Value) -> Value {
    let mut definition = definitions::api_key();
    definition["authOptions"][0]["inputSchema"] = schema.clone();
    definition
}

/// A schema with the properties that the option needs, and `more`.
fn schema(more: &Value) -> Value {
    let mut schema = definitions::api_key()["authOptions"][0]["inputSchema"].clone();
    schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    schema
}

fn property(property: &Value) -> Value {
    let mut schema = schema(&json!({}));
    schema["properties"]["more"] = property.clone();
    schema
}

/// Twice as many subschemas with each of `levels`.
fn doubled(keyword: &str, levels: usize) -> Value {
    let mut defs = Map::new();
    for level in 0..levels {
        let next = json!({ "$ref": format!("#/$defs/d{}", level + 1) });
        defs.insert(format!("d{level}"), json!({ keyword: [next.clone(), next] }));
    }
    defs.insert(format!("d{levels}"), json!({ "type": "object" }));
    schema(&json!({ "$defs": defs, "allOf": [{ "$ref": "#/$defs/d0" }] }))
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }))
}

fn unbounded() -> Vec<(&'static str, Value)> {
    let mut cases = vec![
        ("subschemas that double, of all", doubled("allOf", 14)),
        ("of any", doubled("anyOf", 14)),
        ("of one", doubled("oneOf", 14)),
        ("deep ones that double", doubled("allOf", 40)),
        ("deep", schema(&json!({ "not": nested(20) }))),
        ("large", property(&json!({ "description": "x".repeat(64 * 1024) }))),
        ("many values", property(&json!({ "enum": (0..10_001).collect::<Vec<_>>() }))),
        ("an alternative in a look-behind", property(&json!({ "pattern": "(?<=(a|aa)+)b" }))),
        ("a look-ahead", property(&json!({ "pattern": "^(?=.*[0-9]).{8,}$" }))),
        ("a negative look-ahead", property(&json!({ "pattern": "^(?!a).*$" }))),
        ("a backreference", property(&json!({ "pattern": r"(a+)\1" }))),
        ("a look-ahead in a name's pattern", schema(&json!({ "patternProperties": { "(?=a)": {} } }))),
        ("repeated repetitions", property(&json!({ "pattern": "((a{100}){100}){100}" }))),
        ("a class, many times", property(&json!({ "pattern": r"^\p{L}{1,500}$" }))),
        ("a long pattern", property(&json!({ "pattern": "a".repeat(1025) }))),
        ("many patterns", property(&json!({ "allOf": vec![json!({ "pattern": "[ab]{1,500}" }); 20] }))),
    ];
    for to in [
        "#",
        "#/",
        "#/$defs/none",
        "#/properties",
        "#/title",
        "#name",
        "other",
        "https://example.com/schema",
        "file:///etc/passwd",
        "#/%24defs/a",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        cases.push(("a $ref", schema(&json!({ "$defs": { "a": {} }, "allOf": [{ "$ref": to }] }))));
    }
    cases.push((
        "a $ref to itself",
        schema(&json!({ "$defs": { "a": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" })),
    ));
    cases.push(("a $ref in a circle", schema(&json!({ "$ref": "#/$defs/a",
        "$defs": { "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "properties": { "c": { "$ref": "#/$defs/a" } } } } }))));
    for keyword in [
        "$id",
        "$anchor",
        "$dynamicAnchor",
        "$recursiveAnchor",
        "$dynamicRef",
        "$recursiveRef",
        "unevaluatedItems",
        "unevaluatedProperties",
        "$schema",
    ] {
        let part = json!({ keyword: "#/$defs/a" });
        let id = json!({ keyword: "https://example.com/schema" });
        cases.push((keyword, schema(&id)));
        // Wherever a subschema can stand.
        for holder in
            ["properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"]
        {
            cases.push((keyword, property(&json!({ holder: { "a": part } }))));
        }
        for holder in ["allOf", "anyOf", "oneOf", "prefixItems", "items"] {
            cases.push((keyword, property(&json!({ holder: [part] }))));
        }
        for holder in [
            "additionalItems",
            "additionalProperties",
            "contains",
            "contentSchema",
            "else",
            "if",
            "items",
            "not",
            "propertyNames",
            "then",
        ] {
            cases.push((keyword, property(&json!({ holder: part }))));
        }
    }
    cases
}

#[tokio::test(start_paused = true)]
async fn a_schema_without_bounds_is_refused_when_it_is_put() {
    let world = World::new().await;
    let before = world.dump().await;
    for (case, schema) in unbounded() {
        let answer =
            world.api(Method::PUT, "/integrations/new", &admin("acme"), Some(&definition(&schema))).await;
        let expected = refusal(400, "request_malformed", "authOptions[0].inputSchema");
        assert_eq!(answer.refusal(), expected, "{case}: {schema}: {}", answer.body);
    }
    assert_eq!(world.dump().await, before);
}

#[test]
fn a_stored_schema_without_bounds_never_reaches_the_engine() {
    for (case, schema) in unbounded() {
        let refused = input::violations(&schema, &Map::new()).unwrap_err();
        assert_eq!(refused.key(), ErrorKey::ConfigurationInvalid, "{case}");
        assert_eq!(refused.data()["field"], "inputSchema", "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_pattern_is_told_with_the_reason() {
    let world = World::new().await;
    for (pattern, reason) in [("(?<=(a|aa)+)b", "look-around"), (r"(a)\1", "backreferences")] {
        let body = definition(&property(&json!({ "pattern": pattern })));
        let answer = world.api(Method::PUT, "/integrations/new", &admin("acme"), Some(&body)).await;
        assert!(answer.body.contains(reason), "{}", answer.body);
    }
}

#[tokio::test(start_paused = true)]
async fn what_forms_need_is_within_the_bounds() {
    let world = World::new().await;
    let region =
        json!({ "type": "string", "enum": (0..300).map(|n| format!("region-{n}")).collect::<Vec<_>>() });
    for schema in [
        schema(&json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" })),
        schema(
            &json!({ "$schema": "http://json-schema.org/draft-07/schema#", "definitions": { "a": region } }),
        ),
        schema(
            &json!({ "$defs": { "region": region }, "if": { "required": ["a"] }, "then": { "required": ["b"] },
            "allOf": [{ "properties": { "a": { "$ref": "#/$defs/region" }, "b": { "$ref": "#/$defs/region" } } }] }),
        ),
        // A property may have any name.
        property(
            &json!({ "properties": { "$id": {}, "id": { "type": "string" }, "$dynamicRef": {}, "pattern": {} } }),
        ),
        property(
            &json!({ "pattern": r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", "maxLength": 253 }),
        ),
        property(&json!({ "pattern": r"^\d{4}-\w+\s\p{L}+$", "format": "email" })),
        property(
            &json!({ "type": "array", "uniqueItems": true, "contains": { "const": 1 }, "items": { "multipleOf": 1e-300 } }),
        ),
    ] {
        world.define("forms", &definition(&schema)).await;
    }
}

/// Counted, not timed: the product of what a schema costs and of the input's size is what is bounded.
#[tokio::test(start_paused = true)]
async fn an_input_is_the_shorter_the_more_its_schema_asks() {
    let cheap = json!({ "type": "object", "properties": { "a": { "pattern": "b$" } } });
    let dear = json!({ "type": "object", "properties": { "a": { "allOf": vec![json!({ "pattern": "(a|b)*b[ab]{900}$" }); 4] } } });
    let violates = |schema: &Value, length: usize| {
        let input = Map::from_iter([("a".to_owned(), "a".repeat(length).into())]);
        let found = input::violations(schema, &input).unwrap();
        found[0].pointer.clone()
    };
    for (schema, fits) in [(&cheap, 65_000), (&dear, 5_000)] {
        assert_eq!(violates(schema, fits), "/a", "it was checked");
        assert_eq!(violates(schema, 66_000), "", "it was not");
    }
    assert_eq!(violates(&dear, 10_000), "", "it was not");

    let world = World::new().await;
    world.define("forms", &definition(&property(&dear["properties"]["a"]))).await;
    let before = world.dump().await;
    let body = json!({ "integrationKey": "forms", "parameters": { "subdomain": "a", "apiKey": "k", "more": "a".repeat(20_000) },
        "credentials": { "subdomain": "a", "apiKey": "k", "more": "a".repeat(20_000) } });
    let answer = world.api(Method::POST, "/connections", &customer("acme", "user-1"), Some(&body)).await;
    assert_eq!(answer.refusal().key, "input_invalid", "{}", answer.body);
    assert_eq!(world.dump().await, before);
}
