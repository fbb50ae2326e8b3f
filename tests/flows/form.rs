//! What is missing is asked for.

use http::Method;
use serde_json::json;
use tests::answer::{parameter, refusal};
use tests::definitions::{self, API_KEY, merge};
use tests::form::Form;
use tests::provider::Reply;
use tests::tokens::{WORKSPACE, admin};
use tests::{Answer, Start, World};

fn start() -> Start {
    Start::new().with(&json!({ "customState": "s" }))
}

async fn asked(world: &World, start: &Start) -> (tests::Browser, Answer) {
    let browser = world.browser().for_a_person();
    let page = browser.send(start.form()).await;
    (browser, page)
}

/// What stands beside a field as its problem.
fn problem<'a>(page: &'a Answer, field: &str) -> &'a str {
    let (_, rest) = page.body.split_once(&format!(r#"id="input-{field}-problem">"#)).unwrap();
    rest.split_once("</p>").unwrap().0
}

#[tokio::test(start_paused = true)]
async fn the_fields_are_those_of_the_schema() {
    let mut definition = definitions::api_key();
    merge(
        &mut definition["authOptions"][0]["inputSchema"]["properties"],
        &json!({
            "port": { "type": "integer", "default": 443 },
            "region": { "enum": ["eu", "us"], "title": "Region" },
            "sandbox": { "type": "boolean" },
            "contact": {
                "type": "string", "format": "email", "description": "Who is told <b>first</b>",
                "examples": ["me@crm.example"], "helpUri": "https://crm.example/contact?a=1&b=2",
            },
            "certificate": { "type": "string", "multiline": true },
            "server": { "type": "object", "title": "Your server", "properties": { "host": { "type": "string" } } },
        }),
    );
    let world = World::with(&definition).await;
    let (_, page) = asked(&world, &start()).await;
    let form = Form::read(&page);
    let expected = [
        ("input/subdomain", "text", true),
        ("input/apiKey", "password", true),
        ("input/port", "text", false),
        ("input/region", "select", false),
        ("input/sandbox", "checkbox", false),
        ("input/contact", "email", false),
        ("input/certificate", "textarea", false),
        ("input/server/host", "text", false),
    ];
    assert_eq!(form.asked(), expected);
    assert_eq!(form.control("input/port").value, "443");
    for text in ["Use an API key", "Your subdomain", "API key", "Region", "Who is told &#60;b&#62;first"] {
        assert!(page.body.contains(text), "{text}");
    }
    for shown in [
        "For example: <bdi>me@crm.example</bdi>",
        r#"<a href="https://crm.example/contact?a=1&#38;b=2" target="_blank" rel="noopener noreferrer">"#,
        "<legend><bdi>Your server</bdi></legend>",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("Please check"), "nothing is wrong yet");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!(world.dump().await.flows.len(), 1, "the start waits");
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_definition_is_that_of_the_form_and_of_what_is_returned() {
    let mut definition = definitions::api_key();
    let property = json!({ "type": "string" });
    let names = ["zone", "account", "middle", "apiKey", "subdomain", "beta"];
    let properties: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), property.clone())).collect();
    definition["authOptions"][0]["inputSchema"]["properties"] = properties.into();
    let world = World::with(&definition).await;
    let (_, page) = asked(&world, &start()).await;
    let drawn: Vec<String> = Form::read(&page).asked().iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(drawn, names.map(|name| format!("input/{name}")));

    let returned = world.api(Method::GET, "/integrations/crm", &admin(WORKSPACE), None).await;
    let schema = &returned.json()["authOptions"][0]["inputSchema"];
    assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), names);

    let patch = json!({ "parametersSchema": { "properties": { "b": {}, "a": {}, "c": {} } } });
    world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&patch)).await;
    let patch = json!({ "parametersSchema": { "properties": { "b": null, "0": {} } } });
    let patched = world.api(Method::PATCH, "/integrations/crm", &admin(WORKSPACE), Some(&patch)).await;
    let schema = &patched.json()["parametersSchema"];
    assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "c", "0"]);
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_cancels_is_sent_back_as_from_the_provider() {
    let world = World::with(&definitions::api_key()).await;
    let (browser, page) = asked(&world, &start()).await;
    let form = Form::read(&page).fill("input/apiKey", API_KEY);
    let result = browser.send(form.press(Some(("cancel", "1")))).await;
    assert_eq!(result.redirected_refusal(), refusal(303, "authorization_denied", ""));
    assert_eq!(parameter(&result.away(), "customState").as_deref(), Some("s"));
    assert_eq!(world.provider.calls().len(), 0);
    assert_eq!(world.dump().await.connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_has_cancelled_does_not_connect_by_going_back() {
    let world = World::with(&definitions::api_key()).await;
    let (browser, page) = asked(&world, &start()).await;
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    for button in [Some(("cancel", "1")), None, Some(("cancel", "1"))] {
        let result = browser.send(form.press(button)).await;
        assert_eq!(result.redirected_refusal(), refusal(303, "authorization_denied", ""), "{button:?}");
    }
    assert_eq!(world.dump().await.connections.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_connects() {
    let world = World::with(&definitions::api_key()).await;
    let (browser, page) = asked(&world, &start()).await;
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    let result = browser.send(form.submit()).await;
    assert_eq!(parameter(&result.away(), "customState").as_deref(), Some("s"));
    let secrets = world.secrets(&result.connection_id()).await;
    assert_eq!(secrets["credentials"], definitions::entered());
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_gave_needs_not_be_typed() {
    let world = World::with(&definitions::api_key()).await;
    let start = start().with(&json!({ "connectionParameters": { "subdomain": "acme" } }));
    let (browser, page) = asked(&world, &start).await;
    let form = Form::read(&page);
    assert_eq!(form.control("input/subdomain").value, "acme");
    let result = browser.send(form.fill("input/apiKey", API_KEY).submit()).await;
    assert_eq!(world.secrets(&result.connection_id()).await["credentials"], definitions::entered());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_stands_beside_its_field_and_secrets_are_typed_again() {
    let world = World::with(&definitions::api_key()).await;
    let (browser, page) = asked(&world, &start()).await;
    let typed = r#"Acme"><script>alert(1)</script>"#;
    let form = Form::read(&page).fill("input/subdomain", typed).fill("input/apiKey", API_KEY);
    let page = browser.send(form.submit()).await;
    assert_eq!(problem(&page, "subdomain"), "This does not have the expected form.");
    assert_eq!(problem(&page, "apiKey"), "");
    assert!(page.body.contains("<title>Problem: "));
    assert!(!page.body.contains("<script"), "{}", page.body);
    let form = Form::read(&page);
    assert_eq!(form.control("input/subdomain").value, typed);
    assert_eq!(form.control("input/apiKey").value, "");
    assert!(!page.body.contains("api!"), "{}", page.body);
    assert_eq!(world.provider.calls().len(), 0);

    let page = browser.send(form.fill("input/subdomain", "acme").submit()).await;
    assert_eq!(problem(&page, "apiKey"), "Please fill this in.");
    let form = Form::read(&page).fill("input/apiKey", API_KEY);
    browser.send(form.submit()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn what_the_service_refuses_is_asked_for_again() {
    let world = World::with(&definitions::api_key()).await;
    let (browser, page) = asked(&world, &start()).await;
    world.provider.next("/api/me", Reply::json(401, &json!({})));
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", "wrong!key");
    let page = browser.send(form.submit()).await;
    assert!(page.body.contains("The service did not accept the credentials."), "{}", page.body);
    assert!(!page.body.contains("wrong!key") && !page.body.contains("wrong&#33;key"));
    assert_eq!(world.dump().await.connections.len(), 0);

    let form = Form::read(&page);
    assert_eq!(form.control("input/subdomain").value, "acme");
    browser.send(form.fill("input/apiKey", API_KEY).submit()).await.assert_connected();
}

#[tokio::test(start_paused = true)]
async fn a_problem_that_is_no_fields_is_told_above_them() {
    let mut definition = definitions::api_key();
    definition["authOptions"][0]["inputSchema"]["additionalProperties"] = false.into();
    let world = World::with(&definition).await;
    let start = start().with(&json!({ "connectionParameters": { "subdomain": "acme", "unknown": "x" } }));
    let (browser, page) = asked(&world, &start).await;
    let page = browser.send(Form::read(&page).fill("input/apiKey", API_KEY).submit()).await;
    assert!(page.body.contains("There is no such field: unknown."), "{}", page.body);
    assert!(page.body.contains(r#"role="alert""#));
}

#[tokio::test(start_paused = true)]
async fn what_a_providers_page_needs_before_is_asked_first() {
    let mut definition = definitions::integration_with(&json!({
        "authorizeUri": "https://${parameters.subdomain}.provider.example/oauth/authorize",
    }));
    definition["authOptions"][0]["inputSchema"] = json!({
        "type": "object", "required": ["subdomain"], "properties": { "subdomain": { "pattern": "^[a-z]+$" } },
    });
    let world = World::with(&definition).await;
    let (browser, page) = asked(&world, &start()).await;
    let begun = browser.send(Form::read(&page).fill("input/subdomain", "acme").submit()).await;
    let at_provider = begun.away();
    assert_eq!(at_provider.host_str(), Some("acme.provider.example"));
    let state = parameter(&at_provider, "state").unwrap();
    let callback = format!("{}?code=a&state={state}", tests::world::callback_path());
    let answered = browser.get(&callback).await;
    let id = browser.get(answered.location()).await.connection_id();
    assert_eq!(world.secrets(&id).await["parameters"], json!({ "subdomain": "acme" }));
}

#[tokio::test(start_paused = true)]
async fn a_logos_address_cannot_widen_the_pages_policy() {
    let mut workspace = definitions::workspace("acme");
    workspace["logoUri"] = "https://cdn.example/a*;script-src'unsafe-inline',/é.png".into();
    let world = World::with(&definitions::api_key()).await;
    world.define_workspace("acme", &workspace).await;
    let (_, page) = asked(&world, &start()).await;
    let policy = page.header("content-security-policy");
    let images = policy.split("; ").find(|directive| directive.starts_with("img-src")).unwrap();
    let expected = "img-src https://cdn.example/a*%3Bscript-src'unsafe-inline'%2C/%C3%A9.png";
    assert_eq!(images, expected);
    assert!(!policy.contains("; script-src") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test(start_paused = true)]
async fn a_program_is_told_what_is_missing() {
    let world = World::with(&definitions::api_key()).await;
    let result = world.browser().send(start().form()).await;
    let expected = refusal(303, "input_invalid", "connectionParameters.subdomain");
    assert_eq!(result.redirected_refusal(), expected);
    assert!(result.cookies().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_start_as_large_as_any_still_has_its_form() {
    let world = World::with(&definitions::api_key()).await;
    let large = json!({ "connectorParameters": { "note": "x".repeat(60 * 1024) } });
    let (browser, page) = asked(&world, &start().with(&large)).await;
    let form = Form::read(&page).fill("input/subdomain", "acme").fill("input/apiKey", API_KEY);
    browser.send(form.submit()).await.assert_connected();
}
