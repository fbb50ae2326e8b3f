//! Nobody sees or changes what is another's.

use http::Method;
use serde_json::json;
use tests::answer::refusal;
use tests::tokens::{ROOT, admin, customer};
use tests::{Start, World, definitions};

/// Two workspaces with one connection of `user-1` each; their ids.
async fn two_workspaces() -> (World, [String; 2]) {
    let world = World::new().await;
    let mut globex = definitions::workspace("globex");
    globex["name"] = "Globex".into();
    world.define_workspace("globex", &globex).await;
    let put = Some(definitions::integration());
    world.api(Method::PUT, "/integrations/crm", &admin("globex"), put.as_ref()).await;
    let browser = world.browser();
    let acme = world.connect(&browser, &Start::new()).await.connection_id();
    let start = Start::new().with(&json!({ "token": customer("globex", "user-1") }));
    let globex = world.connect(&browser, &start).await.connection_id();
    (world, [acme, globex])
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_not_found_by_anybody_else() {
    let (world, [acme, globex]) = two_workspaces().await;
    let expected = refusal(404, "not_found", "connectionId");
    for (id, token) in [
        (&acme, customer("globex", "user-1")),
        (&acme, customer("acme", "user-2")),
        (&acme, customer("acme", "user-1#")),
        (&acme, admin("globex")),
        (&globex, customer("acme", "user-1")),
        (&globex, admin("acme")),
    ] {
        for query in ["", "?includeSecrets=false", "?userId=user-1"] {
            let answer = world.api(Method::GET, &format!("/connections/{id}{query}"), &token, None).await;
            assert_eq!(answer.refusal(), expected, "{query}");
        }
    }
    let unknown = world.api(Method::GET, "/connections/000000000000000000000000", &admin("acme"), None).await;
    let foreign = world.api(Method::GET, &format!("/connections/{globex}"), &admin("acme"), None).await;
    assert_eq!(unknown.told(), foreign.told());
}

/// Whatever is asked of it: somebody else's connection, an unknown one, live or archived, is the same answer, to the
/// byte, and nothing changes.
#[tokio::test(start_paused = true)]
async fn no_method_tells_somebody_elses_connection_from_none() {
    let (world, [acme, globex]) = two_workspaces().await;
    let archived = world.connect(&world.browser(), &Start::new().by("user-9")).await.connection_id();
    world.api(Method::DELETE, &format!("/connections/{archived}"), &admin("acme"), None).await;
    let before = world.dump().await;
    let calls = world.provider.calls().len();
    let body = json!({
        "name": "Mine", "credentials": { "access_token": "mine" }, "allowMultipleConnections": true,
    });
    for (method, path) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::PUT, ""),
        (Method::DELETE, ""),
        (Method::DELETE, "?erase=false"),
        (Method::POST, "/disconnect"),
        (Method::POST, "/restore"),
        (Method::POST, "/refresh-credentials"),
        (Method::POST, "/test"),
        (Method::GET, "/proxy/me"),
    ] {
        let ask = async |id: &str, token: &str| {
            let body = (method != Method::GET).then_some(&body);
            world.api(method.clone(), &format!("/connections/{id}{path}"), token, body).await
        };
        let unknown = ask("000000000000000000000000", &admin("acme")).await;
        assert_eq!(unknown.refusal(), refusal(404, "not_found", "connectionId"), "{method} {path}");
        for (id, token) in [
            (&acme, customer("acme", "user-2")),
            (&acme, customer("globex", "user-1")),
            (&acme, admin("globex")),
            (&globex, customer("acme", "user-1")),
            (&archived, customer("acme", "user-1")),
            (&archived, admin("globex")),
        ] {
            let foreign = ask(id, &token).await;
            assert_eq!((foreign.status, foreign.told()), (unknown.status, unknown.told()), "{method} {path}");
            assert_eq!(foreign.headers, unknown.headers, "{method} {path}");
        }
    }
    assert_eq!(world.dump().await, before);
    assert_eq!(world.provider.calls().len(), calls);
}

