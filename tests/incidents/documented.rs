//! docs/operate.md has what the code and the templates have: each metric, each alarm with its runbook, each incident.

use std::collections::BTreeSet;

use flow::metrics::{self, NAMESPACE};
use regex_lite::Regex;
use serde_json::Value;
use tests::alarms::{INCIDENTS, Incident, alarms, resources};
use tests::repository::{read, root};

const PAGE: &str = "docs/operate.md";

/// The anchor of the runbook that an alarm's description names.
fn runbook(alarm: &str) -> String {
    let alarms = alarms();
    let alarm = alarms.iter().find(|known| known.name == alarm).unwrap_or_else(|| panic!("no alarm {alarm}"));
    let description = alarm.properties["AlarmDescription"].as_str().unwrap();
    let (_, anchor) =
        description.split_once("See docs/operate.md#").unwrap_or_else(|| panic!("{description}"));
    anchor.to_owned()
}

/// The heading with this anchor, in the part of the page about alarms.
fn heading(anchor: &str) -> String {
    let page = read(PAGE);
    let (_, alarms) = page.split_once("\n## Alarms\n").unwrap();
    let part = alarms.split("\n## ").next().unwrap();
    let headings = part.lines().filter_map(|line| line.strip_prefix("#### "));
    let slug = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_ascii_alphanumeric() || [' ', '-'].contains(c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    let mut found = headings.filter(|heading| slug(heading) == anchor);
    found.next().unwrap_or_else(|| panic!("{PAGE} has no runbook #{anchor}")).to_owned()
}

/// The rows of the page's tables that begin with a name in code.
fn rows() -> BTreeSet<String> {
    let page = read(PAGE);
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).map(str::to_owned).collect()
}

#[test]
fn each_alarm_says_what_to_do_and_tells_whoever_is_to_be_told() {
    let rows = rows();
    for alarm in alarms() {
        heading(&runbook(&alarm.name));
        assert!(rows.contains(&alarm.name), "{PAGE} has no row for {}", alarm.name);
        for told in ["AlarmActions", "OKActions", "TreatMissingData"] {
            assert!(!alarm.properties[told].is_null(), "{}: {told}", alarm.name);
        }
    }
}

fn row(incident: &Incident) -> String {
    let said: Vec<String> = incident.says.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
    let alarms: Vec<String> =
        incident.alarms.iter().chain(incident.alarms_of_calls).map(|name| format!("`{name}`")).collect();
    let anchor = runbook(incident.mended_by);
    format!(
        "| {} | {} | {} | [{}](#{anchor}) |",
        incident.name,
        said.join(", "),
        alarms.join(", "),
        heading(&anchor)
    )
}

/// Each row is what the scenes of tests/incidents, and those of tests/lambda/incidents.py, have seen.
#[test]
fn the_page_has_each_incident_with_its_line_its_alarms_and_its_runbook() {
    let page = read(PAGE);
    let rows: Vec<String> = INCIDENTS.iter().map(|incident| row(incident)).collect();
    let table = rows.join("\n");
    assert!(page.contains(&format!("\n{table}\n\n")), "{PAGE} has another table of incidents than\n{table}");
}

/// The names of the metrics that a text of a template uses: alarms' own, queries', and the dashboard's.
fn used(texts: &str) -> BTreeSet<String> {
    let forms = [
        "\"MetricName\":\"(\\w+)\",[^}]*\"Dimensions\":\\[\\{\"Name\":\"stack\"",
        "SELECT \\w+\\((\\w+)\\) FROM SCHEMA",
        "\\[\\\\\"Linkspan\\\\\", \\\\\"(\\w+)\\\\\"",
        "MetricName=\\\\+\"(\\w+)",
    ];
    let found = forms.iter().flat_map(|form| {
        let form = Regex::new(form).unwrap();
        form.captures_iter(texts).map(|found| found[1].to_owned()).collect::<Vec<_>>()
    });
    found.collect()
}

#[test]
fn each_metric_is_documented_and_shown_and_no_other_is_looked_at() {
    let all: BTreeSet<String> = metrics::names().into_iter().map(str::to_owned).collect();
    let rows = rows();
    let missing: Vec<&String> = all.iter().filter(|name| !rows.contains(*name)).collect();
    assert!(missing.is_empty(), "{PAGE} has no rows for {missing:?}");
    let text = |path| Value::Object(resources(path)).to_string();
    let shown = used(&text("infra/dashboard.yaml"));
    assert_eq!(shown, all, "on the dashboard");
    let alarmed = used(&text("infra/alarms.yaml"));
    assert!(alarmed.len() > 10 && alarmed.is_subset(&all), "{alarmed:?}");
    assert!(text("infra/alarms.yaml").contains(&format!("\"Namespace\":\"{NAMESPACE}\"")));
}

/// It is drawn from the dashboard's definition: tests/dashboard/draw.py.
#[test]
fn the_picture_of_the_dashboard_has_all_that_the_dashboard_has() {
    let body = resources("infra/dashboard.yaml")["Dashboard"]["Properties"]["DashboardBody"].take();
    let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let picture = read("docs/images/dashboard.svg");
    for widget in body["widgets"].as_array().unwrap().iter().filter(|widget| widget["type"] == "metric") {
        let title = widget["properties"]["title"].as_str().unwrap();
        assert!(picture.contains(&title.replace('\'', "&#x27;")), "the picture lacks: {title}");
    }
}

/// Each query asks for fields that lines have.
#[test]
fn the_saved_queries_ask_for_what_the_page_lists() {
    let page = read(PAGE);
    let fields = Regex::new(r"`(\w+)`").unwrap();
    let mut known: BTreeSet<String> = fields.captures_iter(&page).map(|found| found[1].to_owned()).collect();
    known.insert("timestamp".to_owned());
    let mut queries = 0;
    for (name, resource) in resources("infra/dashboard.yaml") {
        let Some(query) = resource["Properties"]["QueryString"].as_str() else { continue };
        queries += 1;
        let asked = Regex::new(r"(?:filter|and|or|fields|by|sort) (\w+(?:, \w+)*)").unwrap();
        for field in asked
            .captures_iter(query)
            .flat_map(|found| found[1].split(", ").map(str::to_owned).collect::<Vec<_>>())
        {
            let is_own = query.contains(&format!(" as {field}"));
            assert!(is_own || known.contains(&field), "{name} asks for {field}");
        }
    }
    assert_eq!(queries, 9);
}

/// A message that is worded anew would count for nothing.
#[test]
fn each_message_that_counts_is_one_that_the_code_says() {
    let mut sources = String::new();
    let mut pending = vec![root().join("shared"), root().join("functions")];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|of| of == "rs")
            && !["metrics.rs", "tests.rs"].iter().any(|own| path.ends_with(own))
        {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    for message in metrics::messages() {
        assert!(sources.contains(&format!("\"{message}\"")), "nobody says: {message}");
    }
}
