use super::*;

fn line(more: &Value) -> Map<String, Value> {
    let mut line = json!({ "timestamp": "2026-01-01T00:00:00.123Z", "level": "INFO", "service": "linkspan" });
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line.as_object().unwrap().clone()
}

fn of_a_stack() -> Metrics {
    Metrics::new("prod", Some("root".to_owned()), true)
}

/// What the line counts as, and how often.
fn counted(more: &Value) -> BTreeMap<String, u64> {
    let mut line = line(more);
    of_a_stack().embed(&mut line);
    named(&line).map(|name| (name.to_owned(), line[name].as_u64().unwrap())).collect()
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn a_line_names_its_metrics_and_their_dimensions() {
    let mut line = line(&json!({
        "level": "WARN", "message": "flow failed", "integration": "crm", "key": "client_rejected", "provider_ms": 40,
    }));
    assert!(of_a_stack().embed(&mut line));
    let count = |name| json!({ "Name": name, "Unit": "Count" });
    let milliseconds = json!({ "Name": "provider_ms", "Unit": "Milliseconds" });
    let directive = |dimensions: &[&str], metrics: &[&Value]| json!({ "Namespace": "Linkspan", "Dimensions": [dimensions], "Metrics": metrics });
    let failed = &count("Failed");
    let expected = json!({ "Timestamp": 1_767_225_600_123_i64, "CloudWatchMetrics": [
        directive(&["stack"], &[&milliseconds, &count("ClientRejected"), failed]),
        directive(&["stack", "integration"], &[&milliseconds, failed]),
        directive(&["stack", "key"], &[failed]),
    ] });
    assert_eq!(line["_aws"], expected);
    assert_eq!(
        (&line["stack"], &line["Failed"], &line["provider_ms"]),
        (&"prod".into(), &1.into(), &40.into())
    );
}

#[test]
fn an_attempt_that_connects_counts_against_those_that_fail() {
    assert_eq!(counted(&json!({ "message": "connected" })), counts([("Connected", 1), ("Failed", 0)]));
    let failed = json!({ "message": "start failed", "key": "provider_unreachable" });
    assert_eq!(counted(&failed), counts([("Failed", 1)]));
    for key in ["authorization_denied", "input_invalid", "state_expired", "rate_limit_exceeded"] {
        let refused = json!({ "message": "start failed", "key": key });
        assert_eq!(counted(&refused), counts([("Refused", 1)]), "{key}");
    }
}

#[test]
fn a_webhook_that_is_taken_counts_against_those_of_its_endpoint_that_are_not() {
    let said = |message: &str| json!({ "message": message, "webhook": "e1" });
    assert_eq!(
        counted(&said("webhook delivered")),
        counts([("WebhooksDelivered", 1), ("WebhooksFailed", 0)])
    );
    assert_eq!(counted(&said("webhook not delivered")), counts([("WebhooksFailed", 1)]));
    assert_eq!(counted(&said("webhook given up")), counts([("WebhooksFailed", 1), ("WebhooksGivenUp", 1)]));
    // Who tries an endpoint sees what came of it.
    assert_eq!(counted(&said("webhook tested")), counts([]));
    let mut line = line(&said("webhook not delivered"));
    of_a_stack().embed(&mut line);
    let of_the_endpoint = &line["_aws"]["CloudWatchMetrics"][1];
    assert_eq!(of_the_endpoint["Dimensions"], json!([["stack", "webhook"]]));
    assert_eq!(of_the_endpoint["Metrics"], json!([{ "Name": "WebhooksFailed", "Unit": "Count" }]));
}

#[test]
fn what_stands_in_a_note_counts_too_and_once() {
    let note = json!({ "level": "WARN", "message": "credentials not renewed", "key": "client_rejected" });
    let line = json!({ "message": "request refused", "key": "client_rejected", "notes": [note] });
    assert_eq!(counted(&line), counts([("ClientRejected", 1), ("NotRenewed", 1), ("Refused", 1)]));
}

#[test]
fn a_fault_is_the_databases_the_key_services_or_ours() {
    for (key, name) in [
        ("storage_unavailable", "DatabaseFailed"),
        ("key_unavailable", "KeyServiceFailed"),
        ("internal", "Faults"),
    ] {
        let line = json!({ "level": "ERROR", "message": "scheduled work failed", "key": key });
        assert_eq!(counted(&line), counts([(name, 1)]));
    }
}

#[test]
fn a_forged_token_counts_and_one_of_the_root_workspace_apart() {
    let forged = |workspace: &str| json!({ "message": "request refused", "key": "not_authenticated", "kind": NOT_SIGNED, "claimed_workspace": workspace });
    assert_eq!(counted(&forged("acme")), counts([("Refused", 1), ("TokensRefused", 1)]));
    assert_eq!(counted(&forged("root")), counts([("Refused", 1), ("RootTokensRefused", 1)]));
}

#[test]
fn a_sandbox_starts_once() {
    assert_eq!(counted(&json!({ "message": "answered", "cold_start": true })), counts([("ColdStarts", 1)]));
    assert_eq!(counted(&json!({ "message": "ended", "cold_start": true, "after_answer": true })), counts([]));
}

#[test]
fn a_line_that_counts_for_nothing_stays_as_it_is() {
    let said = line(&json!({ "message": "answered" }));
    let mut embedded = said.clone();
    assert!(!of_a_stack().embed(&mut embedded));
    assert_eq!(embedded, said);
    // Nothing tells the time of what is said outside of all work.
    let mut alone = json!({ "message": "flow begun" }).as_object().unwrap().clone();
    assert!(!of_a_stack().embed(&mut alone));
}

#[test]
fn only_what_somebody_defined_becomes_a_dimension() {
    let dimensions = |metrics: &Metrics, more: &Value| {
        let mut line = line(more);
        metrics.embed(&mut line);
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap().clone();
        directives.iter().map(|each| each["Dimensions"][0].as_array().unwrap().len()).sum::<usize>()
    };
    let defined = json!({ "message": "connected", "integration": "crm" });
    assert_eq!(dimensions(&of_a_stack(), &defined), 3);
    assert_eq!(dimensions(&Metrics::new("prod", None, false), &defined), 1);
    // The id says less than the key, and is known where the definition is not.
    assert_eq!(dimensions(&of_a_stack(), &json!({ "message": "connected", "integration_id": "f0" })), 1);
    for unfit in ["", " ", ":crm", "größe", "a\nb", &"a".repeat(256)] {
        let line = json!({ "message": "connected", "integration": unfit });
        assert_eq!(dimensions(&of_a_stack(), &line), 1, "{unfit:?}");
    }
    assert_eq!(dimensions(&of_a_stack(), &json!({ "message": "flow failed", "key": "made_up" })), 1);
}

#[test]
fn a_line_that_is_not_to_be_seen_keeps_what_it_counts_for() {
    let mut line = line(&json!({
        "message": "connected", "customer": "user-1", "integration": "crm", "connection": "c1", "provider_ms": 7,
        "duration_ms": 9,
    }));
    of_a_stack().embed(&mut line);
    let aws = line["_aws"].clone();
    Metrics::only(&mut line);
    let expected = json!({
        "timestamp": "2026-01-01T00:00:00.123Z", "level": "INFO", "service": "linkspan", "integration": "crm",
        "provider_ms": 7, "stack": "prod", "Connected": 1, "Failed": 0, "_aws": aws,
    });
    assert_eq!(Value::Object(line), expected);
}
