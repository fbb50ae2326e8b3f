//! `linkspan workspace`: teams, which the root workspace manages.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use http::Method;
use protocol::definition::{self, WorkspaceDefinition};
use serde_json::{Map, Value, json};

use crate::client::{Client, encoded};
use crate::integration::{Change, changes, lines, read_file};
use crate::output::Output;
use crate::problem::Problem;
use crate::references::{Unset, has_reference};

/// What to do with workspaces.
#[derive(Debug, Args)]
pub(crate) struct WorkspaceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all workspaces
    List,
    /// Show a workspace's definition
    Show {
        /// The workspace's key
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Create a workspace, or replace its definition
    Put(Put),
    /// Delete a workspace that has no integrations and no connections
    Delete {
        /// The workspace's key
        #[arg(value_name = "KEY")]
        key: String,
        /// Delete it without asking
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct Put {
    /// The workspace's key
    #[arg(value_name = "KEY")]
    key: String,
    /// The definition (.yaml, .json)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write the secret here, if the deployment makes one: it shows it once. The file must not be there
    #[arg(long, value_name = "FILE")]
    secret_to: Option<PathBuf>,
    /// Remove the last secret too, if that is what the definition says
    #[arg(long)]
    force: bool,
    /// Show what would be put, and put nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(client: &Client, output: Output, args: WorkspaceArgs) -> Result<(), Problem> {
    match args.action {
        Action::List => list(client, output).await,
        Action::Show { key } => {
            output.value(&client.get(&path(&key)).await?);
            Ok(())
        }
        Action::Put(args) => put(client, output, &args).await,
        Action::Delete { key, yes } => {
            output.confirmed(yes, &format!("Delete workspace {key}?"))?;
            client.call(Method::DELETE, &path(&key), None).await?;
            if output.json {
                output.value(&json!({ "key": key, "result": "deleted" }));
            } else {
                output.line(format!("{key}: deleted"));
            }
            Ok(())
        }
    }
}

fn path(key: &str) -> String {
    format!("/workspaces/{}", encoded(key))
}

async fn list(client: &Client, output: Output) -> Result<(), Problem> {
    let items = client.items("/workspaces", "items").await?;
    if output.json {
        output.value(&json!({ "items": items }));
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let rows: Vec<_> = items.iter().map(|item| [text(&item["key"]), text(&item["name"])]).collect();
    output.table(["KEY", "NAME"], &rows);
    Ok(())
}

async fn put(client: &Client, output: Output, args: &Put) -> Result<(), Problem> {
    let source = read_file(&args.file, Unset::Refused, output.filled())
        .map_err(|faults| Problem::Failed(faults.join("\n")))?;
    let body = Value::Object(source.sent.clone());
    let fault = |fault: &str| Problem::Failed(format!("{}: {fault}", args.file.display()));
    let read: WorkspaceDefinition = definition::read(&body).map_err(|error| fault(error.message()))?;
    let normal = |read: &WorkspaceDefinition| match serde_json::to_value(read) {
        Ok(Value::Object(definition)) => definition,
        _ => Map::new(),
    };
    let before = client.find(&path(&args.key)).await?;
    if args.dry_run {
        return show_difference(output, &args.key, before.as_ref(), &normal(&read), &source.written);
    }
    // A secret that nobody keeps would be lost.
    let may_have_none = before.as_ref().is_none_or(|before| before["publicKeys"].is_array());
    let makes_secret = may_have_none && read.public_keys.is_empty() && !source.sent.contains_key("secret");
    if makes_secret && args.secret_to.is_none() {
        let message = "The deployment makes a secret for this workspace, and shows it once: say with --secret-to where to keep it.";
        return Err(Problem::Usage(message.to_owned()));
    }
    let kept = args.secret_to.as_deref().map(new_private_file).transpose()?;
    let force = if args.force { "?force=true" } else { "" };
    let answer = client.call(Method::PUT, &format!("{}{force}", path(&args.key)), Some(&body)).await;
    let secret = answer.as_ref().ok().and_then(|answer| answer["secret"].as_str());
    if let (Some(mut file), Some(path)) = (kept, &args.secret_to) {
        let written = secret.map(|secret| writeln!(file, "{secret}"));
        match written {
            Some(Ok(())) => output.note(format!("The workspace's secret is in {}.", path.display())),
            Some(Err(error)) => {
                let message =
                    format!("{}: {error}. The secret is lost: put another, as `secret`.", path.display());
                return Err(Problem::Failed(message));
            }
            // Nothing was made, so there is nothing to keep.
            None => drop(fs::remove_file(path)),
        }
    }
    let mut shown = answer?;
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("secret");
    }
    if output.json {
        output.value(&shown);
    } else {
        output.line(format!("{}: {}", args.key, if before.is_some() { "replaced" } else { "created" }));
    }
    Ok(())
}

fn show_difference(
    output: Output,
    key: &str,
    before: Option<&Value>,
    after: &Map<String, Value>,
    written: &Map<String, Value>,
) -> Result<(), Problem> {
    let mut shown = before.and_then(Value::as_object).cloned().unwrap_or_default();
    shown.remove("key");
    let changes = changes(&shown, after, written);
    if output.json {
        output.value(&changes.iter().map(Change::to_json).collect());
    } else {
        let head = match (before, changes.is_empty()) {
            (None, _) => "new",
            (Some(_), true) => "no difference",
            (Some(_), false) => "to be replaced",
        };
        output.line(format!("{key}: {head}\n{}", lines(&changes)).trim_end());
        match written.get("secret") {
            Some(Value::String(secret)) if has_reference(secret) => {
                output.line(format!("    secret\n      * {secret} is sent"));
            }
            Some(Value::Null) => output.line("    secret\n      * null removes it"),
            Some(_) => output.line("    secret\n      * (hidden) is sent"),
            None => {}
        }
    }
    if changes.is_empty() { Ok(()) } else { Err(Problem::Differs) }
}

/// A new file that only its owner can read.
fn new_private_file(path: &Path) -> Result<File, Problem> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| Problem::Usage(format!("{}: {error}.", path.display())))
}
