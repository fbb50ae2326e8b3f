//! Hosts that the browser names: where a secret or a token goes, what a customer enters chooses no host, unless the
//! definition says so. Every address of every type is walked, as the definition itself lists them.

mod choices;
mod closed;
mod held;

use http::Method;
use protocol::definition::{Gets, Integration, IntegrationDefinition};
use protocol::id::WorkspaceKey;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{CLIENT_SECRET, api_key, integration, merge, oauth1};
use tests::provider::Reply;
use tests::tokens::{ROOT, WORKSPACE, admin};
use tests::{Answer, Start, World};

/// What the browser names.
const OPEN: [&str; 14] = [
    "https://${parameters.x}",
    "https://${parameters.x}:8443",
    "${parameters.x}",
    "https://provider.example${parameters.x}",
    "https://provider.${parameters.x}",
    "https://api-${parameters.x}.provider.example",
    "https://${parameters.x}-api.provider.example",
    "https://${parameters.x}.com",
    "https://${parameters.x}.co.uk",
    "https://${parameters.x}.github.io",
    "https://${lower(parameters.x)}",
    "${lower(parameters.x)}",
    "https://${match(parameters.x, '-([a-z]+)$')}.com",
    "https://api-${match(parameters.x, '-([a-z]+)$')}.provider.example",
];

/// Definitions that have, together, every address that there can be.
fn definitions() -> Vec<Value> {
    let calls = json!({
        "test": { "path": "https://provider.example/test" },
        "revoke": { "path": "https://provider.example/revoke" },
    });
    let mut oauth2 = integration();
    merge(
        &mut oauth2["authOptions"][0]["config"],
        &json!({
            "refreshUri": "https://provider.example/refresh",
            "revocationUri": "https://provider.example/revoked",
            "callbackParameters": ["realm"],
        }),
    );
    let mut grant = api_key();
    merge(
        &mut grant["authOptions"][0],
        &json!({ "config": {
            "tokenUri": "https://provider.example/token",
            "clientId": "client",
            "clientSecret": CLIENT_SECRET,
        } }),
    );
    grant["authOptions"][0]["apiClient"] = json!({});
    let mut login = api_key();
    merge(
        &mut login["authOptions"][0],
        &json!({ "config": {
            "login": { "uri": "https://provider.example/login", "response": { "access_token": "token" } },
            "renewal": { "uri": "https://provider.example/renew", "response": { "access_token": "token" } },
        } }),
    );
    login["authOptions"][0]["apiClient"] = json!({});
    let mut all = vec![oauth2, oauth1(), grant, login, api_key()];
    for definition in &mut all {
        let option = &mut definition["authOptions"][0];
        merge(option, &calls);
        option["inputSchema"] = json!({
            "type": "object",
            "properties": { "x": { "type": "string", "pattern": "^[a-z0-9.-]+$" }, "apiKey": { "type": "string" } },
        });
        option.as_object_mut().unwrap().remove("apiClient");
    }
    all
}

/// The fields of a definition's addresses, with what each gets.
fn recipients(definition: &Value) -> Vec<(String, Gets)> {
    let read = IntegrationDefinition::read(definition.clone()).unwrap();
    let mut without_secrets = read;
    without_secrets.take_secrets();
    let integration = Integration::new(&WorkspaceKey::new(WORKSPACE), "new", without_secrets, None);
    let option = &integration.auth_options[0];
    let found = option.recipients(integration.base_uri.as_ref()).into_iter();
    found.map(|recipient| (recipient.field.into_owned(), recipient.gets)).collect()
}

fn at<'v>(definition: &'v mut Value, field: &str) -> &'v mut Value {
    let pointer = format!("/{}", field.replace('[', "/").replace(']', "").replace('.', "/"));
    definition.pointer_mut(&pointer).unwrap()
}

/// Puts a new integration: nothing is kept of the one before.
async fn put(world: &World, definition: &Value) -> Answer {
    world.api(Method::DELETE, "/integrations/new?force=true", &admin(WORKSPACE), None).await;
    world.api(Method::PUT, "/integrations/new", &admin(WORKSPACE), Some(definition)).await
}

