//! What each function asks of the database, held against what the template's policies allow. The local run has no
//! policies, and would miss a permission that is not there.

use std::collections::BTreeSet;

use flow::lifecycle::refresh::sweep;
use http::Method;
use protocol::clock::Clock;
use serde_json::{Value, json};
use std::time::Duration;
use tests::answer::parameter;
use tests::form::Form;
use tests::provider::{Reply, tokens as token_response};
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin, customer};
use tests::wire::AwsRequest;
use tests::{Start, World, definitions};

/// A workspace with nothing in it.
const EMPTY: &str = "empty";

/// `dynamodb:GetItem on ConnectionsTable`, and so on.
fn asked(requests: &[AwsRequest]) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    let mut ask = |operation: &str, table: &str, body: &Value| {
        let table = match table {
            "flows" => "FlowsTable",
            "connections" => "ConnectionsTable",
            "schedule" => "ScheduleTable",
            _ => "IntegrationsTable",
        };
        let index = body["IndexName"].as_str().map_or(String::new(), |index| format!("/index/{index}"));
        asked.insert(format!("dynamodb:{operation} on {table}{index}"));
    };
    for request in requests {
        match request.operation.as_str() {
            // A transaction asks for what is in it.
            "TransactWriteItems" => {
                for item in request.body["TransactItems"].as_array().unwrap() {
                    for (operation, body) in item.as_object().unwrap() {
                        ask(&format!("{operation}Item"), body["TableName"].as_str().unwrap(), body);
                    }
                }
            }
            "BatchGetItem" => {
                for (table, keys) in request.body["RequestItems"].as_object().unwrap() {
                    ask("BatchGetItem", table, keys);
                }
            }
            operation => {
                ask(operation, request.body["TableName"].as_str().unwrap_or_default(), &request.body);
            }
        }
    }
    asked
}

/// A role of `infra/roles.yaml`.
fn role(name: &str) -> String {
    let roles = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/roles.yaml")).unwrap();
    let section = roles.split(&format!("\n  {name}:\n")).nth(1).unwrap();
    section.split("\n\n").next().unwrap().to_owned()
}

/// The same, as a function's policy allows it.
fn allowed(name: &str) -> BTreeSet<String> {
    let section = role(name);
    let mut allowed = BTreeSet::new();
    for statement in section.split("- Effect: Allow").skip(1) {
        let line = |name: &str| statement.split(name).nth(1).map_or("", |rest| rest.lines().next().unwrap());
        let resource = line("Resource:");
        for action in line("Action:").split(['[', ']', ',', ' ']).filter(|word| word.starts_with("dynamodb:"))
        {
            for table in ["FlowsTable", "ConnectionsTable", "IntegrationsTable", "ScheduleTable"] {
                let index = resource
                    .split_once("/index/")
                    .map_or(String::new(), |(_, name)| format!("/index/{}", name.trim_end_matches('"')));
                if resource.contains(&format!("{table}Arn")) {
                    allowed.insert(format!("{action} on {table}{index}"));
                }
            }
        }
    }
    allowed
}

