//! What a team gives of an integration, laid over the connector that it names: the whole definition.

use catalogue::{Connector, laid_over, merge_patch};
use protocol::error::{Error, Result};
use serde_json::{Map, Value};

/// The value of `connectorVersion` that is right at any time.
const LATEST: &str = "latest";

/// A definition, whole.
#[derive(Clone)]
pub(super) struct Whole {
    pub(super) definition: Map<String, Value>,
    /// What the team gave, if the rest comes from a connector.
    pub(super) given: Option<Map<String, Value>>,
}

impl Whole {
    /// The definition of an integration that names a connector, or none.
    ///
    /// # Errors
    ///
    /// `request_malformed` that names `connector` or `connectorVersion`. A definition that is whole may name any connector.
    pub(super) fn of(mut given: Map<String, Value>) -> Result<Self> {
        let version = given.shift_remove("connectorVersion").filter(|version| !version.is_null());
        let Some(name) = given.get("connector").and_then(Value::as_str) else {
            let definition = Self { definition: given, given: None };
            return if version.is_none() { Ok(definition) } else { Err(no_connector()) };
        };
        let connector = match catalogue::connector(name) {
            Some(connector) => connector,
            // It is whole without one. Before there were connectors, the name could be any text.
            None if version.is_none() && has_options(&given) => {
                return Ok(Self { definition: given, given: None });
            }
            None => return Err(unknown(name)),
        };
        if let Some(version) = version {
            check_version(&version, &connector)?;
        }
        let mut definition = laid_over(connector.details().definition, &given);
        definition.insert("connectorVersion".to_owned(), connector.version.into());
        Ok(Self { definition, given: Some(given) })
    }

    /// The definition after a patch. Whatever is stored of a connector is taken from the connector again, as it is now. A
    /// definition that was stored when names of connectors had no effect stays whole, unless the patch names one.
    pub(super) fn patched(
        definition: Map<String, Value>,
        given: Option<Map<String, Value>>,
        patch: &Value,
    ) -> Result<Self> {
        let has_connector = given.is_some() || patch.get("connector").is_some();
        let mut patched = Value::Object(given.unwrap_or(definition));
        merge_patch(&mut patched, patch);
        keep_removals(&mut patched, patch);
        let Value::Object(patched) = patched else {
            return Err(Error::internal("a patch that is no object"));
        };
        if has_connector {
            return Self::of(patched);
        }
        if patched.contains_key("connectorVersion") {
            return Err(no_connector());
        }
        Ok(Self { definition: patched, given: None })
    }
}

fn has_options(given: &Map<String, Value>) -> bool {
    given.get("authOptions").and_then(Value::as_array).is_some_and(|options| !options.is_empty())
}

fn no_connector() -> Error {
    let problem = "says which version of the connector is meant, but nothing comes from a connector";
    Error::malformed("connectorVersion", problem)
}

/// Keeps each `null` of `parameters`: what is sealed is not in the definition, and whoever unseals it has to see that it is
/// removed.
fn keep_removals(patched: &mut Value, patch: &Value) {
    match patch.get("parameters") {
        Some(Value::Null) => patched["parameters"] = Value::Null,
        Some(Value::Object(parameters)) => {
            for (name, _) in parameters.iter().filter(|(_, value)| value.is_null()) {
                patched["parameters"][name] = Value::Null;
            }
        }
        _ => {}
    }
}

fn check_version(version: &Value, connector: &Connector) -> Result<()> {
    if version == LATEST || version == connector.version {
        return Ok(());
    }
    let problem =
        format!("must be `{LATEST}` or the connector's version now, which is `{}`", connector.version);
    Err(Error::malformed("connectorVersion", &problem))
}

fn unknown(name: &str) -> Error {
    let near: Vec<String> = catalogue::near(name).iter().map(|key| format!("`{key}`")).collect();
    let problem = match near.as_slice() {
        [] => "names no connector; GET /connectors lists them".to_owned(),
        [only] => format!("names no connector; there is {only}"),
        near => format!("names no connector; there are {}", near.join(", ")),
    };
    Error::malformed("connector", &problem)
}
