//! Hosts that a schema closes, or the list of a callback parameter.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_schema_that_closes_the_host_is_as_good_as_a_literal() {
    let world = World::new().await;
    let domain = json!({ "type": "string", "pattern": r"^[a-z]+\.provider\.example$" });
    let list = json!({ "enum": ["provider.example", "eu.provider.example"] });
    let urls = json!({ "enum": ["https://provider.example", "https://eu.provider.example"] });
    let url = json!({ "type": "string", "pattern": r"^https://[a-z]+\.provider\.example$" });
    let (host, whole) = ("https://${parameters.x}/a", "${parameters.x}/a");
    let closed = [
        (host, domain.clone()),
        (host, list.clone()),
        (host, json!({ "const": "provider.example" })),
        ("https://api-${parameters.x}/a", list.clone()),
        (whole, urls.clone()),
        (whole, url),
        ("https://api-${parameters.x}.provider.example/a", json!({ "enum": ["eu", "us"] })),
        (
            "https://${parameters.x}-api.provider.example/a",
            json!({ "type": "string", "pattern": "^[a-z0-9-]+$" }),
        ),
        ("https://${parameters.y}.${parameters.x}/a", list.clone()),
        (host, json!({ "type": "string", "pattern": r"^(?:[a-z]+\.)?provider\.example$" })),
        (
            "https://api-${parameters.x}/a",
            json!({ "type": "string", "pattern": r"^[a-z]+\.provider\.example$" }),
        ),
        (
            host,
            json!({ "format": "host-and-path", "enum": ["provider.example:8443/eu", "provider.example/us"] }),
        ),
    ];
    let open = [
        (host, json!({ "pattern": r"^[a-z]+\.provider\.example$" })),
        (host, json!({ "type": "string", "pattern": r"[a-z]+\.provider\.example$" })),
        (host, json!({ "type": "string", "pattern": r"^[a-z]+\.co\.uk$" })),
        (host, json!({ "type": "string", "pattern": r"^[a-z.]+$|^x\.provider\.example$" })),
        (host, json!({ "enum": ["provider.example", 7] })),
        (host, json!({ "$ref": "#/properties/y", "enum": ["provider.example"] })),
        (host, json!({ "type": "string", "examples": ["provider.example"] })),
        (host, json!({ "anyOf": [list.clone(), { "type": "string" }] })),
        (whole, domain.clone()),
        ("https://${lower(parameters.x)}/a", list.clone()),
        ("https://${match(parameters.x, '^([a-z.]+)$')}/a", domain),
        (whole, json!({ "type": "string", "pattern": r"^https://.+\.provider\.example$" })),
        (host, urls),
        (
            "https://api-${parameters.x}.provider.example/a",
            json!({ "type": "string", "pattern": "^[a-z.]+$" }),
        ),
        ("https://api-${parameters.x}.provider.example/a", json!({ "enum": ["eu", "evil.example/"] })),
        ("https://api-${parameters.x}.com/a", json!({ "type": "string", "pattern": "^[a-z]+$" })),
        ("https://${parameters.x}example.co.uk/a", json!({ "type": "string", "pattern": "^[a-z]+$" })),
        ("https://${parameters.y}.${parameters.x}/a", json!({ "enum": ["provider.example", "com"] })),
        ("https://${parameters.y}.${parameters.x || 'com'}/a", list.clone()),
        ("https://${parameters.y}${parameters.x}/a", list.clone()),
        ("https://${parameters.y}.${lower(parameters.x)}/a", list.clone()),
        ("https://${parameters.y}.x${parameters.x}/a", list),
        (host, json!({ "type": "string", "pattern": r"^[a-z]*(?:eu\.)?provider\.example$" })),
        (host, json!({ "type": "string", "pattern": r"^[a-z]+(provider\.example)$" })),
        (
            "https://api-${parameters.x}/a",
            json!({ "type": "string", "pattern": r"^(?:[a-z]+\.)?provider\.example$" }),
        ),
        (
            host,
            json!({ "format": "host-and-path", "enum": ["provider.example/eu", "user@provider.example"] }),
        ),
    ];
    for definition in definitions() {
        for (field, gets) in recipients(&definition) {
            let answers = |(address, schema): &(&str, Value)| {
                let mut changed = definition.clone();
                *at(&mut changed, &field) = (*address).into();
                changed["authOptions"][0]["inputSchema"]["properties"]["x"] = schema.clone();
                changed["authOptions"][0]["inputSchema"]["properties"]["y"] = json!({ "type": "string" });
                changed
            };
            for case in &closed {
                let answer = put(&world, &answers(case)).await;
                assert!(answer.status.is_success(), "{field} {case:?}: {}", answer.body);
            }
            for case in open.iter().filter(|_| gets != Gets::Nothing) {
                let answer = put(&world, &answers(case)).await;
                assert!(refused(&answer).contains(&field), "{field} {case:?}: {}", answer.body);
            }
        }
    }
}