#[tokio::test(start_paused = true)]
async fn no_method_tells_another_workspaces_integration_from_none() {
    let (world, _) = two_workspaces().await;
    world.define("only-here", &definitions::integration()).await;
    let before = world.dump().await;
    let id = tests::definitions::integration_id("acme", "only-here");
    let body = json!({ "name": "Mine" });
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let ask = async |of: &str| {
            let body = (method == Method::PATCH).then_some(&body);
            let path = format!("/integrations/{of}?force=true");
            world.api(method.clone(), &path, &admin("globex"), body).await
        };
        let unknown = ask("00000000000000000000000000000000").await;
        assert_eq!(unknown.refusal(), refusal(404, "not_found", "integrationKey"), "{method}");
        for of in [id.as_str(), "only-here"] {
            let foreign = ask(of).await;
            assert_eq!((foreign.status, foreign.told()), (unknown.status, unknown.told()), "{method} {of}");
        }
    }
    let given = json!({ "integrationId": id, "userId": "u", "credentials": { "access_token": "mine" } });
    let answer = world.api(Method::POST, "/connections", &admin("globex"), Some(&given)).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationId"));
    assert_eq!(world.dump().await, before);
}

/// What a customer sees beside an integration is their own.
#[tokio::test(start_paused = true)]
async fn the_connection_beside_an_integration_is_the_customers_own() {
    let (world, [acme, globex]) = two_workspaces().await;
    for (token, expected) in [
        (customer("acme", "user-1"), json!(acme)),
        (customer("globex", "user-1"), json!(globex)),
        (customer("acme", "user"), json!(null)),
        (customer("acme", "user-1#"), json!(null)),
        (admin("acme"), json!(null)),
    ] {
        let one = world.api(Method::GET, "/integrations/crm", &token, None).await.json();
        assert_eq!(one["connection"]["id"], expected);
        let all = world.api(Method::GET, "/integrations", &token, None).await.json();
        assert_eq!(all["items"][0]["connection"]["id"], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn lists_end_at_the_workspace_and_at_the_customer() {
    let (world, [acme, globex]) = two_workspaces().await;
    world.connect(&world.browser(), &Start::new().by("user-10")).await.assert_connected();
    let ids = async |path: &str, token: &str| {
        let list = world.api(Method::GET, path, token, None).await.json();
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("/connections", &customer("acme", "user-1")).await, [acme.as_str()]);
    assert_eq!(ids("/connections", &customer("globex", "user-1")).await, [globex.as_str()]);
    assert_eq!(ids("/connections", &customer("acme", "user")).await, [""; 0]);
    assert_eq!(ids("/connections", &admin("globex")).await, [globex.as_str()]);
    assert_eq!(ids("/connections?userId=user-1", &admin("acme")).await, [acme.as_str()]);
    assert_eq!(ids("/connections", &admin("acme")).await.len(), 2);
    let denied =
        world.api(Method::GET, "/connections?userId=user-10", &customer("acme", "user-1"), None).await;
    assert_eq!(denied.refusal(), refusal(403, "access_denied", "userId"));
    // A cursor is a place in the list, not a key to somebody else's.
    let page = world.api(Method::GET, "/connections?limit=1", &admin("acme"), None).await.json();
    let cursor = page["cursor"].as_str().unwrap();
    let stolen = ids(&format!("/connections?cursor={cursor}"), &admin("globex")).await;
    assert!(stolen.iter().all(|id| *id == globex), "{stolen:?}");
    let stolen =
        world.api(Method::GET, &format!("/connections?cursor={cursor}"), &customer("acme", "a"), None).await;
    assert_eq!(stolen.refusal(), refusal(400, "request_malformed", "cursor"));
    // Nor into the archived ones of another customer.
    for id in [&acme, &globex] {
        let workspace = if id == &acme { "acme" } else { "globex" };
        world.api(Method::DELETE, &format!("/connections/{id}"), &admin(workspace), None).await;
    }
    world.clock.advance(std::time::Duration::from_secs(1));
    let live = world.api(Method::GET, "/connections?includeArchived=true", &admin("acme"), None).await.json();
    let cursor = live["cursor"].as_str().unwrap();
    let archived = format!("/connections?includeArchived=true&cursor={cursor}");
    assert_eq!(ids(&archived, &admin("globex")).await, [globex.as_str()]);
    assert_eq!(ids(&archived, &customer("acme", "user-10")).await, [""; 0]);
    assert_eq!(ids(&archived, &customer("acme", "user-1")).await, [acme.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn secrets_are_for_who_manages_the_workspace() {
    let (world, [acme, _]) = two_workspaces().await;
    let path = format!("/connections/{acme}?includeSecrets=true");
    let answer = world.api(Method::GET, &path, &customer("acme", "user-1"), None).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", "includeSecrets"));
    let answer = world.api(Method::GET, &path, &admin("globex"), None).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "connectionId"));
    for token in [customer("acme", "user-1"), admin("acme")] {
        let answer = world.api(Method::GET, &format!("/connections/{acme}"), &token, None).await;
        assert!(!answer.body.contains("access!+token"), "{}", answer.body);
        assert_eq!(answer.json().get("credentials"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn integrations_end_at_the_workspace() {
    let (world, _) = two_workspaces().await;
    let id = tests::definitions::integration_id("acme", "crm");
    for token in [admin("globex"), customer("globex", "user-1")] {
        let answer = world.api(Method::GET, &format!("/integrations/{id}"), &token, None).await;
        assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationKey"));
    }
    let before = world.dump().await;
    let put = definitions::integration();
    let answer = world.api(Method::PUT, &format!("/integrations/{id}"), &admin("globex"), Some(&put)).await;
    assert_eq!(answer.refusal(), refusal(404, "not_found", "integrationKey"));
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn only_who_manages_the_workspace_defines_integrations() {
    let world = World::new().await;
    let before = world.dump().await;
    let put = definitions::integration();
    for (token, expected) in [
        (customer("acme", "user-1"), refusal(403, "access_denied", "")),
        (String::new(), refusal(401, "not_authenticated", "Authorization")),
        (admin("nobody"), refusal(401, "not_authenticated", "token")),
    ] {
        for (method, key) in [(Method::PUT, "new"), (Method::PATCH, "crm"), (Method::DELETE, "crm")] {
            let answer = world.api(method, &format!("/integrations/{key}"), &token, Some(&put)).await;
            assert_eq!(answer.refusal(), expected);
        }
    }
    assert_eq!(world.dump().await, before);
}

#[tokio::test(start_paused = true)]
async fn only_the_root_workspace_defines_workspaces() {
    let world = World::new().await;
    let before = world.dump().await;
    let put = definitions::workspace("acme");
    for (token, expected) in [
        (admin("acme"), refusal(403, "access_denied", "")),
        (customer("acme", "user-1"), refusal(403, "access_denied", "")),
        (customer(ROOT, "user-1"), refusal(403, "access_denied", "")),
        (String::new(), refusal(401, "not_authenticated", "Authorization")),
        (
            tests::tokens::signed(
                &json!({ "iss": ROOT, "isAdmin": true, "exp": tests::tokens::in_an_hour() }),
                tests::tokens::WORKSPACE_SECRET,
            ),
            refusal(401, "not_authenticated", "token"),
        ),
    ] {
        for method in [Method::GET, Method::PUT] {
            let body = (method == Method::PUT).then_some(&put);
            let answer = world.api(method.clone(), "/workspaces/acme", &token, body).await;
            assert_eq!(answer.refusal(), expected, "{method}");
        }
    }
    assert_eq!(world.dump().await, before);
}

/// A customer stays a customer, whatever else the token says.
#[tokio::test(start_paused = true)]
async fn a_token_with_a_customer_never_manages() {
    let world = World::new().await;
    let claims = json!({ "iss": "acme", "id": "u", "isAdmin": true, "exp": tests::tokens::in_an_hour() });
    let token = tests::tokens::signed(&claims, tests::tokens::WORKSPACE_SECRET);
    let answer = world.api(Method::PUT, "/integrations/new", &token, Some(&definitions::integration())).await;
    assert_eq!(answer.refusal(), refusal(403, "access_denied", ""));
}

#[tokio::test(start_paused = true)]
async fn self_is_the_customer_of_the_token() {
    let world = World::new().await;
    let answer = world.api(Method::GET, "/self", &customer("acme", "user-1"), None).await;
    let own = json!({ "id": "user-1", "internalId": "user-1", "name": "Ada Example", "fields": {} });
    assert_eq!(answer.json(), own);
    let answer = world.api(Method::GET, "/self", "", None).await;
    assert_eq!(answer.refusal(), refusal(401, "not_authenticated", "Authorization"));
}
