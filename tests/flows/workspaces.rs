//! `GET /workspaces` and `DELETE /workspaces/{key}`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::tokens::{CUSTOMER, ROOT, WORKSPACE, admin};
use tests::{Answer, Fault, World, definitions};

use crate::refresh::connected;

async fn ask(world: &World, method: Method, path: &str) -> Answer {
    world.api(method, path, &admin(ROOT), None).await
}

async fn delete(world: &World, key: &str) -> Answer {
    ask(world, Method::DELETE, &format!("/workspaces/{key}")).await
}

fn keys(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn all_workspaces_are_listed_page_by_page_in_the_order_of_their_keys() {
    let world = World::new().await;
    for key in ["initech", "globex", "hooli"] {
        let mut definition = definitions::workspace(key);
        definition["name"] = format!("Team {key}").into();
        world.define_workspace(key, &definition).await;
    }
    let all = ask(&world, Method::GET, "/workspaces").await.json();
    assert_eq!(keys(&all), ["acme", "globex", "hooli", "initech"]);
    assert_eq!(all["items"][1], json!({ "key": "globex", "name": "Team globex" }));
    assert_eq!(all.get("cursor"), None);

    let first = ask(&world, Method::GET, "/workspaces?limit=3&cursor=0").await.json();
    assert_eq!((keys(&first), &first["cursor"]), (vec!["acme", "globex", "hooli"], &json!("hooli")));
    let second = ask(&world, Method::GET, "/workspaces?limit=3&cursor=hooli").await.json();
    assert_eq!((keys(&second), second.get("cursor")), (vec!["initech"], None));
    let wrong = ask(&world, Method::GET, "/workspaces?limit=0").await;
    assert_eq!(wrong.refusal(), refusal(400, "request_malformed", "limit"));
}

#[tokio::test(start_paused = true)]
async fn a_workspace_is_deleted_once_nothing_is_in_it() {
    let world = World::new().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let id = connected(&world).await;
    let not_empty = refusal(409, "workspace_not_empty", "key");
    assert_eq!(delete(&world, WORKSPACE).await.refusal(), not_empty);
    let token = admin(WORKSPACE);
    world.api(Method::DELETE, "/integrations/crm?force=true", &token, None).await;
    assert_eq!(delete(&world, WORKSPACE).await.refusal(), not_empty, "it has a connection");
    world.api(Method::DELETE, &format!("/connections/{id}"), &token, None).await;
    assert_eq!(delete(&world, WORKSPACE).await.refusal(), not_empty, "it is archived");
    world.clock.advance(Duration::from_millis(1));
    world.api(Method::DELETE, &format!("/customers/{CUSTOMER}"), &token, None).await;
    let deleted = delete(&world, WORKSPACE).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));

    let listed = ask(&world, Method::GET, "/workspaces").await.json();
    assert_eq!(keys(&listed), ["globex"]);
    assert_eq!(ask(&world, Method::GET, "/workspaces/acme").await.refusal().key, "not_found");
    assert_eq!(delete(&world, WORKSPACE).await.refusal(), refusal(404, "not_found", "key"));
    let known = world.api(Method::GET, "/connections", &token, None).await;
    assert_eq!(known.refusal().key, "not_authenticated");
    // Its key can be used again.
    world.define_workspace(WORKSPACE, &definitions::workspace(WORKSPACE)).await;
    assert_eq!(world.api(Method::GET, "/connections", &token, None).await.json(), json!({ "items": [] }));
}

#[tokio::test(start_paused = true)]
async fn only_who_manages_workspaces_lists_and_deletes_them() {
    let world = World::new().await;
    for (method, path) in [(Method::GET, "/workspaces"), (Method::DELETE, "/workspaces/acme")] {
        let refused = world.api(method, path, &admin(WORKSPACE), None).await;
        assert_eq!(refused.refusal().key, "access_denied", "{path}");
    }
    assert!(!world.dump().await.integrations.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_answer_is_lost_is_one_and_one_that_comes_late_takes_nothing_new() {
    let world = World::empty().await;
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    world.wire.keep_writes();
    world.wire.fail("DeleteItem", 1, Fault::LostAnswer);
    assert_eq!(delete(&world, "globex").await.status, 204);
    let mut definition = definitions::workspace("globex");
    definition["name"] = "Defined anew".into();
    let late = world.wire.take_kept();
    world.define_workspace("globex", &definition).await;
    let before = world.dump().await;
    for request in &late {
        world.wire.deliver(request).await;
    }
    assert_eq!(world.dump().await, before);
}
