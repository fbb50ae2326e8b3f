//! Cursors of lists: whatever stands in one, a list shows what its caller may see and nothing else.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use tests::browser::api_request;
use tests::definitions::{INTEGRATION, api_key, integration, workspace};
use tests::tokens::{ROOT, WORKSPACE, admin, customer};
use tests::{Start, World};
use url::form_urlencoded::byte_serialize;

use crate::inputs::{Inputs, assert_reached};
use crate::journey::{Response, sent};

const RIVAL: &str = "rival";

/// Two workspaces; connections, archived ones too, and attempts of two customers in each.
async fn world() -> World {
    let world = World::empty().await.defined(&integration()).await;
    world.define_workspace(RIVAL, &workspace(RIVAL)).await;
    for of in [WORKSPACE, RIVAL] {
        for (key, definition) in [("mail", api_key()), (INTEGRATION, integration())] {
            let path = format!("/integrations/{key}");
            let answer = world.api(Method::PUT, &path, &admin(of), Some(&definition)).await;
            assert!(answer.status.is_success(), "{}", answer.body);
        }
        for user in ["user-1", "user-2"] {
            for number in 0..4 {
                let body = json!({
                    "integrationKey": "mail", "parameters": { "subdomain": "acme", "apiKey": "k" },
                    "allowMultipleConnections": true,
                });
                let answer = world.api(Method::POST, "/connections", &customer(of, user), Some(&body)).await;
                let id = answer.json()["id"].as_str().unwrap().to_owned();
                if number == 0 {
                    world.api(Method::DELETE, &format!("/connections/{id}"), &customer(of, user), None).await;
                }
                let start = Start::new().with(&json!({ "token": customer(of, user) }));
                world.begin(&world.browser(), &start).await;
            }
        }
    }
    world
}

async fn get(world: &World, path: &str, token: &str) -> Response {
    sent(world, api_request(&Method::GET, path, token, None)).await
}

/// The ids on a page.
fn ids(page: &Value) -> BTreeSet<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item.get("id").unwrap_or(&item["key"]).as_str().unwrap().to_owned()).collect()
}

/// All that a caller may see, and the cursors on the way.
async fn walked(world: &World, path: &str, token: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut seen, mut cursors, mut cursor) = (BTreeSet::new(), Vec::new(), "0".to_owned());
    loop {
        let page = get(world, &format!("{path}&limit=1&cursor={cursor}"), token).await.json();
        seen.extend(ids(&page));
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return (seen, cursors),
        }
        cursors.push(cursor.clone());
    }
}

/// Asks with a cursor, and asserts that nothing else comes. Returns true if it was taken.
async fn is_taken(world: &World, path: &str, token: &str, cursor: &str, own: &BTreeSet<String>) -> bool {
    let cursor: String = byte_serialize(cursor.as_bytes()).collect();
    let answer = get(world, &format!("{path}&limit=3&cursor={cursor}"), token).await;
    if answer.status.as_u16() == 400 {
        let told = answer.json();
        assert_eq!((&told["key"], &told["data"]["field"]), (&json!("request_malformed"), &json!("cursor")));
        return false;
    }
    assert_eq!(answer.status.as_u16(), 200, "{cursor}: {}", answer.body);
    let page = answer.json();
    assert!(ids(&page).is_subset(own), "{cursor}: {page}");
    true
}

#[tokio::test(start_paused = true)]
async fn a_cursor_leads_to_nothing_that_is_somebody_elses() {
    let world = world().await;
    let callers = [
        customer(WORKSPACE, "user-1"),
        customer(WORKSPACE, "user-2"),
        admin(WORKSPACE),
        customer(RIVAL, "user-1"),
        admin(RIVAL),
    ];
    let lists =
        ["/connections?includeArchived=true", "/connections?search=", "/connection-attempt-logs?status="];
    for (target, lists) in [("connection-cursors", &lists[..2]), ("attempt-cursors", &lists[2..])] {
        let (mut own, mut cursors) = (Vec::new(), Vec::new());
        for list in lists {
            for token in &callers {
                let (seen, on_the_way) = walked(&world, list, token).await;
                assert!(seen.len() >= 3, "{list}: {seen:?}");
                own.push(seen);
                cursors.extend(on_the_way);
            }
        }
        // What a cursor of connections says is changed as well as how it is written.
        let said = cursors.iter().filter_map(|cursor| URL_SAFE_NO_PAD.decode(cursor).ok());
        let examples: Vec<Vec<u8>> =
            said.chain(cursors.iter().map(|cursor| cursor.clone().into_bytes())).collect();
        let words = &[
            "live#",
            "archived#",
            "#",
            "user-1",
            "user-2",
            "user%2D1",
            "9223372036854775807",
            "-",
            "~",
            "rival",
        ];
        let (mut taken, mut refused) = (0, 0);
        for (turn, input) in Inputs::mutated(target, 200).and(examples).with_words(words).enumerate() {
            let at = turn % own.len();
            let (list, token) = (lists[at / callers.len()], &callers[at % callers.len()]);
            let text = String::from_utf8_lossy(&input);
            let texts = if text.contains('#') { URL_SAFE_NO_PAD.encode(&input) } else { text.into_owned() };
            let is_asked = !texts.is_empty() && texts != "0";
            if !is_asked || is_taken(&world, list, token, &texts, &own[at]).await {
                taken += 1;
            } else {
                refused += 1;
            }
            let _ = world.wire.take_requests();
        }
        assert_reached(taken > 20 && refused > 20, &format!("{target}: {taken} {refused}"));
    }
    let (all, keys) = walked(&world, "/workspaces?a=b", &admin(ROOT)).await;
    for cursor in
        keys.iter().map(String::as_str).chain(["a", "zz", "root#x", "\u{e9}", "workspace#acme", " "])
    {
        is_taken(&world, "/workspaces?a=b", &admin(ROOT), cursor, &all).await;
    }
}
