//! The functions' limits of time are those that the code counts on.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::deadline::{API_FUNCTION, BROWSER_FUNCTION};

use crate::read;

/// `Timeout` of each function, or the one of `Globals`.
fn timeouts() -> BTreeMap<String, Duration> {
    let template = read("infra/template.yaml");
    let seconds = |section: &str| {
        let line = section.lines().find_map(|line| line.trim().strip_prefix("Timeout: "))?;
        Some(Duration::from_secs(line.parse().unwrap()))
    };
    let (globals, resources) = template.split_once("\nResources:\n").unwrap();
    let (_, globals) = globals.split_once("\nGlobals:\n").unwrap();
    let default = seconds(globals).unwrap();
    // A resource begins two spaces in; what belongs to it stands deeper.
    let mut found = BTreeMap::new();
    let mut name = String::new();
    for line in resources.lines() {
        let is_name = line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
        if is_name {
            line.trim().trim_end_matches(':').clone_into(&mut name);
        } else if line == "    Type: AWS::Serverless::Function" {
            found.insert(name.clone(), default);
        } else if let Some(text) = line.strip_prefix("      Timeout: ") {
            found.insert(name.clone(), Duration::from_secs(text.parse().unwrap()));
        }
    }
    found
}

#[test]
fn each_function_has_the_time_that_its_work_is_planned_for() {
    let timeouts = timeouts();
    for function in ["InitiateFunction", "CallbackFunction", "FinishFunction"] {
        assert_eq!(timeouts[function], BROWSER_FUNCTION, "{function}");
    }
    assert_eq!(timeouts["ApiFunction"], API_FUNCTION);
    // Six times as long a message of a batch is nobody else's: what Lambda asks for.
    let template = read("infra/template.yaml");
    let visible = 6 * timeouts["WebhooksFunction"].as_secs();
    assert!(template.contains(&format!("\n      VisibilityTimeout: {visible}\n")));
    assert_eq!(timeouts.len(), 6, "a function's limit is not looked at: {timeouts:?}");
}
