use serde_json::Value;

use crate::local::Local;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_and_names_what_is_wanted() {
    let local = Local::start().await;
    for customer in ["user-1", "user-2", "user-3"] {
        local.connection(customer).await;
    }
    let all = local.run(["connections", "list"]).await.ok();
    assert_eq!(all.lines().count(), 4, "{all}");
    assert!(
        all.starts_with("ID ")
            && all.contains("user-2")
            && all.contains("demo-api-key")
            && all.contains("connected"),
        "{all}"
    );
    let ran = local.run(["connections", "list", "--limit", "2", "--json"]).await;
    let first = ran.json();
    let cursor = first["cursor"].as_str().unwrap();
    let rest = local.run(["connections", "list", "--all", "--json", "--cursor", cursor]).await.json();
    assert!(rest["cursor"].is_null());
    let ids = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|it| it["id"].to_string()).collect::<Vec<_>>()
    };
    let mut found = [ids(&first), ids(&rest)].concat();
    found.sort();
    found.dedup();
    assert_eq!((ids(&first).len(), found.len()), (2, 3));
    let ran = local.run(["connections", "list", "--limit", "2"]).await;
    assert!(ran.err.contains("--cursor "), "{ran:?}");
    let one = local.run(["connections", "list", "--customer", "user-3"]).await.ok();
    assert!(one.lines().count() == 2 && one.contains("Books of user-3"), "{one}");
    for args in [["--search", "no such name"], ["--integration", "demo-oauth2"]] {
        let none = local.run(["connections", "list", args[0], args[1]]).await.ok();
        assert_eq!(none.lines().count(), 1, "{none}");
    }
    assert_eq!(local.run(["connections", "list", "--disconnected"]).await.ok().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_shown_tested_refreshed_archived_restored_and_disconnected() {
    let local = Local::start().await;
    let id = local.connection("user-1").await;
    let shown = local.run(["connections", "show", &id]).await.ok();
    assert!(
        shown.contains("customer      user-1\n") && shown.contains("state         connected\n"),
        "{shown}"
    );
    assert!(!shown.contains("demo-api-key-ada") && !shown.contains("to do"), "{shown}");
    let json = local.run(["connections", "show", &id, "--json"]).await.json();
    assert!(json["credentials"].is_null() && json["id"] == id.as_str(), "{json}");
    assert_eq!(local.run(["connections", "test", &id]).await.ok(), format!("{id}: accepted\n"));
    assert_eq!(local.run(["connections", "refresh", &id]).await.ok(), format!("{id}: refreshed\n"));

    let said = local.run(["connections", "delete", &id]).await.ends_with(2);
    assert!(said.contains(&format!("Archive connection {id}?")) && said.contains("--yes"), "{said}");
    assert_eq!(local.run(["connections", "delete", &id, "--yes"]).await.ok(), format!("{id}: archived\n"));
    assert_eq!(local.run(["connections", "list"]).await.ok().lines().count(), 1);
    assert!(local.run(["connections", "list", "--archived"]).await.ok().contains("archived"));
    assert_eq!(local.run(["connections", "restore", &id]).await.ok(), format!("{id}: restored\n"));

    assert_eq!(
        local.run(["connections", "disconnect", &id, "--yes"]).await.ok(),
        format!("{id}: disconnected\n")
    );
    let shown = local.run(["connections", "show", &id]).await.ok();
    assert!(
        shown.contains("state         disconnected\n") && shown.contains("the customer must reconnect"),
        "{shown}"
    );
    assert!(local.run(["connections", "list", "--disconnected"]).await.ok().contains(&id));
    let looked = local.run(["doctor"]).await.ok();
    assert!(looked.contains("of 1, 1 disconnected, 0 with an error"), "{looked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_keeps_no_other_from_being_done() {
    let local = Local::start().await;
    let (one, other) = (local.connection("user-1").await, local.connection("user-2").await);
    local.run(["connections", "disconnect", &one, "--yes"]).await.ok();
    let said = local.run(["connections", "test", "nothing", &one, &other]).await.ends_with(1);
    assert!(said.contains("nothing: ") && said.contains("(not_found)"), "{said}");
    assert!(
        said.contains("(connection_disconnected)") && said.contains(&format!("{other}: accepted")),
        "{said}"
    );
    let said = local.run(["connections", "test", &one, &other, "--json"]).await;
    let results: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(results["connections"][0]["error"]["key"], "connection_disconnected");
    assert_eq!(results["connections"][1]["result"], "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_erased_for_good() {
    let local = Local::start().await;
    let id = local.connection("user-1").await;
    let said = local.run(["connections", "erase", &id]).await.ends_with(2);
    assert!(said.contains(&format!("Erase connection {id}?")) && said.contains("--yes"), "{said}");
    assert_eq!(local.run(["connections", "erase", &id, "--yes"]).await.ok(), format!("{id}: erased\n"));
    let said = local.run(["connections", "restore", &id]).await.ends_with(1);
    assert!(said.contains("(not_found)"), "{said}");
    assert_eq!(local.run(["connections", "list", "--archived"]).await.ok().lines().count(), 1);
}
