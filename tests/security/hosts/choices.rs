//! Choices that stand for hosts (`means`): what they mean is the definition's, whatever was entered.

use super::*;

/// A service whose choices are hosts.
fn choices() -> Value {
    let mut definition = api_key();
    definition["baseUri"] = "https://${parameters.region.@host}/v1".into();
    let means = json!({ "eu": { "host": "eu.provider.example" }, "us": { "host": "us.provider.example" } });
    definition["authOptions"][0]["inputSchema"]["properties"]["region"] =
        json!({ "enum": ["eu", "us"], "means": means });
    definition
}

/// The schema lets an object pass. It is still none of the choices.
#[tokio::test(start_paused = true)]
async fn what_was_entered_never_says_what_it_means() {
    let mut definition = choices();
    let hostile = json!({ "@host": "evil.example" });
    definition["authOptions"][0]["inputSchema"]["properties"]["region"]["enum"] =
        json!(["eu", "us", hostile]);
    let world = World::with(&definition).await;
    let entered = json!({ "subdomain": "acme", "apiKey": "key", "region": hostile });
    let start = Start::new().with(&json!({ "connectionParameters": entered }));
    let refused = world.browser().send(start.form()).await.redirected_refusal();
    assert_eq!(refused.key, "input_invalid", "{refused:?}");
    assert!(world.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn choices_that_do_not_bind_what_is_entered_have_no_meaning() {
    let world = World::new().await;
    let arms = |second: Value| json!([{ "const": "eu" }, { "const": "us" }, second]);
    for (keyword, value) in [
        ("$ref", json!("#/properties/subdomain")),
        ("oneOf", arms(json!({ "type": "object" }))),
        ("oneOf", arms(json!({ "const": { "@host": "evil.example" } }))),
        ("oneOf", arms(json!(true))),
    ] {
        let mut definition = choices();
        let schema = &mut definition["authOptions"][0]["inputSchema"];
        schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
        schema["properties"]["region"][keyword] = value.clone();
        let refused = refused(&put(&world, &definition).await);
        let field = "authOptions[0].inputSchema.properties.region.means".to_owned();
        assert!(refused.contains(&field), "{keyword} {value}: {refused:?}");
    }
}
