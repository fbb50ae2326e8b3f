//! What must be done so that the deployment has what the folder says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::definition::{Definition, Rules};
use super::difference::{Change, changes, lines};
use super::folder::Folder;
use super::seen::seen;
use crate::client::{Client, encoded};
use crate::output::Output;
use crate::problem::Problem;
use crate::references::Unset;

/// Everything that differs, or may.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// The integrations that the deployment has and the folder has not, if the folder says all that there is to be.
    pub(super) others: Vec<String>,
}

/// What an integration needs.
pub(super) struct Step {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) definition: Definition,
    changes: Vec<Change>,
}

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The deployment does not have it.
    Create,
    /// It differs.
    Update,
    /// It is the same as far as can be seen, and has secrets, which cannot.
    Secrets,
    /// It is the same.
    Same,
}

impl Plan {
    /// Compares the folder with the deployment, once all of the folder is found to be right.
    pub(super) async fn of(client: &Client, output: Output, folder: &Folder) -> Result<Self, Problem> {
        let rules = Rules { workspace: client.settings.workspace()?, loopback: client.settings.loopback() };
        let definitions = definitions(output, folder, &rules)?;
        let listed = client.get("/integrations").await?;
        let there: BTreeSet<&str> = listed["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["key"].as_str())
            .collect();
        let others: Vec<String> = if folder.is_whole() {
            there.iter().filter(|key| !definitions.contains_key(**key)).map(|&key| key.to_owned()).collect()
        } else {
            Vec::new()
        };
        let mut steps = Vec::new();
        for (key, definition) in definitions {
            let shown = if there.contains(key.as_str()) {
                client.find(&format!("/integrations/{}", encoded(&key))).await?
            } else {
                None
            };
            steps.push(Step::of(key, definition, shown.as_ref()));
        }
        Ok(Self { steps, others })
    }

    /// True if anything is known to differ.
    pub(super) fn differs(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.kind, Kind::Create | Kind::Update))
    }

    /// The plan, for people.
    pub(super) fn print(&self, output: Output, deletes: bool) {
        for step in &self.steps {
            output.line(step.text().trim_end());
        }
        for key in &self.others {
            let what = if deletes {
                "only the deployment has it: it is to be deleted"
            } else {
                "only the deployment has it"
            };
            output.line(format!("- {key}: {what}"));
        }
    }

    /// The plan, for programs.
    pub(super) fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::to_json).collect();
        json!({ "integrations": steps, "onlyDeployed": self.others })
    }
}

/// The definitions of the folder, if all of them are right.
pub(super) fn definitions(
    output: Output,
    folder: &Folder,
    rules: &Rules<'_>,
) -> Result<BTreeMap<String, Definition>, Problem> {
    let mut definitions = BTreeMap::new();
    let mut faults = Vec::new();
    for (key, source) in folder.read(Unset::Refused, output.filled())? {
        let source = match source {
            Ok(source) => source,
            Err(problems) => {
                faults.extend(problems);
                continue;
            }
        };
        match Definition::of(&key, &source, rules) {
            Ok(definition) => drop(definitions.insert(key, definition)),
            Err(problems) => faults.extend(problems.iter().map(|problem| format!("{key}: {problem}"))),
        }
    }
    if faults.is_empty() {
        return Ok(definitions);
    }
    let count = faults.len();
    output.note(faults.join("\n"));
    Err(Problem::Failed(format!("{count} problem{}: nothing was put.", if count == 1 { "" } else { "s" })))
}

impl Step {
    fn of(key: String, definition: Definition, shown: Option<&Value>) -> Self {
        let Some(shown) = shown else {
            let changes = changes(&Map::new(), &definition.comparable, &definition.seen.written);
            return Self { key, kind: Kind::Create, definition, changes };
        };
        let mut changes = changes(&seen(shown), &definition.comparable, &definition.seen.written);
        changes.extend(connector_change(shown, definition.connector_version.as_deref()));
        let kind = match (changes.is_empty(), definition.seen.secrets.is_empty()) {
            (false, _) => Kind::Update,
            (true, false) => Kind::Secrets,
            (true, true) => Kind::Same,
        };
        Self { key, kind, definition, changes }
    }

    fn text(&self) -> String {
        let key = &self.key;
        let head = match self.kind {
            Kind::Create => format!("+ {key}: new"),
            Kind::Update => format!("~ {key}"),
            Kind::Secrets => format!("= {key}: no difference, but for secrets, which cannot be compared"),
            Kind::Same => format!("= {key}: no difference"),
        };
        let mut text = format!("{head}\n{}", lines(&self.changes));
        for (path, reference) in &self.definition.seen.secrets {
            let value = match reference.as_deref() {
                Some(reference) => format!("{reference} is sent"),
                None => "null removes it".to_owned(),
            };
            text.extend(["    ", path, "\n      * ", &value, "\n"]);
        }
        text
    }

    fn to_json(&self) -> Value {
        let kind = match self.kind {
            Kind::Create => "create",
            Kind::Update => "update",
            Kind::Secrets => "secrets",
            Kind::Same => "same",
        };
        let changes: Vec<Value> = self.changes.iter().map(Change::to_json).collect();
        let secrets: Vec<&str> = self.definition.seen.secrets.iter().map(|(path, _)| path.as_str()).collect();
        json!({ "key": self.key, "change": kind, "changes": changes, "secrets": secrets })
    }
}

/// The connector's version that a PUT would bring: it takes the connector as it is now.
fn connector_change(shown: &Value, asked: Option<&str>) -> Option<Change> {
    let has = shown["connectorVersion"].as_str()?;
    let latest = shown["latestConnectorVersion"].as_str().unwrap_or(has);
    let wanted = asked.filter(|asked| *asked != "latest").unwrap_or(latest);
    (wanted != has).then(|| Change {
        path: "connectorVersion".to_owned(),
        before: Some(has.into()),
        after: Some(wanted.into()),
    })
}
