//! `GET /connections`: filters, pages, and what a page costs.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::answer::refusal;
use tests::tokens::{WORKSPACE, admin, customer};
use tests::{Fault, Start, World, definitions};

async fn page(world: &World, query: &str, token: &str) -> Value {
    let answer = world.api(Method::GET, &format!("/connections?{query}"), token, None).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn listed(world: &World, query: &str) -> Vec<String> {
    ids(&page(world, query, &admin(WORKSPACE)).await)
}

/// A connection beside the others, each a second later than the one before.
async fn connect(world: &World, by: &str, name: &str) -> String {
    world.clock.advance(Duration::from_secs(1));
    let start = Start::new().by(by).with(&json!({ "name": name, "allowMultipleConnections": true }));
    world.connect(&world.browser(), &start).await.connection_id()
}

async fn archive(world: &World, id: &str) {
    let answer = world.api(Method::DELETE, &format!("/connections/{id}"), &admin(WORKSPACE), None).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.body);
}

/// Every page from here on, at two a page.
async fn rest(world: &World, query: &str, mut cursor: Option<String>) -> Vec<String> {
    let mut seen = Vec::new();
    while let Some(from) = cursor {
        let page = page(world, &format!("limit=2&{query}&cursor={from}"), &admin(WORKSPACE)).await;
        assert!(ids(&page).len() <= 2, "{page}");
        seen.extend(ids(&page));
        cursor = page["cursor"].as_str().map(str::to_owned);
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_name_is_found_in_either_case() {
    let world = World::new().await;
    let straße = connect(&world, "a", "Große Straße").await;
    let shop = connect(&world, "b", "Ada's SHOP").await;
    assert_eq!(listed(&world, "search=shop").await, [shop.as_str()]);
    assert_eq!(listed(&world, "search=GRO%C3%9FE%20S").await, [straße.as_str()]);
    assert_eq!(listed(&world, "search=nothing").await, [""; 0]);
    assert_eq!(listed(&world, "search=").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn filters_are_asked_together() {
    let world = World::new().await;
    world.define("mail", &definitions::api_key()).await;
    let crm = connect(&world, "a", "One").await;
    let body = json!({ "integrationKey": "mail", "userId": "a", "credentials": definitions::entered() });
    let made = world.api(Method::POST, "/connections", &admin(WORKSPACE), Some(&body)).await.json();
    let mail = made["id"].as_str().unwrap().to_owned();
    let other = connect(&world, "b", "Two").await;
    assert_eq!(listed(&world, "integrationKey=mail").await, [mail.as_str()]);
    assert_eq!(listed(&world, "integrationKey=crm&tenantId=a").await, [crm.as_str()]);
    assert_eq!(listed(&world, "userId=b&connected=true&search=two").await, [other.as_str()]);
    assert_eq!(listed(&world, "userId=b&connected=false").await, [""; 0]);
    assert_eq!(listed(&world, "disconnected=false").await.len(), 3);
    assert_eq!(listed(&world, "disconnected=true").await, [""; 0]);
    assert_eq!(listed(&world, "unknown=1&connectorId=x").await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_has_lost_its_credentials_is_found_by_that() {
    let world = World::new().await;
    let lost = connect(&world, "a", "Lost").await;
    let kept = connect(&world, "b", "Kept").await;
    let refused = tests::Reply::json(400, &json!({ "error": "invalid_grant" }));
    world.provider.next("/oauth/token", refused);
    let path = format!("/connections/{lost}/refresh-credentials");
    world.api(Method::POST, &path, &admin(WORKSPACE), None).await;
    assert_eq!(listed(&world, "disconnected=true").await, [lost.as_str()]);
    assert_eq!(listed(&world, "connected=false").await, [lost.as_str()]);
    assert_eq!(listed(&world, "connected=true").await, [kept.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_is_named() {
    let world = World::new().await;
    let other = connect(&world, "a", "A").await;
    for (query, field) in [
        ("connected=maybe", "connected"),
        ("disconnected=2", "disconnected"),
        ("includeArchived=yes", "includeArchived"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("cursor=x!", "cursor"),
        ("cursor=bGl2ZQ", "cursor"),
        // `live#0#no-id`, `archived#0#` without includeArchived, `live#x#a#1#b`
        ("cursor=bGl2ZSMwI25vLWlk", "cursor"),
        ("cursor=YXJjaGl2ZWQjMCM", "cursor"),
        ("cursor=bGl2ZSN4I2EjMSNi", "cursor"),
    ] {
        let path = format!("/connections?{query}");
        let answer = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
        assert_eq!(answer.refusal(), refusal(400, "request_malformed", field), "{query}");
    }
    let path = format!("/connections/{other}?includeSecrets=maybe");
    let answer = world.api(Method::GET, &path, &admin(WORKSPACE), None).await;
    assert_eq!(answer.refusal(), refusal(400, "request_malformed", "includeSecrets"));
}

#[tokio::test(start_paused = true)]
async fn archived_ones_come_after_the_live_ones() {
    let world = World::new().await;
    let first = connect(&world, "a", "1").await;
    let second = connect(&world, "a", "2").await;
    let third = connect(&world, "a", "3").await;
    archive(&world, &third).await;
    archive(&world, &first).await;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(listed(&world, "").await, [second.as_str()]);
    assert_eq!(listed(&world, "includeArchived=false").await, [second.as_str()]);
    let live = page(&world, "includeArchived=true", &admin(WORKSPACE)).await;
    assert_eq!(ids(&live), [second.as_str()]);
    let cursor = live["cursor"].as_str().unwrap();
    for token in [admin(WORKSPACE), customer(WORKSPACE, "a")] {
        let archived = page(&world, &format!("includeArchived=true&cursor={cursor}"), &token).await;
        assert_eq!(ids(&archived), [third.as_str(), first.as_str()]);
        assert!(archived["items"][0]["archivedAt"].is_string(), "{archived}");
        assert_eq!(archived["items"][0]["connected"], false);
        assert_eq!(archived.get("cursor"), None);
    }
    // In another workspace it is a place in that one's own list.
    world.define_workspace("globex", &definitions::workspace("globex")).await;
    let stolen = page(&world, &format!("includeArchived=true&cursor={cursor}"), &admin("globex")).await;
    assert_eq!(ids(&stolen), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn paging_sees_each_once_while_connections_come_and_go() {
    let world = World::new().await;
    let mut before = Vec::new();
    for n in 0..7 {
        before.push(connect(&world, "a", &n.to_string()).await);
    }
    archive(&world, &before[6]).await;
    for query in ["", "includeArchived=true"] {
        let first = page(&world, &format!("limit=2&{query}"), &admin(WORKSPACE)).await;
        let mut seen = ids(&first);
        // One that was seen and one that was not go; two new ones come.
        let gone = [seen[0].clone(), before[usize::from(query.is_empty())].clone()];
        for id in &gone {
            archive(&world, id).await;
        }
        connect(&world, "a", "new").await;
        connect(&world, "a", "newer").await;
        seen.extend(rest(&world, query, first["cursor"].as_str().map(str::to_owned)).await);
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{seen:?}");
        let wanted = |id: &&String| !gone.contains(*id) && (!query.is_empty() || **id != before[6]);
        for id in before.iter().filter(wanted) {
            let still_live = world.connection_is_live(id).await;
            assert!(seen.contains(id) || !still_live, "{id} was missed");
        }
    }
}

/// Whatever the number of connections: one Query with its limit, and the integration that the page names.
#[tokio::test(start_paused = true)]
async fn a_page_is_one_query() {
    let world = World::new().await;
    for n in 0..5 {
        connect(&world, "a", &n.to_string()).await;
    }
    for (query, limit) in
        [("limit=2", 2), ("search=nothing&connected=true", 100), ("includeArchived=true", 100)]
    {
        world.integration().await;
        let _ = world.wire.take_requests();
        page(&world, query, &admin(WORKSPACE)).await;
        let requests = world.wire.take_requests();
        let operations: Vec<&str> = requests.iter().map(|request| request.operation.as_str()).collect();
        assert_eq!(operations, ["Query", "BatchGetItem"]);
        // The secrets are not read, sealed as they are.
        assert!(!requests[1].body.to_string().contains("sealed"), "{requests:?}");
        assert_eq!(
            (&requests[0].body["Limit"], &requests[0].body["IndexName"]),
            (&json!(limit), &json!("owner"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_names_few_integrations() {
    let world = World::new().await;
    for n in 0..12 {
        world.define(&format!("mail-{n}"), &definitions::api_key()).await;
        let body = json!({ "integrationKey": format!("mail-{n}"), "credentials": definitions::entered() });
        let token = customer(WORKSPACE, "a");
        let made = world.api(Method::POST, "/connections", &token, Some(&body)).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    }
    world.forget_definitions();
    let page = page(&world, "", &admin(WORKSPACE)).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 12);
    assert_eq!(items.iter().filter(|item| item["integration"]["name"] == "Example Mail").count(), 10);
}

/// An index's key holds it percent-encoded.
#[tokio::test(start_paused = true)]
async fn the_longest_id_of_a_customer_fits_in_the_index_whatever_its_letters() {
    let world = World::new().await;
    let connect = async |id: &str| {
        let token = customer(WORKSPACE, id);
        world.browser().send(Start::new().with(&json!({ "token": token })).form()).await
    };
    assert_eq!(connect(&"é".repeat(128)).await.refusal().key, "not_authenticated");
    let longest = format!("{}a", "é".repeat(127));
    let start = Start::new().with(&json!({ "token": customer(WORKSPACE, &longest) }));
    world.connect(&world.browser(), &start).await.assert_connected();
    let list = world.api(Method::GET, "/connections", &customer(WORKSPACE, &longest), None).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_database_leaves_out_of_its_answer_is_asked_for_again() {
    let world = World::new().await;
    let mut all = Vec::new();
    for n in 0..5 {
        all.insert(0, connect(&world, "a", &n.to_string()).await);
    }
    let _ = world.wire.take_requests();
    world.wire.fail("BatchGetItem", 2, Fault::Half);
    assert_eq!(listed(&world, "").await, all);
    let requests = world.wire.take_requests();
    let asked: Vec<usize> = requests
        .iter()
        .filter_map(|request| request.body["RequestItems"]["connections"]["Keys"].as_array().map(Vec::len))
        .collect();
    assert_eq!(asked, [5, 2, 1]);
    world.wire.fail("BatchGetItem", 2, Fault::Throttled);
    assert_eq!(listed(&world, "").await, all);
}