/// Functions that have nothing in memory, and what each was asked for.
async fn observed() -> [(&'static str, BTreeSet<String>); 5] {
    // Of so low a limit every request counts.
    let world = World::new().await.limited_to(99);
    let browser = world.browser().for_a_person();
    let take = || asked(&world.wire.take_requests());

    let popup = Start::new().with(&json!({ "redirectUri": null, "requestId": "r-1" }));
    let mut initiate = BTreeSet::new();
    let mut callback = BTreeSet::new();
    let mut finish = BTreeSet::new();
    for start in [popup, Start::new(), Start::new().with(&json!({ "allowMultipleConnections": true }))] {
        let fresh = world.restarted();
        let browser = browser.of(&fresh.functions);
        let _ = take();
        let consent = fresh.begin(&browser, &start).await.consent();
        initiate.append(&mut take());
        let answered = browser.of(&world.restarted().functions).get(&consent).await;
        callback.append(&mut take());
        browser.of(&world.restarted().functions).get(answered.location()).await;
        finish.append(&mut take());
    }
    world.define("mail", &definitions::api_key()).await;
    let _ = take();
    let entered = Start::new().with(&json!({
        "integrationKey": "mail", "connectionParameters": definitions::entered(), "integrationId": null,
    }));
    let fresh = world.restarted();
    browser.of(&fresh.functions).send(entered.form()).await;
    initiate.append(&mut take());

    // A start that waits for its customer, and one that then waits for the application.
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["confirmUser"] = json!(true);
    world.define_workspace(WORKSPACE, &workspace).await;
    let _ = take();
    let fresh = world.restarted();
    let browser = browser.of(&fresh.functions);
    let form = entered.clone().with(&json!({ "connectionParameters": null })).form();
    let cancelled = Form::read(&browser.send(form.clone()).await).press(Some(("cancel", "1")));
    browser.send(cancelled).await;
    let form = Form::read(&browser.send(form).await).fill("input/subdomain", "acme");
    let waits = browser.send(form.fill("input/apiKey", definitions::API_KEY).submit()).await;
    initiate.append(&mut take());
    let request = parameter(&waits.away(), "connectionRequestId").unwrap();
    let path = format!("/connection-requests/{request}/complete");
    let completed = world.restarted().api(Method::POST, &path, &customer(WORKSPACE, CUSTOMER), None).await;
    assert_eq!(completed.status, 200);
    let mut api = take();
    world.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
    world.forget_definitions();

    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    let _ = take();
    let (user, manager, root) = (customer(WORKSPACE, CUSTOMER), admin(WORKSPACE), admin(ROOT));
    world.define_workspace(EMPTY, &definitions::workspace(EMPTY)).await;
    let _ = take();
    let given = json!({ "integrationKey": "mail", "userId": "u", "credentials": definitions::entered() });
    for (method, path, token, body) in [
        (Method::GET, "/self".to_owned(), &user, None),
        (Method::GET, "/connections?limit=5".to_owned(), &manager, None),
        (Method::GET, "/connection-attempt-logs".to_owned(), &manager, None),
        (Method::GET, "/integrations".to_owned(), &user, None),
        (Method::GET, "/integrations/crm".to_owned(), &user, None),
        (Method::POST, "/connections".to_owned(), &manager, Some(given)),
        (Method::PATCH, format!("/connections/{id}"), &user, Some(json!({ "name": "N" }))),
        (Method::PATCH, format!("/connections/{id}"), &manager, Some(json!({ "connectorParameters": {} }))),
        (Method::POST, format!("/connections/{id}/refresh-credentials"), &user, None),
        (Method::GET, format!("/connections/{id}/proxy/me"), &user, None),
        (Method::DELETE, format!("/connections/{id}"), &user, None),
        (Method::POST, format!("/connections/{id}/restore"), &user, Some(json!({}))),
        (Method::POST, format!("/connections/{id}/disconnect"), &user, None),
        (Method::DELETE, format!("/connections/{id}?erase=true"), &manager, None),
        (Method::GET, "/customers/u/export".to_owned(), &manager, None),
        (Method::DELETE, "/customers/u".to_owned(), &manager, None),
        (Method::DELETE, format!("/customers/{CUSTOMER}"), &manager, None),
        (Method::PUT, "/integrations/crm".to_owned(), &manager, Some(definitions::integration())),
        (Method::PATCH, "/integrations/crm".to_owned(), &manager, Some(json!({ "name": "N" }))),
        (Method::DELETE, "/integrations/crm?force=true".to_owned(), &manager, None),
        (Method::PUT, format!("/workspaces/{WORKSPACE}"), &root, Some(definitions::workspace(WORKSPACE))),
        (Method::GET, "/workspaces".to_owned(), &root, None),
        (Method::DELETE, format!("/workspaces/{EMPTY}"), &root, None),
    ] {
        let fresh = world.restarted();
        let answer = fresh.api(method.clone(), &path, token, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.body);
    }
    api.append(&mut take());

    [
        ("InitiateRole", initiate),
        ("CallbackRole", callback),
        ("FinishRole", finish),
        ("ApiRole", api),
        ("RefreshRole", of_a_run().await),
    ]
}

/// What a run of the schedule asks for.
async fn of_a_run() -> BTreeSet<String> {
    let world = World::new().await;
    world.provider.always("/oauth/token", Reply::json(200, &token_response()));
    // The first one is replaced, and forgotten at once.
    let mut workspace = definitions::workspace(WORKSPACE);
    workspace["archivedCredentialsDays"] = json!(0);
    world.define_workspace(WORKSPACE, &workspace).await;
    for _ in 0..2 {
        world.connect(&world.browser(), &Start::new()).await.assert_connected();
    }
    world.clock.advance(Duration::from_hours(1));
    let _ = world.wire.take_requests();
    let fresh = world.restarted();
    let swept = sweep(&fresh.deps, world.clock.now() + Duration::from_secs(270)).await.unwrap();
    assert_eq!((swept.renewed, swept.forgotten), (1, 1));
    asked(&world.wire.take_requests())
}

#[tokio::test(start_paused = true)]
async fn each_function_may_do_what_it_does() {
    for (role, asked) in observed().await {
        assert!(!asked.is_empty(), "{role}");
        let allowed = allowed(role);
        let missing: Vec<&String> = asked.difference(&allowed).collect();
        assert!(missing.is_empty(), "{role} may not: {missing:?}; it may: {allowed:?}");
    }
}
