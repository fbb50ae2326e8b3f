use linkspan_local::WORKSPACE_SECRET;

use crate::local::{Local, folder, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_comes_before_the_environment_and_that_before_the_file() {
    let local = Local::start().await;
    local.write("settings/demo.secret", &format!("{WORKSPACE_SECRET}\n"));
    local.write("wrong.secret", "0123456789abcdef0123456789abcdef");
    let config = format!(
        "url: https://nowhere.invalid\nworkspace: demo\nsecretFile: demo.secret\nprofiles:\n  here:\n    url: {}\n  other:\n    workspace: other\n",
        local.base
    );
    local.write("settings/config.yaml", &config);
    let list = |variables: Vec<(&'static str, &'static str)>, args: Vec<&'static str>| {
        let folder = local.folder.clone();
        async move { run(&folder, &variables, ["integration", "list"].into_iter().chain(args)).await }
    };
    let file = ("LINKSPAN_CONFIG", "settings/config.yaml");
    // The secret's path begins where the file is.
    list(vec![file], vec!["--profile", "here"]).await.ok();
    list(vec![file, ("LINKSPAN_PROFILE", "here")], vec![]).await.ok();
    let said = list(vec![file, ("LINKSPAN_SECRET_FILE", "wrong.secret")], vec!["--profile", "here"])
        .await
        .ends_with(1);
    assert!(said.contains("not_authenticated"), "{said}");
    let right = vec!["--profile", "here", "--secret-file", "settings/demo.secret"];
    list(vec![file, ("LINKSPAN_SECRET_FILE", "wrong.secret")], right).await.ok();
    let said = list(vec![file], vec!["--profile", "elsewhere"]).await.ends_with(2);
    assert!(said.contains("profiles has no `elsewhere`; it has: here, other"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_working_directory_chooses_no_address() {
    let folder = folder();
    for name in ["config.yaml", "linkspan.yaml", ".linkspan.yaml", ".config/linkspan.yaml"] {
        std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.join(name), "url: http://127.0.0.1:1").unwrap();
    }
    let variables = [("LINKSPAN_WORKSPACE", "demo"), ("LINKSPAN_SECRET", WORKSPACE_SECRET)];
    let said = run(&folder, &variables, ["integration", "list"]).await.ends_with(2);
    assert!(said.contains("LINKSPAN_URL"), "{said}");
    std::fs::create_dir_all(folder.join(".config/linkspan")).unwrap();
    std::fs::write(folder.join(".config/linkspan/config.yaml"), "url: http://127.0.0.1:1\nsecret: hunter2")
        .unwrap();
    let said = run(&folder, &variables, ["integration", "list"]).await.ends_with(2);
    assert!(said.contains("unknown field `secret`") && !said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_json_for_programs() {
    let local = Local::start().await;
    let ran = local.run(["connections", "show", "nothing", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, &error["error"]["key"]), (1, &"not_found".into()));
}
