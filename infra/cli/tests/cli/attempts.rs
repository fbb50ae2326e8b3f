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
