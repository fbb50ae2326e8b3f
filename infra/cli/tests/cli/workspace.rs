use serde_json::Value;

use crate::local::Local;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_workspaces_secret_is_kept_in_a_file_and_nowhere_else() {
    let local = Local::start().await;
    local.write("acme.yaml", "name: Acme\nredirectUris: [https://app.acme.example/connected]\n");
    let said = local.run(["workspace", "put", "acme", "acme.yaml"]).await.ends_with(2);
    assert!(said.contains("--secret-to"), "{said}");
    local.run(["workspace", "show", "acme"]).await.ends_with(1);

    let ran =
        local.run(["workspace", "put", "acme", "acme.yaml", "--secret-to", "acme.secret", "--json"]).await;
    let secret = local.read("acme.secret");
    assert_eq!(secret.trim().len(), 96);
    assert!(!ran.out.contains(secret.trim()) && !ran.err.contains(secret.trim()), "{ran:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(local.folder.join("acme.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let variables =
        [("LINKSPAN_SECRET", ""), ("LINKSPAN_SECRET_FILE", "acme.secret"), ("LINKSPAN_WORKSPACE", "acme")];
    local.run_with(&variables, ["integration", "list"]).await.ok();

    // Nothing is made any more, so there is nothing to keep, and a file that is there stays.
    let args = ["workspace", "put", "acme", "acme.yaml", "--secret-to", "other.secret"];
    assert_eq!(local.run(args).await.ok(), "acme: replaced\n");
    assert!(!local.folder.join("other.secret").exists());
    local.run(["workspace", "put", "acme", "acme.yaml", "--secret-to", "acme.secret"]).await.ends_with(2);
    assert_eq!(local.read("acme.secret"), secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_what_differs_and_changes_nothing() {
    let local = Local::start().await;
    local.write(
        "acme.yaml",
        "name: Acme\nredirectUris: [https://app.acme.example/connected]\nsecret: ${env:ACME}\n",
    );
    let variables = [("ACME", "hunter2-hunter2-hunter2-hunter2-hunter2")];
    let dry = ["workspace", "put", "acme", "acme.yaml", "--dry-run"];
    let said = local.run_with(&variables, dry).await.ends_with(3);
    assert!(said.contains("acme: new") && said.contains("${env:ACME} is sent"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    local.run_with(&variables, ["workspace", "put", "acme", "acme.yaml"]).await.ok();
    assert!(local.run_with(&variables, dry).await.ok().contains("no difference"));
    local.write(
        "acme.yaml",
        "name: Acme Ltd\nredirectUris: [https://app.acme.example/connected]\ntokenAudience: us\n",
    );
    let said = local.run(dry).await.ends_with(3);
    assert!(
        said.contains("- \"Acme\"") && said.contains("+ \"Acme Ltd\"") && said.contains("tokenAudience"),
        "{said}"
    );
    let shown: Value = local.run(["workspace", "show", "acme"]).await.json();
    assert_eq!(shown["name"], "Acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_workspace_names_the_file_and_the_field() {
    let local = Local::start().await;
    local.write("acme.yaml", "name: Acme\nredirectUri: https://app.acme.example\n");
    let said = local.run(["workspace", "put", "acme", "acme.yaml"]).await.ends_with(1);
    assert!(said.contains("acme.yaml") && said.contains("redirectUri"), "{said}");
    local.write("acme.yaml", "name: Acme\nredirectUris: [http://app.acme.example]\nsecret: ${env:ACME}\n");
    let said = local.run(["workspace", "put", "acme", "acme.yaml"]).await.ends_with(1);
    assert!(said.contains("secret: the environment variable ACME is not set"), "{said}");
    let variables = [("ACME", "hunter2-hunter2-hunter2-hunter2-hunter2")];
    let said = local.run_with(&variables, ["workspace", "put", "acme", "acme.yaml"]).await.ends_with(1);
    assert!(said.contains("redirectUris[0]") && !said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_root_workspace_manages_workspaces() {
    let local = Local::start().await;
    local.write("acme.yaml", "name: Acme\nredirectUris: [https://app.acme.example/connected]\n");
    local.run(["workspace", "put", "acme", "acme.yaml", "--secret-to", "acme.secret"]).await.ok();
    let variables =
        [("LINKSPAN_SECRET", ""), ("LINKSPAN_SECRET_FILE", "acme.secret"), ("LINKSPAN_WORKSPACE", "acme")];
    let said = local.run_with(&variables, ["workspace", "show", "acme"]).await.ends_with(1);
    assert!(said.contains("access_denied") && said.contains("root workspace's key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_are_listed_and_an_empty_one_is_deleted() {
    let local = Local::start().await;
    local.write("acme.yaml", "name: Acme\nredirectUris: [https://app.acme.example/connected]\n");
    local.run(["workspace", "put", "acme", "acme.yaml", "--secret-to", "acme.secret"]).await.ok();
    let listed = local.run(["workspace", "list"]).await.ok();
    assert!(listed.starts_with("KEY ") && listed.contains("acme  Acme"), "{listed}");
    let json = local.run(["workspace", "list", "--json"]).await.json();
    assert_eq!(json["items"][0]["key"], "acme");

    let said = local.run(["workspace", "delete", "demo", "--yes"]).await.ends_with(1);
    assert!(said.contains("workspace_not_empty") && said.contains("customer erase"), "{said}");
    let said = local.run(["workspace", "delete", "acme"]).await.ends_with(2);
    assert!(said.contains("Delete workspace acme?") && said.contains("--yes"), "{said}");
    assert_eq!(local.run(["workspace", "delete", "acme", "--yes"]).await.ok(), "acme: deleted\n");
    assert!(!local.run(["workspace", "list"]).await.ok().contains("acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_is_sealed_anew_where_that_is_needed() {
    let local = Local::start().await;
    local.connection("user-1").await;
    local.connection("user-2").await;
    local.write("acme.yaml", "name: Acme\nredirectUris: [https://app.acme.example/connected]\n");
    local.run(["workspace", "put", "acme", "acme.yaml", "--secret-to", "acme.secret"]).await.ok();
    let said = local.run(["reseal"]).await.ok();
    assert!(said.starts_with("0 sealed anew, ") && said.ends_with(" unchanged, 0 failed\n"), "{said}");
    let unchanged = |said: &Value| said["unchanged"].as_u64().unwrap();
    let all = local.run(["reseal", "--json"]).await.json();
    let one = local.run(["reseal", "demo", "--json"]).await.json();
    assert!(unchanged(&all) == unchanged(&one) + 1 && unchanged(&one) > 2, "{all} {one}");

    local.run(["reseal", "nobody"]).await.ends_with(1);
}
