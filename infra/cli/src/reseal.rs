//! `linkspan reseal`: moves all that is sealed to the present KMS key, so that an older one can go.

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Client, encoded};
use crate::output::{Output, text};
use crate::problem::Problem;

/// Whose secrets are sealed anew.
#[derive(Debug, Args)]
pub(crate) struct ResealArgs {
    /// Only this workspace's; without it, all workspaces'
    #[arg(value_name = "WORKSPACE")]
    workspace: Option<String>,
}

/// What came of all parts.
#[derive(Default)]
struct Done {
    anew: u64,
    unchanged: u64,
    /// What could not be sealed anew, with its workspace's key.
    failed: Vec<Value>,
}

pub(crate) async fn run(client: &Client, output: Output, args: ResealArgs) -> Result<(), Problem> {
    let workspaces = if let Some(workspace) = args.workspace {
        vec![workspace]
    } else {
        let listed = client.items("/workspaces", "items").await?;
        listed.iter().map(|item| text(&item["key"]).to_owned()).collect()
    };
    let mut all = Done::default();
    for workspace in &workspaces {
        all.workspace(client, output, workspace).await?;
    }
    let Done { anew, unchanged, failed } = all;
    if output.json {
        output.value(&json!({ "resealed": anew, "unchanged": unchanged, "failed": failed }));
    } else {
        for failed in &failed {
            let kinds = [
                ("connectionId", "connection"),
                ("integrationKey", "integration"),
                ("webhookEndpointId", "webhook endpoint"),
            ];
            let named = |(field, kind): (&str, &str)| Some(format!("{kind} {}", failed[field].as_str()?));
            let what = kinds.into_iter().find_map(named);
            let what = what.unwrap_or_else(|| "the workspace's own secret".to_owned());
            let (workspace, error) = (text(&failed["workspaceKey"]), &failed["error"]);
            output.line(format!("{workspace}: {what}: {}: {}", text(&error["key"]), text(&error["message"])));
        }
        output.line(format!("{anew} sealed anew, {unchanged} unchanged, {} failed", failed.len()));
    }
    if failed.is_empty() {
        return Ok(());
    }
    let message = "Some secrets are still under an older key. Keep it, and see what the log says of \"a record was not resealed\".";
    Err(Problem::Failed(message.to_owned()))
}

impl Done {
    /// Seals a workspace anew, part by part.
    async fn workspace(&mut self, client: &Client, output: Output, workspace: &str) -> Result<(), Problem> {
        let path = format!("/workspaces/{}/reseal", encoded(workspace));
        let mut cursor: Option<String> = None;
        loop {
            let query =
                cursor.as_deref().map_or(String::new(), |cursor| format!("?cursor={}", encoded(cursor)));
            let mut part = client.call(Method::POST, &format!("{path}{query}"), None).await?;
            let count = |name: &str| part[name].as_u64().unwrap_or_default();
            let resealed = count("resealed");
            self.anew += resealed;
            self.unchanged += count("unchanged");
            if let Value::Array(failed) = part["failed"].take() {
                self.failed.extend(failed.into_iter().map(|mut failed| {
                    failed["workspaceKey"] = workspace.into();
                    failed
                }));
            }
            let next = part["cursor"].as_str().map(str::to_owned);
            if next.is_none() {
                return Ok(());
            }
            // The same place once more: there was no time for the rest of it.
            if next == cursor && resealed == 0 {
                let message = format!(
                    "{workspace}: the key service is too slow. Run it again later: what is done stays done."
                );
                return Err(Problem::Failed(message));
            }
            cursor = next;
            output.note(format!("{workspace}: {} sealed anew so far", self.anew));
        }
    }
}
