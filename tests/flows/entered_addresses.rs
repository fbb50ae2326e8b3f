//! Hosts with a port and a path, and addresses that a customer pastes.

use http::Method;
use serde_json::{Value, json};
use tests::answer::parameter;
use tests::definitions::{self, integration_with, merge};
use tests::form::Form;
use tests::provider::{Reply, tokens};
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Browser, Start, World};

/// A service that customers run themselves.
fn own_host(property: &Value, changes: &Value) -> Value {
    let config = json!({
        "clientSecret": null,
        "clientAuthLocation": "none",
        "authorizeUri": "https://${parameters.host}/oauth/authorize",
        "tokenUri": "https://${parameters.host}/oauth/token",
    });
    let mut definition = integration_with(&config);
    definition["baseUri"] = json!("https://${parameters.host}");
    let schema = json!({ "type": "object", "required": ["host"], "properties": { "host": property } });
    let option = &mut definition["authOptions"][0];
    merge(option, &json!({ "customerHost": true, "inputSchema": schema }));
    merge(option, changes);
    definition
}

fn host_and_path() -> Value {
    json!({ "type": "string", "title": "Your address", "format": "host-and-path" })
}

async fn typed(world: &World, text: &str) -> (Browser, Answer) {
    let browser = world.browser().for_a_person();
    let page = browser.send(Start::new().form()).await;
    let answer = browser.send(Form::read(&page).fill("input/host", text).submit()).await;
    (browser, answer)
}

#[tokio::test(start_paused = true)]
async fn a_customers_host_may_have_a_port_and_a_path() {
    for (text, host) in [
        ("provider.example:8443/base", "provider.example:8443/base"),
        ("  https://provider.example:8443/base/ ", "provider.example:8443/base"),
        ("provider.example/base", "provider.example/base"),
        ("HTTPS://provider.example:8443/base", "provider.example:8443/base"),
    ] {
        let world = World::with(&own_host(&host_and_path(), &json!({}))).await;
        world.provider.always("/base/oauth/token", Reply::json(200, &tokens()));
        world.provider.always("/base/me", Reply::json(200, &json!({})));
        let (browser, answer) = typed(&world, text).await;
        let left = answer.location().to_owned();
        assert!(left.starts_with(&format!("https://{host}/oauth/authorize?")), "{text}: {left}");
        let [state, callback] =
            ["state", "redirect_uri"].map(|name| parameter(&answer.away(), name).unwrap());
        let answered = browser.get(&format!("{callback}?code=abc&state={state}")).await;
        let id = browser.get(answered.location()).await.connection_id();
        let called: Vec<String> = world.provider.calls().into_iter().map(|call| call.uri).collect();
        assert_eq!(called, [format!("https://{host}/oauth/token"), format!("https://{host}/me")]);
        assert_eq!(world.secrets(&id).await["parameters"]["host"], host);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_else_of_an_address_is_taken() {
    const FORM: &str = "This must be a host, such as example.com, example.com:8443 or example.com/path.";
    const ITSELF: &str = "This makes an address that leads to the very machine that follows it.";
    for (text, said) in [
        ("user@provider.example", FORM),
        ("https://user:password@provider.example", FORM),
        ("provider.example/?a=b", FORM),
        ("provider.example/#a", FORM),
        ("provider.example/a/../b", FORM),
        ("provider.example/%2e%2e/b", FORM),
        ("provider.example:0", FORM),
        ("ftp://provider.example", FORM),
        ("127.0.0.1:9200", ITSELF),
        ("localhost/base", ITSELF),
    ] {
        let world = World::with(&own_host(&host_and_path(), &json!({}))).await;
        let (_, page) = typed(&world, text).await;
        assert_eq!(page.status, 200, "{text}: {}", page.body);
        assert!(
            page.body.contains(&format!(r#"id="input-host-problem">{said}</p>"#)),
            "{text}: {}",
            page.body
        );
    }
}

async fn put(definition: &Value) -> Answer {
    let world = World::new().await;
    world.api(Method::PUT, "/integrations/other", &admin(WORKSPACE), Some(definition)).await
}

#[tokio::test(start_paused = true)]
async fn only_a_whole_host_of_the_customers_can_have_the_format() {
    let fits = put(&own_host(&host_and_path(), &json!({}))).await;
    assert!(fits.status.is_success(), "{}", fits.body);
    let mut glued = own_host(&host_and_path(), &json!({}));
    glued["baseUri"] = json!("https://api.${parameters.host}/v1");
    let mut with_port = own_host(&host_and_path(), &json!({}));
    with_port["baseUri"] = json!("https://${parameters.host}:8443");
    let not_theirs = own_host(&host_and_path(), &json!({ "customerHost": null }));
    let no_text = own_host(&json!({ "type": "string", "prefix": 1, "suffix": "" }), &json!({}));
    for (definition, fields) in [
        (glued, vec!["baseUri"]),
        (with_port, vec!["baseUri"]),
        (not_theirs, vec!["authOptions[0].inputSchema"]),
        (
            no_text,
            vec![
                "authOptions[0].inputSchema.properties.host.prefix",
                "authOptions[0].inputSchema.properties.host.suffix",
            ],
        ),
    ] {
        let answer = put(&definition).await;
        let problems = answer.json()["data"]["problems"].clone();
        let named: Vec<&str> =
            problems.as_array().unwrap().iter().map(|problem| problem["field"].as_str().unwrap()).collect();
        assert!(fields.iter().all(|field| named.contains(field)), "{problems}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_definition_has_already_is_shown_and_taken_from_what_is_pasted() {
    let mut definition = definitions::integration();
    let host = json!({ "type": "string", "title": "Subdomain", "prefix": "https://", "suffix": ".shops.example.com" });
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({ "type": "object", "required": ["host"], "properties": { "host": host } });
    option["config"]["authorizeUri"] = json!("https://${parameters.host}.shops.example.com/authorize");
    for text in ["acme", "acme.shops.example.com", "https://acme.shops.example.com/admin?a=b"] {
        let world = World::with(&definition).await;
        let browser = world.browser().for_a_person();
        let page = browser.send(Start::new().form()).await;
        for shown in [r#"-prefix">https://</span>"#, r#"-suffix">.shops.example.com</span>"#] {
            assert!(page.body.contains(shown), "{}", page.body);
        }
        let left = browser.send(Form::read(&page).fill("input/host", text).submit()).await;
        assert!(
            left.location().starts_with("https://acme.shops.example.com/authorize?"),
            "{}",
            left.location()
        );
        // What a program gives is read in the same way.
        let start = Start::new().with(&json!({ "connectionParameters": { "host": text } }));
        let left = world.browser().send(start.form()).await;
        assert!(
            left.location().starts_with("https://acme.shops.example.com/authorize?"),
            "{}",
            left.location()
        );
    }
}
