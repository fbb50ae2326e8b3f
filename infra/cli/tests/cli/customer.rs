use crate::local::Local;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_exported_and_erased() {
    let local = Local::start().await;
    let first = local.connection("user-1").await;
    local.run(["connections", "delete", &first, "--yes"]).await.ok();
    let second = local.connection("user-1").await;
    local.connection("user-2").await;
    let exported = local.run(["customer", "export", "user-1"]).await;
    assert!(!exported.out.contains("demo-api-key-ada"), "{exported:?}");
    let exported = exported.json();
    assert_eq!(exported["id"], "user-1");
    let ids: Vec<&str> =
        exported["connections"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [second.as_str(), first.as_str()], "the archived ones come last");

    let said = local.run(["customer", "erase", "user-1"]).await.ends_with(2);
    assert!(said.contains("Erase customer user-1?") && said.contains("--yes"), "{said}");
    let done = local.run(["customer", "erase", "user-1", "--yes"]).await.ok();
    assert!(done.starts_with("user-1: 2 connections erased; "), "{done}");
    let again = local.run(["customer", "erase", "user-1", "--yes", "--json"]).await.json();
    assert_eq!(again["erased"], 0);
    let left = local.run(["connections", "list", "--archived"]).await.ok();
    assert!(left.lines().count() == 2 && left.contains("user-2"), "{left}");
}
