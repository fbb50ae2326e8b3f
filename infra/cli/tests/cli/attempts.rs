use protocol::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::local::Local;

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_listed_by_what_is_wanted() {
    let local = Local::start().await;
    let mut references = Vec::new();
    for customer in ["user-1", "user-2", "user-3"] {
        references.push(local.attempt(customer).await);
    }
    let all = local.run(["attempts"]).await.ok();
    assert!(all.starts_with("REFERENCE ") && all.lines().count() == 4, "{all}");
    for text in [references[1].as_str(), "user-2", "error", "not_found"] {
        assert!(all.contains(text), "{text}: {all}");
    }
    let one = local.run(["attempts", "--customer", "user-3", "--status", "error"]).await.ok();
    assert!(one.lines().count() == 2 && one.contains(&references[2]), "{one}");
    for args in [["--status", "success"], ["--integration", "demo-oauth2"], ["--connection", "none"]] {
        assert_eq!(local.run(["attempts", args[0], args[1]]).await.ok().lines().count(), 1, "{args:?}");
    }
    let first = local.run(["attempts", "--limit", "2", "--json"]).await.json();
    let cursor = first["cursor"].as_str().unwrap();
    let rest = local.run(["attempts", "--all", "--json", "--cursor", cursor]).await.json();
    let of = |page: &Value| {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["reference"].as_str().unwrap().to_owned())
            .collect()
    };
    let found: [Vec<String>; 2] = [of(&first), of(&rest)];
    references.reverse();
    assert_eq!(found.concat(), references);
    assert!(local.run(["attempts", "--limit", "2"]).await.err.contains("--cursor "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_leads_to_the_attempt_and_to_its_lines_in_the_log() {
    let local = Local::start().await;
    let reference = local.attempt("user-1").await;
    local.attempt("user-2").await;
    let query = format!("filter reference = \"{reference}\" | sort @timestamp");
    // As it was read aloud, and typed.
    let typed = format!("{} {}", &reference[..4], reference[4..].to_lowercase());
    let told = local.run(["trace", &typed]).await.ok();
    for line in [
        format!("reference     {reference}\n"),
        "status        error\n".to_owned(),
        "customer      user-1\n".to_owned(),
        "error         not_found\n".to_owned(),
        "field         integrationKey\n".to_owned(),
        format!("log           {query}\n"),
    ] {
        assert!(told.contains(&line), "{line}: {told}");
    }
    let json = local.run(["trace", &reference, "--json"]).await.json();
    assert_eq!(
        (&json["error"]["reference"], &json["logQuery"]),
        (&reference.as_str().into(), &query.as_str().into())
    );

    let other: String = reference.chars().rev().collect();
    let unknown = local.run(["trace", &other]).await.ends_with(1);
    assert!(unknown.contains("No attempt of the last 30 days") && unknown.contains(&other), "{unknown}");
    local.run(["trace", "7K3M9QX"]).await.ends_with(2);
}

/// What the AWS CLI answers: a query that runs at first, and then has a line of ours and one of Lambda's.
#[cfg(unix)]
const AWS: &str = r#"#!/bin/sh
echo "$@" >> asked
case "$2" in
  start-query) echo '{ "queryId": "12ab" }' ;;
  get-query-results)
    if [ ! -e second ]; then : > second; echo '{ "status": "Running", "results": [] }'; exit; fi
    cat <<'EOF'
{ "status": "Complete", "results": [
  [{ "field": "@message", "value": "START RequestId: 1" }, { "field": "@ptr", "value": "x" }],
  [{ "field": "@message", "value": "{\"level\":\"WARN\",\"message\":\"start refused\",\"key\":\"not_found\",\"_aws\":{}}" }]
] }
EOF
    ;;
esac
"#;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_a_reference_come_by_the_aws_cli() {
    use std::os::unix::fs::PermissionsExt as _;
    let local = Local::start().await;
    let reference = local.attempt("user-1").await;
    let args = ["trace", &reference, "--stack", "prod"];
    let said = local.run_with(&[("PATH", "nowhere")], args).await.ends_with(1);
    assert!(said.contains("needs the AWS CLI"), "{said}");

    local.write("bin/aws", AWS);
    let program = local.folder.join("bin/aws");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", local.folder.join("bin").display());
    let told = local.run_with(&[("PATH", &path)], args).await.ok();
    assert!(told.ends_with("\nWARN start refused key=not_found\n"), "{told}");
    let asked = local.read("asked");
    let groups =
        ["initiate", "callback", "finish", "api", "refresh"].map(|it| format!("/aws/lambda/prod-{it}"));
    assert!(
        asked.contains(&groups.join(" ")) && asked.contains(&format!("filter reference = \"{reference}\"")),
        "{asked}"
    );
    let span = asked.split("--start-time ").nth(1).unwrap();
    let from: i64 = span.split(' ').next().unwrap().parse().unwrap();
    let now = SystemClock.now().seconds();
    assert!(
        (now - 3700..=now).contains(&from) && asked.contains(&format!("--end-time {}", from + 3 * 3600)),
        "{asked}"
    );

    let json = ["trace", &reference, "--stack", "prod", "--json"];
    assert_eq!(local.run_with(&[("PATH", &path)], json).await.json()["log"][0]["key"], "not_found");
    // What was refused before it began is in the log alone.
    let other: String = reference.chars().rev().collect();
    let ran = local.run_with(&[("PATH", &path)], ["trace", &other, "--stack", "prod"]).await;
    assert!(ran.code == 1 && ran.out == "WARN start refused key=not_found\n", "{ran:?}");

    local.write("bin/aws", "#!/bin/sh\necho AccessDeniedException >&2; exit 254\n");
    let said = local.run_with(&[("PATH", &path)], args).await.ends_with(1);
    assert!(said.contains("aws logs start-query: AccessDeniedException"), "{said}");
}
