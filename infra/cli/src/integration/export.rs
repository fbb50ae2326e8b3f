//! `linkspan integration export`: files of what the deployment has, which `diff` then finds no difference to.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use protocol::definition::{Integration, IntegrationDefinition};
use protocol::id::WorkspaceKey;
use serde_json::{Map, Value, json};

use super::seen::seen;
use crate::client::{Client, encoded};
use crate::output::Output;
use crate::problem::Problem;
use crate::yaml;

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The folder, which is made if it is not there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Only these integrations
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// How to write them
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    /// Write over files that are there
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// Writes a file for each integration. No secret is in it: one that is left out stays, when the file is put.
pub(super) async fn run(client: &Client, output: Output, args: &Export) -> Result<(), Problem> {
    let workspace = client.settings.workspace()?;
    let keys = match args.keys.as_slice() {
        [] => {
            let listed = client.get("/integrations").await?;
            let items = listed["items"].as_array().into_iter().flatten();
            items.filter_map(|item| item["key"].as_str().map(str::to_owned)).collect()
        }
        keys => keys.to_vec(),
    };
    let mut files = Vec::new();
    for key in keys {
        let shown = client.get(&format!("/integrations/{}", encoded(&key))).await?;
        // Whoever named it by its id gets a file that is named by its key.
        let key = shown["key"].as_str().unwrap_or(&key).to_owned();
        if !is_file_name(&key) {
            let message = format!("The integration {key:?} cannot be written: its key is no name of a file.");
            return Err(Problem::Failed(message));
        }
        let definition = as_given(workspace, &key, seen(&shown));
        let (ending, text) = match args.format {
            Format::Yaml => ("yaml", yaml::written(&definition)),
            Format::Json => ("json", format!("{:#}\n", Value::Object(definition))),
        };
        files.push((key.clone(), args.folder.join(format!("{key}.{ending}")), text));
    }
    let fault = |path: &PathBuf, error: &dyn std::fmt::Display| {
        Problem::Failed(format!("{}: {error}", path.display()))
    };
    // All or nothing.
    if let Some((_, path, _)) = files.iter().find(|(_, path, _)| !args.overwrite && path.exists()) {
        return Err(fault(path, &"is there already: --overwrite writes over it."));
    }
    fs::create_dir_all(&args.folder).map_err(|error| fault(&args.folder, &error))?;
    for (_, path, text) in &files {
        let mut file = fs::File::create(path).map_err(|error| fault(path, &error))?;
        file.write_all(text.as_bytes()).map_err(|error| fault(path, &error))?;
    }
    if output.json {
        let files: Vec<Value> = files
            .iter()
            .map(|(key, path, _)| json!({ "key": key, "file": path.to_string_lossy() }))
            .collect();
        output.value(&json!({ "integrations": files }));
    } else {
        for (key, path, _) in &files {
            output.line(format!("{key}: {}", path.display()));
        }
    }
    Ok(())
}

/// True if a key that the deployment gave names a file of the folder, and none elsewhere.
fn is_file_name(key: &str) -> bool {
    !key.contains(['/', '\\', '\0']) && !matches!(key, "" | "." | "..")
}

/// The definition without a schema of parameters that nobody declared: the deployment shows the clients' parameters in it too.
fn as_given(workspace: &WorkspaceKey, key: &str, definition: Map<String, Value>) -> Map<String, Value> {
    let mut without = definition.clone();
    if without.remove("parametersSchema").is_none() {
        return definition;
    }
    let asked = |definition: &Map<String, Value>| {
        let mut read = IntegrationDefinition::read(definition.clone().into()).ok()?;
        drop(read.take_secrets());
        Integration::new(workspace, key, read, None).asked_parameters()
    };
    if asked(&without) == asked(&definition) { without } else { definition }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_leads_out_of_the_folder_is_no_name_of_a_file() {
        for key in ["../crm", "/etc/crm", "a/b", r"..\crm", "..", ".", "", "a\0"] {
            assert!(!is_file_name(key), "{key:?}");
        }
        for key in ["crm", "crm.v2", "..crm", "Größe"] {
            assert!(is_file_name(key), "{key:?}");
        }
    }
}
