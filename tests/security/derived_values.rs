//! What is made of a secret is a secret.

use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::definitions::{api_key, integration, merge};
use tests::tokens::{WORKSPACE, admin};

/// The fields of a new definition that are refused.
async fn refused(world: &World, definition: &Value) -> Vec<String> {
    let answer = world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(definition)).await;
    let body = answer.json();
    let problems = body["data"]["problems"].as_array().into_iter().flatten();
    problems.map(|problem| problem["field"].as_str().unwrap().to_owned()).collect()
}

fn with_sealed(mut definition: Value, option: &Value) -> Value {
    merge(
        &mut definition,
        &json!({
            "parametersSchema": { "properties": {
                "sealed": { "type": "string", "isSensitive": true },
                "open": { "type": "string" },
            } },
            "parameters": { "sealed": "se!aled", "open": "open" },
        }),
    );
    merge(&mut definition["authOptions"][0], option);
    definition
}

#[tokio::test(start_paused = true)]
async fn what_is_made_of_a_secret_goes_only_where_the_secret_may() {
    let world = World::new().await;
    for (function, is_sealed) in [
        ("base64(integration.sealed)", true),
        ("base64(integration.open, ':', integration.sealed)", true),
        ("match(integration.sealed, '(.+)')", true),
        ("base64(integration.open)", false),
    ] {
        let shown = format!("${{{function}}}");
        let mut definition = with_sealed(integration(), &json!({}));
        definition["authOptions"][0]["config"]["extra"] = json!({ "x": shown });
        let expected: &[&str] = if is_sealed { &["authOptions[0].config.extra.x"] } else { &[] };
        assert_eq!(refused(&world, &definition).await, expected, "{function}");
    }

    // A host that the customer names gets nothing that is sealed.
    for value in
        ["${integration.sealed}", "${base64(integration.sealed)}", "${sha256('a', integration.sealed)}"]
    {
        let mut definition = with_sealed(
            api_key(),
            &json!({ "customerHost": true, "apiClient": { "headers": { "X-Sealed": value } } }),
        );
        definition["baseUri"] = "https://${parameters.subdomain}".into();
        assert_eq!(refused(&world, &definition).await, ["baseUri"], "{value}");
    }

    // Tokens are no name of an account, in whichever form.
    let mut definition = integration();
    definition["authOptions"][0]["account"] = json!({ "id": "${sha256(credentials.access_token)}" });
    assert_eq!(refused(&world, &definition).await, ["authOptions[0].account.id"]);

    // What is not there is not there in a function either.
    let mut definition = integration();
    definition["authOptions"][0]["apiClient"]["headers"]["X-A"] = "${base64(parameters.none)}".into();
    assert_eq!(refused(&world, &definition).await, ["authOptions[0].apiClient.headers.X-A"]);
}
