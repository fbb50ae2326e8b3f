use crate::local::Local;

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_well_is_found_well() {
    let local = Local::start().await;
    let said = local.run(["doctor"]).await.ok();
    for check in [
        "address",
        "answer",
        "clock",
        "key",
        "customers",
        "callback",
        "definitions",
        "connectors",
        "connections",
    ] {
        assert!(said.contains(&format!("ok      {check}")), "{check}: {said}");
    }
    let checks = local.run(["doctor", "--json"]).await.json();
    assert!(checks["checks"].as_array().unwrap().iter().all(|it| it["result"] == "ok"), "{checks}");
    // Without a key there is less to see.
    let said = local.run_with(&[("LINKSPAN_SECRET", "")], ["doctor"]).await.ok();
    assert!(said.contains("skipped key") && said.contains("LINKSPAN_SECRET_FILE"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_with_the_next_step() {
    let local = Local::start().await;
    let wrong = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let said = local.run_with(&[("LINKSPAN_SECRET", wrong)], ["doctor"]).await.ends_with(1);
    assert!(
        said.contains("broken  key") && said.contains("Compare the workspace's key with its secret"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    let said = local.run(["doctor", "--workspace", "nobody"]).await.ends_with(1);
    assert!(said.contains("broken  key"), "{said}");

    // Browsers come back to 127.0.0.1.
    let elsewhere = local.base.replace("127.0.0.1", "localhost");
    let said = local.run(["doctor", "--url", &elsewhere]).await.ends_with(1);
    assert!(
        said.contains("ok      name") && said.contains("broken  callback") && said.contains("PublicUrl"),
        "{said}"
    );

    let said = local.run(["doctor", "--url", &format!("{}/demo-provider", local.base)]).await.ends_with(1);
    assert!(
        said.contains("broken  answer") && said.contains("BaseUrl") && said.contains("skipped key"),
        "{said}"
    );
    let said = local.run(["doctor", "--url", "http://127.0.0.1:1"]).await.ends_with(1);
    assert!(said.contains("broken  answer") && said.contains("Nothing listens there"), "{said}");
    // No certificate is there at all.
    let plain = local.base.replace("http://", "https://");
    let said = local.run(["doctor", "--url", &plain]).await.ends_with(1);
    assert!(said.contains("broken  answer"), "{said}");
    let said = local.run(["doctor", "--url", "https://nowhere.invalid"]).await.ends_with(1);
    assert!(said.contains("broken  name") && said.contains("no name server knows nowhere.invalid"), "{said}");
}