/// The engine for schemas, which can read these, is not there when the address is made: no value would ever be accepted.
#[tokio::test(start_paused = true)]
async fn a_pattern_that_cannot_be_matched_where_a_host_is_made_is_refused() {
    let world = World::new().await;
    let [input, own] = ["authOptions[0].inputSchema.properties", "parametersSchema.properties"];
    let callback = "authOptions[0].config.callbackParameters.realm";
    let patterns = [("^[a-z]+$", true), (r"^\p{Greek}+$", false), ("^(?:[a-z]{1,60}x){1,60}$", false)];
    for definition in definitions() {
        let option = &definition["authOptions"][0];
        let has_callback = option["config"]["callbackParameters"].is_array();
        let is_entered = option["type"] == "client-credentials" && option["config"].is_null();
        let mut places = vec![
            ("${parameters.x}", input, "x"),
            ("${parameters.y || parameters.x}", input, "x"),
            ("${parameters.o.x}", input, "o.properties.x"),
            ("${integration.x}", own, "x"),
            ("${integration.o.x}", own, "o.properties.x"),
        ];
        places.extend(is_entered.then_some(("${credentials.x}", input, "x")));
        for (field, _) in recipients(&definition) {
            let callback = (has_callback && !field.ends_with("authorizeUri")).then_some((
                "${credentials.realm}",
                callback,
                "",
            ));
            for (placeholder, schema, property) in places.iter().copied().chain(callback) {
                for (pattern, is_read) in patterns {
                    let x = json!({ "pattern": pattern });
                    let of_x = if property == "x" {
                        json!({ "x": x, "y": { "type": "string" } })
                    } else {
                        json!({ "o": { "type": "object", "properties": { "x": x } } })
                    };
                    let mut changed = definition.clone();
                    *at(&mut changed, &field) = format!("https://{placeholder}.provider.example/a").into();
                    // Where it stands in no host, it is as good as another.
                    changed["authOptions"][0]["inputSchema"]["properties"] = of_x.clone();
                    changed["parametersSchema"] = json!({ "properties": of_x });
                    if property.is_empty() {
                        changed["authOptions"][0]["config"]["callbackParameters"] = json!({ "realm": x });
                    }
                    let answer = put(&world, &changed).await;
                    let place = format!("{schema}.{property}.pattern").replace("..", ".");
                    // A callback parameter must be closed in any case.
                    let found = refused(&answer).into_iter().filter(|field| field.ends_with(".pattern"));
                    let expected = if is_read { vec![] } else { vec![place] };
                    let at = format!("{field} {placeholder} {pattern}: {}", answer.body);
                    assert_eq!(found.collect::<Vec<_>>(), expected, "{at}");
                    assert_eq!(answer.status.is_success(), is_read, "{at}");
                }
            }
        }
    }
}

/// What the team gives is its own; the schema says where it may lead.
#[tokio::test(start_paused = true)]
async fn a_parameter_of_the_integrations_chooses_a_host_where_its_schema_closes_it() {
    let world = World::new().await;
    let list = json!({ "enum": ["provider.example", "eu.provider.example"] });
    let sealed = json!({ "enum": ["provider.example"], "isSensitive": true });
    let text = json!({ "type": "string" });
    for definition in definitions() {
        for (field, _) in recipients(&definition) {
            for (address, schema, is_closed) in [
                ("https://${integration.x}/a", &list, true),
                ("https://${integration.x}.provider.example/a", &text, true),
                ("https://${integration.x}/a", &text, false),
                ("https://${integration.x}/a", &sealed, false),
                ("https://${integration.x}.com/a", &text, false),
                ("${integration.x}/a", &list, false),
            ] {
                let mut changed = definition.clone();
                *at(&mut changed, &field) = address.into();
                changed["parametersSchema"] = json!({ "properties": { "x": schema } });
                changed["parameters"]["x"] = "provider.example".into();
                let refused = refused(&put(&world, &changed).await);
                assert_eq!(!refused.contains(&field), is_closed, "{field} {address} {schema}: {refused:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_callback_parameter_is_a_label_only_if_its_pattern_lets_no_dot_in() {
    let world = World::new().await;
    let definition = definitions().remove(0);
    for (field, _) in recipients(&definition) {
        for (pattern, host, is_closed) in [
            ("^[a-z0-9-]+$", "https://${credentials.realm}.provider.example/a", true),
            (r"^[a-z0-9-]+\.provider\.example$", "https://${credentials.realm}/a", true),
            ("^[a-z0-9-]+$", "https://${credentials.realm}/a", false),
            ("^[a-z0-9-]+$", "https://${credentials.realm}.com/a", false),
            ("^[a-z0-9.-]+$", "https://${credentials.realm}.provider.example/a", false),
            ("[a-z0-9-]+", "https://${credentials.realm}.provider.example/a", false),
            ("^.+$", "https://${credentials.realm}.provider.example/a", false),
        ] {
            let mut changed = definition.clone();
            changed["authOptions"][0]["config"]["callbackParameters"] =
                json!({ "realm": { "pattern": pattern } });
            *at(&mut changed, &field) = host.into();
            let refused = refused(&put(&world, &changed).await);
            // There are no callback parameters before the callback.
            let is_before = field.ends_with("authorizeUri");
            assert_eq!(
                !refused.contains(&field),
                is_closed && !is_before,
                "{field} {pattern} {host}: {refused:?}"
            );
        }
    }
    let mut changed = definition;
    changed["authOptions"][0]["config"]["callbackParameters"] = json!({ "realm": { "pattern": "(" } });
    assert_eq!(
        refused(&put(&world, &changed).await),
        ["authOptions[0].config.callbackParameters.realm.pattern"]
    );
}

#[tokio::test(start_paused = true)]
async fn callback_parameters_never_choose_a_host() {
    let world = World::new().await;
    let definition = definitions().remove(0);
    for (field, _) in recipients(&definition) {
        for host in ["https://${credentials.realm}.provider.example/a", "https://${credentials.realm}/a"] {
            let mut changed = definition.clone();
            *at(&mut changed, &field) = host.into();
            assert!(refused(&put(&world, &changed).await).contains(&field), "{field} {host}");
            changed["authOptions"][0]["customerHost"] = true.into();
            changed["authOptions"][0]["customerHostGetsSecret"] = true.into();
            assert!(refused(&put(&world, &changed).await).contains(&field), "{field} {host}");
        }
    }
}
