//! What is read from issuers' metadata while an integration is defined: the endpoints that its options leave open. So
//! nothing is read during a customer's flow.

use flow::deps::Deps;
use protocol::deadline::Deadline;
use protocol::definition::{Problems, is_issuer};
use protocol::error::{Error, Result};
use protocol::provider::discovery::discovered;
use serde_json::{Map, Value};

use super::expansion::Whole;

/// The member of an option that says what was discovered.
const DISCOVERED: &str = "discovered";

/// Reads the metadata that the definition's options need, and notes in each what was found. What was noted before is left
/// out: it is read anew with every change. Returns what could not be found.
pub(super) async fn discover(deps: &Deps, deadline: Deadline, whole: &mut Whole) -> Result<Problems> {
    for (_, option) in whole.given.as_mut().into_iter().flat_map(options) {
        option.remove(DISCOVERED);
    }
    let mut problems = Problems::default();
    let calls = deps.calls(deadline.provider());
    for (place, option) in options(&mut whole.definition) {
        option.remove(DISCOVERED);
        let Some((issuer, config)) = undiscovered(option) else { continue };
        if !is_issuer(issuer, deps.settings.loopback) {
            continue;
        }
        match discovered(&calls, issuer, config).await {
            Ok(found) => {
                let found = serde_json::to_value(found).map_err(Error::internal)?;
                option.insert(DISCOVERED.to_owned(), found);
            }
            Err(problem) => problems.add(format!("authOptions[{place}].config.issuer"), problem),
        }
    }
    Ok(problems)
}

/// The issuer of an option that leaves an endpoint to it, with the option's settings.
fn undiscovered(option: &Map<String, Value>) -> Option<(&str, &Map<String, Value>)> {
    let is_used = option.get("type")? == "oauth2" && option.get("enabled") != Some(&Value::Bool(false));
    let config = option.get("config").and_then(Value::as_object).filter(|_| is_used)?;
    let is_open = |setting: &&str| config.get(*setting).is_none_or(Value::is_null);
    ["authorizeUri", "tokenUri"].iter().find(|setting| is_open(setting))?;
    Some((config.get("issuer")?.as_str()?, config))
}

/// The options, each with its place.
fn options(definition: &mut Map<String, Value>) -> impl Iterator<Item = (usize, &mut Map<String, Value>)> {
    let options = definition.get_mut("authOptions").and_then(Value::as_array_mut);
    options
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(place, option)| Some((place, option.as_object_mut()?)))
}