/// Every field that is refused.
fn refused(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let problems = body["data"]["problems"].as_array().into_iter().flatten();
    problems.map(|problem| problem["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn no_address_that_gets_a_secret_or_a_token_lets_the_browser_name_its_host() {
    let world = World::new().await;
    let mut walked = Vec::new();
    for definition in definitions() {
        let created = put(&world, &definition).await;
        assert!(created.status.is_success(), "{}", created.body);
        for (field, gets) in recipients(&definition) {
            walked.push(field.clone());
            for open in OPEN {
                let mut changed = definition.clone();
                *at(&mut changed, &field) = format!("{open}/a").into();
                let answer = put(&world, &changed).await;
                if gets == Gets::Nothing {
                    assert!(answer.status.is_success(), "{field} {open}: {}", answer.body);
                } else {
                    assert_eq!(
                        refused(&answer),
                        std::slice::from_ref(&field),
                        "{field} {open}: {}",
                        answer.body
                    );
                }
            }
        }
    }
    walked.sort();
    walked.dedup();
    let config = |setting| format!("authOptions[0].config.{setting}");
    let settings = [
        "authorizeUri",
        "login.uri",
        "refreshUri",
        "renewal.uri",
        "requestTokenUri",
        "revocationUri",
        "tokenUri",
    ]
    .map(config);
    let calls = ["revoke", "test"].map(|call| format!("authOptions[0].{call}.path"));
    let mut expected = [&settings[..], &calls[..], &["baseUri".to_owned()]].concat();
    expected.sort();
    assert_eq!(walked, expected);
}

#[tokio::test(start_paused = true)]
async fn a_whole_label_before_a_domain_is_what_a_customer_may_enter() {
    let world = World::new().await;
    for definition in definitions() {
        for (field, _) in recipients(&definition) {
            for bound in [
                "https://${parameters.x}.provider.example",
                "https://eu.${parameters.x}.provider.example:8443",
                "https://${parameters.x}.${parameters.x}.PROVIDER.co.uk",
                "https://${match(parameters.x, '-([a-z]+)$')}.provider.example",
                "https://provider.example",
                "https://8.8.8.8",
            ] {
                let mut changed = definition.clone();
                *at(&mut changed, &field) = format!("{bound}/a").into();
                let answer = put(&world, &changed).await;
                assert!(answer.status.is_success(), "{field} {bound}: {}", answer.body);
            }
        }
    }
}

/// What the provider's answer names is the provider's word; but it names no host that gets the client secret.
#[tokio::test(start_paused = true)]
async fn a_token_response_names_the_host_of_the_api_but_none_that_gets_the_secret() {
    let world = World::new().await;
    let definition = definitions().remove(0);
    for (field, gets) in recipients(&definition) {
        let mut changed = definition.clone();
        *at(&mut changed, &field) = "${credentials.instance_url}/a".into();
        let answer = put(&world, &changed).await;
        let is_api = field == "baseUri" || !field.contains(".config.");
        assert_eq!(answer.status.is_success(), is_api, "{field} {gets:?}: {}", answer.body);
    }
    // What the customer entered is not.
    let mut entered = definitions().remove(4);
    entered["baseUri"] = "https://${credentials.x}".into();
    assert_eq!(refused(&put(&world, &entered).await), ["baseUri"]);
}

#[tokio::test(start_paused = true)]
async fn a_customers_own_host_is_said_by_the_definition() {
    let world = World::new().await;
    for (number, definition) in definitions().into_iter().enumerate() {
        for (field, gets) in recipients(&definition) {
            let mut changed = definition.clone();
            *at(&mut changed, &field) = "https://${parameters.x}/a".into();
            changed["authOptions"][0]["customerHost"] = true.into();
            let answer = put(&world, &changed).await;
            // OAuth 2 goes on as a public client. The others cannot do without the secret.
            let is_public = number == 0 || gets != Gets::Secret;
            assert_eq!(answer.status.is_success(), is_public, "{field}: {}", answer.body);
            changed["authOptions"][0]["customerHostGetsSecret"] = true.into();
            let answer = put(&world, &changed).await;
            assert!(answer.status.is_success(), "{field}: {}", answer.body);
        }
    }
    let mut alone = integration();
    alone["authOptions"][0]["customerHostGetsSecret"] = true.into();
    let field = "authOptions[0].customerHostGetsSecret";
    assert_eq!(put(&world, &alone).await.refusal(), refusal(400, "request_malformed", field));
    // Without its secret, nothing but PKCE binds a code to the client.
    let mut unbound = integration();
    merge(
        &mut unbound["authOptions"][0],
        &json!({ "customerHost": true, "inputSchema": { "properties": { "x": { "type": "string" } } } }),
    );
    merge(
        &mut unbound["authOptions"][0]["config"],
        &json!({ "tokenUri": "https://${parameters.x}/a", "skipPkce": true }),
    );
    assert_eq!(refused(&put(&world, &unbound).await), ["authOptions[0].config.skipPkce"]);
}

/// The secret of a registration that is lent never goes to the host that a borrower's customer names.
#[tokio::test(start_paused = true)]
async fn what_is_shared_sends_no_secret_to_a_customers_host() {
    let world = World::empty().await;
    world.define_workspace(ROOT, &tests::definitions::workspace(ROOT)).await;
    let mut shared = self_hosted();
    shared["shared"] = true.into();
    let put =
        async |body: &Value| world.api(Method::PUT, "/integrations/lent", &admin(ROOT), Some(body)).await;
    assert_eq!(put(&shared).await.status, 201);
    shared["authOptions"][0]["customerHostGetsSecret"] = true.into();
    let field = "authOptions[0].customerHostGetsSecret";
    assert_eq!(put(&shared).await.refusal(), refusal(400, "request_malformed", field));
}

/// A service that customers run themselves.
fn self_hosted() -> Value {
    let mut definition = integration();
    merge(
        &mut definition["authOptions"][0],
        &json!({
            "customerHost": true,
            "inputSchema": {
                "type": "object",
                "required": ["host"],
                "properties": { "host": { "type": "string" } },
            },
        }),
    );
    merge(
        &mut definition["authOptions"][0]["config"],
        &json!({
            "clientAuthLocation": "both",
            "authorizeUri": "https://${parameters.host}/oauth/authorize",
            "tokenUri": "https://${parameters.host}/oauth/token",
            "revocationUri": "https://${parameters.host}/oauth/revoke",
        }),
    );
    definition
}

#[tokio::test(start_paused = true)]
async fn a_customers_host_gets_no_secret_unless_the_definition_says_so() {
    for gets_secret in [false, true] {
        let mut definition = self_hosted();
        definition["authOptions"][0]["customerHostGetsSecret"] = gets_secret.into();
        let world = World::with(&definition).await;
        world.provider.always("/oauth/revoke", Reply::body(200, "text/plain", ""));
        let start = Start::new().with(&json!({ "connectionParameters": { "host": "provider.example" } }));
        let id = world.connect(&world.browser(), &start).await.connection_id();
        for action in ["refresh-credentials", "disconnect"] {
            let path = format!("/connections/{id}/{action}");
            let answer = world.api(Method::POST, &path, &admin(WORKSPACE), None).await;
            assert!(answer.status.is_success(), "{action}: {}", answer.body);
        }
        let tokens = world.provider.calls_to("/oauth/token");
        assert_eq!(tokens.len(), 2);
        assert!(tokens[0].parameter("code_verifier").is_some());
        let revoked = world.provider.calls_to("/oauth/revoke");
        assert_eq!(revoked.len(), 1);
        for call in tokens.iter().chain(&revoked) {
            let sent = call.parameter("client_secret");
            assert_eq!(sent.as_deref(), gets_secret.then_some(CLIENT_SECRET));
            assert_eq!(call.headers.contains_key("authorization"), gets_secret);
            assert_eq!(call.parameter("client_id").as_deref(), Some("client!+ID"));
        }
    }
}
