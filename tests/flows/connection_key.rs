//! A key of the caller's for a connection: it stands where the id does.

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::definitions::{INTEGRATION, api_key, entered, integration};
use tests::tokens::{CUSTOMER, WORKSPACE, admin, customer};
use tests::{Answer, Start, World};

fn keyed(key: &str) -> Start {
    Start::new().with(&json!({ "connectionKey": key }))
}

/// The same, which leaves the customer's other connections alone.
fn beside(key: &str) -> Start {
    keyed(key).with(&json!({ "allowMultipleConnections": true }))
}

async fn connect(world: &World, start: &Start) -> String {
    world.connect(&world.browser(), start).await.connection_id()
}

async fn ask(world: &World, method: Method, path: &str, body: Option<&Value>) -> Answer {
    world.api(method, path, &customer(WORKSPACE, CUSTOMER), body).await
}

async fn found(world: &World, key: &str) -> Option<String> {
    let answer = ask(world, Method::GET, &format!("/connections/{key}"), None).await;
    if answer.status == 404 {
        return None;
    }
    let connection = answer.json();
    assert_eq!(connection["key"], key);
    Some(connection["id"].as_str().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn it_stands_wherever_the_id_does() {
    let world = World::new().await;
    let id = connect(&world, &keyed("main")).await;
    assert_eq!(found(&world, "main").await.as_deref(), Some(&*id));
    let own = customer(WORKSPACE, CUSTOMER);
    for (method, path, status) in [
        (Method::GET, "/connections/main", 200),
        (Method::GET, "/connections/main/proxy/me", 200),
        (Method::PATCH, "/connections/main", 200),
        (Method::PUT, "/connections/main", 200),
        (Method::POST, "/connections/main/test", 200),
        (Method::POST, "/connections/main/refresh-credentials", 204),
        (Method::POST, "/connections/main/disconnect", 204),
        (Method::DELETE, "/connections/main", 204),
        (Method::GET, "/connections/main", 404),
        (Method::POST, "/connections/main/restore", 404),
    ] {
        let body = json!({ "name": "New" });
        let body = (!path.ends_with("/me")).then_some(&body);
        assert_eq!(world.api(method.clone(), path, &own, body).await.status, status, "{method} {path}");
    }
    let asked = json!({ "connectionId": "main" });
    let options = world.api(Method::POST, "/connection-options", &own, Some(&asked));
    assert_eq!(options.await.refusal(), refusal(404, "not_found", "connectionId"));
}

#[tokio::test(start_paused = true)]
async fn a_start_with_a_key_that_exists_updates_that_connection() {
    let world = World::new().await;
    let first = connect(&world, &beside("one")).await;
    let second = connect(&world, &beside("two")).await;
    // Whether others are allowed beside it has no meaning then.
    for start in [beside("one"), keyed("one").with(&json!({ "name": "Renamed" }))] {
        assert_eq!(connect(&world, &start).await, first);
    }
    assert_eq!(world.dump().await.live_connections().len(), 2);
    assert_eq!(found(&world, "two").await, Some(second));
    assert_eq!(world.connection(&first).await.json()["name"], "Renamed");
    // The key alone is enough, as the id alone is.
    assert_eq!(connect(&world, &keyed("one").with(&json!({ "integrationKey": null }))).await, first);
    let unknown = keyed("three").with(&json!({ "integrationKey": null }));
    let refused = world.browser().send(unknown.form()).await.redirected_refusal();
    assert_eq!((&*refused.key, &*refused.field), ("not_found", "connectionKey"));
}

#[tokio::test(start_paused = true)]
async fn it_is_the_customers_own() {
    let world = World::new().await;
    let mine = connect(&world, &keyed("main")).await;
    let theirs = connect(&world, &keyed("main").by("user-2")).await;
    assert_ne!(mine, theirs);
    assert_eq!(found(&world, "main").await, Some(mine.clone()));
    let manager = admin(WORKSPACE);
    let get = async |path: &str| world.api(Method::GET, path, &manager, None).await;
    assert_eq!(get("/connections/main").await.refusal(), refusal(404, "not_found", "userId"));
    for (query, id) in [("userId=user-1", &mine), ("tenantId=user-2", &theirs)] {
        assert_eq!(get(&format!("/connections/main?{query}")).await.json()["id"], **id);
    }
    assert_eq!(
        get("/connections/main?userId=user-3").await.refusal(),
        refusal(404, "not_found", "connectionId")
    );
    assert_eq!(get("/connections/main/proxy/me").await.refusal(), refusal(404, "not_found", "userId"));
    // What can be neither a key nor an id is asked of nobody.
    assert_eq!(get("/connections/a%20b").await.refusal(), refusal(404, "not_found", "connectionId"));
    assert_eq!(world.provider.calls_to("/api/me").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_could_be_taken_for_an_id_is_no_key() {
    let world = World::new().await;
    for bad in
        ["0123456789abcdef01234567", "0123456789ABCDEF01234567", "a/b", "..", "a b", "-", &"k".repeat(101)]
    {
        let refused = world.browser().send(keyed(bad).form()).await.refusal();
        assert_eq!((&*refused.key, &*refused.field), ("request_malformed", "connectionKey"), "{bad}");
        let body =
            json!({ "key": bad, "integrationKey": INTEGRATION, "credentials": { "access_token": "a" } });
        let refused = ask(&world, Method::POST, "/connections", Some(&body)).await;
        assert_eq!(refused.refusal(), refusal(400, "request_malformed", "key"), "{bad}");
    }
}

/// Archived, erased or under another key: then it is anybody's.
#[tokio::test(start_paused = true)]
async fn it_is_free_once_its_connection_is_gone() {
    let world = World::new().await;
    for (method, path, body) in [
        (Method::DELETE, "", None),
        (Method::DELETE, "?erase=true", None),
        (Method::PATCH, "", Some(json!({ "key": null }))),
        (Method::PATCH, "", Some(json!({ "key": "other" }))),
    ] {
        let before = connect(&world, &beside("main")).await;
        let path = format!("/connections/{before}{path}");
        assert!(world.api(method, &path, &admin(WORKSPACE), body.as_ref()).await.status.is_success());
        assert_eq!(found(&world, "main").await, None, "{path}");
        let after = connect(&world, &beside("main")).await;
        assert_ne!(after, before);
        assert_eq!(found(&world, "main").await, Some(after.clone()));
        world.api(Method::DELETE, &format!("/connections/{after}"), &admin(WORKSPACE), None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_erased_leaves_no_key() {
    let world = World::new().await;
    let id = connect(&world, &keyed("main")).await;
    let erased = world.api(Method::DELETE, &format!("/customers/{CUSTOMER}"), &admin(WORKSPACE), None).await;
    assert_eq!(erased.status, 200);
    for item in &world.dump().await.connections {
        let key = tests::dump::text(item, "pk");
        let holds = format!("{item:?}");
        assert!(!key.starts_with("key#") || (!holds.contains(&id) && item.contains_key("ttl")), "{holds}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_restored_takes_its_key_again_unless_another_has_it() {
    let world = World::new().await;
    let first = connect(&world, &keyed("main")).await;
    let (path, restore) = (format!("/connections/{first}"), format!("/connections/{first}/restore"));
    ask(&world, Method::DELETE, &path, None).await;
    assert_eq!(ask(&world, Method::POST, &restore, None).await.json()["key"], "main");
    assert_eq!(found(&world, "main").await, Some(first.clone()));

    ask(&world, Method::DELETE, &path, None).await;
    let second = connect(&world, &keyed("main")).await;
    let beside = json!({ "allowMultipleConnections": true });
    let restored = ask(&world, Method::POST, &restore, Some(&beside)).await.json();
    assert_eq!((&restored["id"], &restored["key"]), (&json!(first), &json!(null)));
    assert_eq!(found(&world, "main").await, Some(second));
    assert_eq!(world.connection(&first).await.json()["key"], json!(null));
}

/// A start that names no key replaces the connection, and the key leads to the new one.
#[tokio::test(start_paused = true)]
async fn what_replaces_a_connection_has_its_key() {
    let world = World::new().await;
    let first = connect(&world, &keyed("main")).await;
    let second = connect(&world, &Start::new()).await;
    assert_ne!(second, first);
    assert_eq!(found(&world, "main").await, Some(second.clone()));
    assert_eq!(connect(&world, &keyed("main")).await, second);
    // Of several it is not known which key was meant, and a key that is given is the only one.
    connect(&world, &beside("more")).await;
    let third = connect(&world, &Start::new()).await;
    assert_eq!(world.connection(&third).await.json()["key"], json!(null));
    let fourth = connect(&world, &keyed("more")).await;
    let fifth = connect(&world, &keyed("main")).await;
    assert_eq!((found(&world, "more").await, found(&world, "main").await), (None, Some(fifth)));
    assert!(!world.connection_is_live(&fourth).await);
}

#[tokio::test(start_paused = true)]
async fn two_starts_with_one_key_make_one_connection() {
    let world = World::new().await;
    let (one, other) = (world.browser(), world.browser());
    let first = world.begin(&one, &beside("main")).await.consent();
    let second = world.begin(&other, &beside("main")).await.consent();
    let (first, second) = tokio::join!(one.get(&first), other.get(&second));
    let first = one.get(first.location()).await.connection_id();
    assert_eq!(other.get(second.location()).await.connection_id(), first);
    assert_eq!(world.dump().await.live_connections().len(), 1);
    assert_eq!(found(&world, "main").await, Some(first));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_connection_is_refused() {
    let world = World::new().await;
    world.define("mail", &api_key()).await;
    let id = connect(&world, &beside("main")).await;
    let other = connect(&world, &beside("other")).await;
    for (start, what) in [
        (keyed("main").with(&json!({ "connectionId": other })), "another key"),
        (
            keyed("main").with(&json!({ "integrationKey": "mail", "connectionParameters": entered() })),
            "integration",
        ),
    ] {
        let refused = world.browser().send(start.form()).await.redirected_refusal();
        assert_eq!((&*refused.key, &*refused.field), ("parameter_conflict", "connectionKey"), "{what}");
    }
    // With another change, neither is made.
    let taken = json!({ "key": "main", "name": "New" });
    let refused = ask(&world, Method::PATCH, "/connections/other", Some(&taken)).await;
    assert_eq!(refused.refusal(), refusal(409, "already_exists", "key"));
    assert_ne!(world.connection(&other).await.json()["name"], "New");
    assert_eq!(found(&world, "main").await, Some(id));
}

/// Connections that there are already get one by a reconnection, or by a change.
#[tokio::test(start_paused = true)]
async fn a_connection_gets_a_key_later() {
    let world = World::new().await;
    let id = connect(&world, &Start::new()).await;
    assert_eq!(connect(&world, &keyed("main").with(&json!({ "connectionId": id }))).await, id);
    assert_eq!(found(&world, "main").await, Some(id.clone()));
    let _ = world.take_events();
    let changed =
        ask(&world, Method::PATCH, "/connections/main", Some(&json!({ "key": "new", "name": "New" }))).await;
    let changed = changed.json();
    assert_eq!((&changed["key"], &changed["name"]), (&json!("new"), &json!("New")));
    assert_eq!((found(&world, "new").await, found(&world, "main").await), (Some(id), None));
    assert_eq!(world.take_events().len(), 2);
    // The same again changes nothing.
    let version = changed["version"].clone();
    let again = ask(&world, Method::PATCH, "/connections/new", Some(&json!({ "key": "new" }))).await.json();
    assert_eq!(again["version"], version);
    assert!(world.take_events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn given_credentials_have_a_key_too() {
    let world = World::with(&integration()).await;
    let body = |token: &str| {
        json!({
            "key": "main", "integrationKey": INTEGRATION, "userId": CUSTOMER,
            "credentials": { "access_token": token },
        })
    };
    let post = async |token: &str| {
        world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body(token))).await.json()
    };
    let first = post("one").await;
    assert_eq!(first["key"], "main");
    assert_eq!(post("two").await["id"], first["id"]);
    let id = first["id"].as_str().unwrap();
    assert_eq!(world.secrets(id).await["credentials"]["access_token"], "two");
}
