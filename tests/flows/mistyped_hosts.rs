//! A host that a customer mistypes is asked for again, as far as that can be found before they leave.

use protocol::provider::client::{ConnectionFailure, ProviderError};
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{self, integration_with, merge};
use tests::form::Form;
use tests::provider::Reply;
use tests::{Answer, Start, World};

/// Asks for `host` without a pattern.
fn asking(mut definition: Value, changes: &Value) -> Value {
    let option = &mut definition["authOptions"][0];
    option["inputSchema"] = json!({
        "type": "object",
        "required": ["host"],
        "properties": { "host": { "type": "string", "title": "Your address" } },
    });
    merge(option, changes);
    definition
}

/// The problem beside the field.
fn problem(page: &Answer) -> &str {
    let (_, rest) = page.body.split_once(r#"id="input-host-problem">"#).unwrap();
    rest.split_once("</p>").unwrap().0
}

/// The definition asks again after `typed`, and says so beside the field.
async fn assert_asked_again(definition: &Value, path: &str, reply: Option<Reply>, typed: &str, said: &str) {
    let world = World::with(definition).await;
    if let Some(reply) = reply {
        world.provider.next(path, reply);
    }
    let browser = world.browser().for_a_person();
    let page = browser.send(Start::new().form()).await;
    let page = browser.send(Form::read(&page).fill("input/host", typed).submit()).await;
    let form = Form::read(&page);
    assert_eq!((problem(&page), &*form.control("input/host").value), (said, typed));
    assert!(page.body.contains("<title>Problem: "));
}

const BAD: &str = "This stands in a host name: letters, digits, hyphens and single dots only.";
const NOT_THERE: &str = "There is no such service at this address. Please check it.";

#[tokio::test(start_paused = true)]
async fn characters_that_no_host_has_are_asked_again_before_the_customer_leaves() {
    for setting in ["authorizeUri", "tokenUri"] {
        let config = json!({ setting: "https://${parameters.host}.example.com/oauth" });
        let definition = asking(integration_with(&config), &json!({}));
        for typed in ["my company", "https://acme", "acme/", "a..b"] {
            assert_asked_again(&definition, "", None, typed, BAD).await;
        }
        let world = World::with(&definition).await;
        let browser = world.browser().for_a_person();
        let page = browser.send(Start::new().form()).await;
        let page = browser.send(Form::read(&page).fill("input/host", "a/b").submit()).await;
        let left = browser.send(Form::read(&page).fill("input/host", "acme").submit()).await;
        assert_eq!(left.status, 303, "{}", left.body);
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_is_told_which_value_it_is() {
    let config = json!({ "tokenUri": "https://${parameters.host}.example.com/oauth" });
    let world = World::with(&asking(integration_with(&config), &json!({}))).await;
    let start = Start::new().with(&json!({ "connectionParameters": { "host": "a/b" } }));
    let refused = world.browser().send(start.form()).await.redirected_refusal();
    assert_eq!(refused, refusal(303, "input_invalid", "connectionParameters.host"));
    assert_eq!(world.dump().await.flows.len(), 0);
    // Whoever can be asked is asked.
    let page = world.browser().for_a_person().send(start.form()).await;
    assert_eq!(problem(&page), BAD);
}

/// The ways in which a host is not there.
fn not_there() -> [Reply; 3] {
    [
        Reply::fails(ProviderError::connection(ConnectionFailure::UnknownHost)),
        Reply::fails(ProviderError::connection(ConnectionFailure::Refused)),
        Reply::fails(ProviderError::NotAllowed),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_not_there_is_asked_again_where_the_service_calls_first() {
    let at = |path: &str| format!("https://${{parameters.host}}.example.com{path}");
    let login = json!({ "uri": at("/login"), "response": { "access_token": "token" } });
    let definitions = [
        (
            "/token",
            asking(
                definitions::api_key(),
                &json!({
                    "config": { "tokenUri": at("/token"), "clientId": "id", "clientSecret": "our!+secret" },
                    "apiClient": {},
                }),
            ),
        ),
        ("/login", asking(definitions::api_key(), &json!({ "config": { "login": login }, "apiClient": {} }))),
        ("/me", asking(definitions::api_key(), &json!({ "test": { "path": at("/me") }, "apiClient": {} }))),
        ("/request", {
            let mut definition = asking(definitions::oauth1(), &json!({}));
            merge(&mut definition["authOptions"][0]["config"], &json!({ "requestTokenUri": at("/request") }));
            definition
        }),
    ];
    for (path, definition) in definitions {
        for reply in not_there() {
            assert_asked_again(&definition, path, Some(reply), "acme", NOT_THERE).await;
        }
    }
}

/// What the definition alone says is nobody's to correct but the team's.
#[tokio::test(start_paused = true)]
async fn a_host_of_the_definitions_is_not_asked_of_the_customer() {
    let mut definition = asking(definitions::oauth1(), &json!({}));
    merge(
        &mut definition["authOptions"][0]["config"],
        &json!({ "requestTokenUri": "https://provider.example/request" }),
    );
    let world = World::with(&definition).await;
    world.provider.next("/request", Reply::fails(ProviderError::NotAllowed));
    let browser = world.browser().for_a_person();
    let page = browser.send(Start::new().form()).await;
    let result = browser.send(Form::read(&page).fill("input/host", "acme").submit()).await;
    assert_eq!(result.redirected_refusal().key, "configuration_invalid");
}
