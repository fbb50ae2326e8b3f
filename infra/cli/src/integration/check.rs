//! `linkspan integration check`: the files alone. It needs no deployment, and no secrets.

use protocol::id::WorkspaceKey;
use serde_json::{Value, json};

use super::definition::{Definition, Rules};
use super::folder::Folder;
use crate::output::Output;
use crate::problem::Problem;
use crate::references::Unset;
use crate::settings::Settings;

/// Checks each file by the deployment's own rules. A variable that is not set stands for a secret that the deployment has.
pub(super) fn run(settings: &Settings, output: Output, folder: &Folder) -> Result<(), Problem> {
    let unnamed = WorkspaceKey::new("check");
    let rules = Rules { workspace: settings.workspace().unwrap_or(&unnamed), loopback: settings.loopback() };
    let mut checked: Vec<Value> = Vec::new();
    let mut is_right = true;
    for (key, source) in folder.read(Unset::LeftOut, output.filled())? {
        let found = source.and_then(|source| {
            Definition::of(&key, &source, &rules)
                .map(drop)
                .map_err(|problems| problems.iter().map(|problem| format!("{key}: {problem}")).collect())
        });
        let problems: Vec<String> = found.err().unwrap_or_default();
        is_right &= problems.is_empty();
        if output.json {
            checked.push(json!({ "key": key, "problems": problems }));
        } else if problems.is_empty() {
            output.line(format!("{key}: fine"));
        } else {
            output.note(problems.join("\n"));
        }
    }
    if output.json {
        output.value(&json!({ "integrations": checked }));
    }
    if is_right { Ok(()) } else { Err(Problem::Said) }
}
