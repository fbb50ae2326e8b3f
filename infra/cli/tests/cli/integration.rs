use serde_json::{Value, json};

use crate::local::Local;

const CRM: &str = "\
name: CRM
baseUri: https://api.crm.example
authOptions:
  - key: oauth
    type: oauth2
    title: Sign in
    config:
      clientId: linkspan
      clientSecret: ${env:CRM_SECRET}
      authorizeUri: https://${env:CRM_HOST}/authorize
      tokenUri: https://${env:CRM_HOST}/token
      scopes: [read]
    apiClient: { headers: { Authorization: 'Bearer ${credentials.access_token}' } }
";

const VARIABLES: [(&str, &str); 2] = [("CRM_SECRET", "hunter2"), ("CRM_HOST", "login.crm.example")];

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_put_and_then_nothing_differs_but_what_changes() {
    let local = Local::start().await;
    local.write("defs/crm.yaml", CRM);
    local.write(
        "defs/tasks.json",
        r#"{"connector": "asana", "parameters": {"clientId": "id", "clientSecret": "hunter2"}}"#,
    );
    local.write("defs/README.md", "Not a definition.");
    let said = local.run_with(&VARIABLES, ["integration", "diff", "defs"]).await.ends_with(3);
    for line in [
        "+ crm: new",
        "+ tasks: new",
        "- demo-oauth2: only the deployment has it",
        "${env:CRM_SECRET} is sent",
        "(hidden) is sent",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    let put = local.run_with(&VARIABLES, ["integration", "put", "defs"]).await.ok();
    assert!(
        put.contains("crm: created, callback http://127.0.0.1:")
            && put.contains("demo-oauth2: only deployed"),
        "{put}"
    );

    let same = local.run_with(&VARIABLES, ["integration", "diff", "defs"]).await.ok();
    assert!(same.contains("= crm: no difference, but for secrets"), "{same}");
    assert!(same.contains("= tasks: no difference, but for secrets"), "{same}");

    local.write(
        "defs/crm.yaml",
        &CRM.replace("scopes: [read]", "scopes: [read, write]")
            .replace("title: Sign in", "title: ${env:TITLE}"),
    );
    let variables = [VARIABLES[0], ("CRM_HOST", "sso.crm.example"), ("TITLE", "Come in")];
    let said = local.run_with(&variables, ["integration", "diff", "defs", "crm"]).await.ends_with(3);
    for part in [
        "~ crm\n",
        "authOptions[oauth].config.scopes\n      - [\"read\"]\n      + [\"read\",\"write\"]\n",
        "authOptions[oauth].config.tokenUri\n      - \"(hidden)\"\n      + \"https://${env:CRM_HOST}/token\"\n",
        "authOptions[oauth].title\n      - \"(hidden)\"\n      + \"${env:TITLE}\"\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        !said.contains("Come in") && !said.contains("hunter2") && !said.contains("only the deployment"),
        "{said}"
    );
    let planned = local.run_with(&variables, ["integration", "put", "defs", "--dry-run", "--json"]).await;
    let planned: Value = serde_json::from_str(&planned.ends_with(3)).unwrap();
    assert_eq!(planned["integrations"][0]["change"], "update");
    assert_eq!(planned["integrations"][0]["secrets"], json!(["authOptions[oauth].config.clientSecret"]));
    let put = local.run_with(&variables, ["integration", "put", "defs"]).await.ok();
    assert!(put.contains("crm: updated\n") && put.contains("tasks: secrets put\n"), "{put}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_differs_in_nothing() {
    let local = Local::start().await;
    local.write("defs/crm.yaml", CRM);
    local.write(
        "defs/tasks.yaml",
        "connector: asana\nparameters: { clientId: id, clientSecret: hunter2 }\nname: Your tasks\n",
    );
    local.run_with(&VARIABLES, ["integration", "put", "defs"]).await.ok();
    for (format, folder) in [("yaml", "as-yaml"), ("json", "as-json")] {
        let written = local.run(["integration", "export", folder, "--format", format]).await.ok();
        assert_eq!(written.lines().count(), 8, "{written}");
        for key in ["crm", "tasks", "demo-oauth2"] {
            let text = local.read(&format!("{folder}/{key}.{format}"));
            assert!(!text.contains("hunter2") && !text.contains("clientSecret"), "{text}");
        }
        let same = local.run(["integration", "diff", folder]).await.ok();
        assert_eq!(same.matches(": no difference\n").count(), 8, "{same}");
    }
    // A shared one stays shared, and a schema that nobody declared is not in the file.
    assert!(local.read("as-yaml/demo-shared.yaml").contains("shared: true\n"));
    assert!(!local.read("as-yaml/crm.yaml").contains("parametersSchema"));
    assert!(!local.read("as-yaml/tasks.yaml").contains("authOptions"));
    let said = local.run(["integration", "export", "as-yaml"]).await.ends_with(1);
    assert!(said.contains(".yaml: is there already"), "{said}");
    local.run(["integration", "export", "as-yaml", "crm", "--overwrite"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_deployment_has_is_deleted_when_asked() {
    let local = Local::start().await;
    let id = local.connection("user-1").await;
    local.run(["integration", "export", "defs"]).await.ok();
    for gone in ["defs/demo-api-key.yaml", "defs/demo-sites.yaml"] {
        std::fs::remove_file(local.folder.join(gone)).unwrap();
    }
    let said = local.run(["integration", "diff", "defs"]).await.ok();
    assert!(said.contains("- demo-api-key: only the deployment has it\n"), "{said}");
    local.run(["integration", "diff", "defs", "--delete"]).await.ends_with(3);
    let said = local.run(["integration", "put", "defs", "--delete"]).await.ends_with(2);
    assert!(said.contains("Delete demo-api-key, demo-sites?") && said.contains("--yes"), "{said}");
    let said = local.run(["integration", "put", "defs", "--delete", "--yes"]).await.ends_with(1);
    assert!(said.contains("demo-sites: deleted") && said.contains("integration_in_use"), "{said}");
    // A choice of keys says nothing of the others.
    local.run(["integration", "put", "defs", "demo-oauth2", "--delete", "--yes", "--force"]).await.ok();
    local.run(["connections", "test", &id]).await.ok();
    let said = local.run(["integration", "put", "defs", "--delete", "--yes", "--force"]).await.ok();
    assert!(said.contains("demo-api-key: deleted"), "{said}");
    assert!(!local.run(["integration", "list"]).await.ok().contains("demo-api-key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_put_while_one_file_is_wrong_and_all_problems_are_named() {
    let local = Local::start().await;
    local.write("defs/crm.yaml", CRM);
    local.write(
        "defs/bad.yaml",
        "name: Bad\nauthOptions:\n  - { key: a, type: oauth2, config: { tokenURI: https://x.example } }\n",
    );
    local.write("defs/worse.yaml", "name: [");
    local.write("defs/near.yaml", "connector: asanna\n");
    let said = local.run_with(&VARIABLES, ["integration", "put", "defs"]).await.ends_with(1);
    for part in [
        "bad: authOptions[0].config.tokenURI",
        "worse.yaml: cannot be read (line ",
        "near: connector names no connector",
        "asana",
        "nothing was put",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!local.run(["integration", "list"]).await.ok().contains("crm.example"));
    let said = local.run(["integration", "put", "defs", "crm"]).await.ends_with(1);
    assert!(
        said.contains(
            "crm.yaml: authOptions[0].config.clientSecret: the environment variable CRM_SECRET is not set"
        ),
        "{said}"
    );
    local.write("defs/crm.json", "{}");
    let said = local.run(["integration", "put", "defs", "crm"]).await.ends_with(1);
    assert!(said.contains("crm.json and ") && said.contains("the same integration"), "{said}");
    let said = local.run(["integration", "put", "defs", "none"]).await.ends_with(2);
    assert!(said.contains("no definition of `none`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_deployment_refuses_is_named_and_the_others_are_put() {
    let local = Local::start().await;
    local.write(
        "defs/a.yaml",
        &CRM.replace("name: CRM", "name: CRM\nstartUri: https://elsewhere.example/start"),
    );
    local.write("defs/b.yaml", CRM);
    let said = local.run_with(&VARIABLES, ["integration", "put", "defs"]).await.ends_with(1);
    assert!(
        said.contains("startUri is at none of the workspace's origins") && said.contains("b: created"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_checked_without_a_deployment_and_without_secrets() {
    let local = Local::start().await;
    local.write("defs/crm.yaml", &CRM.replace("${env:CRM_HOST}", "login.crm.example"));
    let nothing = [("LINKSPAN_URL", ""), ("LINKSPAN_WORKSPACE", ""), ("LINKSPAN_SECRET", "")];
    assert_eq!(local.run_with(&nothing, ["integration", "check", "defs"]).await.ok(), "crm: fine\n");
    // A name that no secret has is left out in the same way.
    local.write(
        "defs/crm.yaml",
        &CRM.replace("${env:CRM_HOST}", "login.crm.example")
            .replace("clientId: linkspan", "clientId: ${env:ID}"),
    );
    assert_eq!(local.run_with(&nothing, ["integration", "check", "defs"]).await.ok(), "crm: fine\n");
    local.write("defs/crm.yaml", &CRM.replace("${env:CRM_HOST}", "169.254.169.254"));
    let said = local.run_with(&nothing, ["integration", "check", "defs"]).await.ends_with(1);
    assert!(said.contains("crm: authOptions[0].config.tokenUri"), "{said}");
    let said = local.run_with(&nothing, ["integration", "check", "defs", "--json"]).await.ends_with(1);
    let checked: Value = serde_json::from_str(&said).unwrap();
    assert!(!checked["integrations"][0]["problems"].as_array().unwrap().is_empty());
    local.write("empty/README.md", "");
    let said = local.run_with(&nothing, ["integration", "check", "empty"]).await.ends_with(2);
    assert!(said.contains("has no definitions"), "{said}");
}
