//! A folder of definitions: `crm.yaml` defines the integration `crm`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use crate::filled::Filled;
use crate::problem::Problem;
use crate::references::{Resolved, Unset, resolved};
use crate::yaml;

/// The endings of files that are definitions. Others may lie beside them.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Which definitions are meant.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder, in which each file (.yaml, .yml, .json) defines the integration of its name; or one such file
    #[arg(value_name = "FOLDER")]
    pub(super) path: PathBuf,
    /// Only these integrations
    #[arg(value_name = "KEY")]
    pub(super) keys: Vec<String>,
}

/// A definition, as a file has it. It has no `Debug`, which would show what its references were filled with.
pub(crate) struct Source {
    /// As it is written, with its references.
    pub(crate) written: Map<String, Value>,
    /// As it is sent.
    pub(crate) sent: Map<String, Value>,
    /// The paths of what is not sent, since its variable is not set.
    pub(super) left_out: Vec<String>,
}

impl Folder {
    /// The definitions by their keys. One that cannot be read is all its faults, each beginning with its file.
    pub(super) fn read(
        &self,
        unset: Unset,
        filled: &Filled,
    ) -> Result<BTreeMap<String, Result<Source, Vec<String>>>, Problem> {
        let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in self.files()? {
            let key = path.file_stem().and_then(OsStr::to_str).unwrap_or_default().to_owned();
            if !self.keys.is_empty() && !self.keys.contains(&key) {
                continue;
            }
            if let Some(other) = files.insert(key, path.clone()) {
                let (path, other) = (path.display(), other.display());
                return Err(Problem::Failed(format!(
                    "{other} and {path} define the same integration: keep one."
                )));
            }
        }
        if let Some(key) = self.keys.iter().find(|key| !files.contains_key(*key)) {
            let message =
                format!("{} has no definition of `{key}`: no {key}.yaml or .json.", self.path.display());
            return Err(Problem::Usage(message));
        }
        Ok(files.into_iter().map(|(key, path)| (key, read_file(&path, unset, filled))).collect())
    }

    /// True if the folder says all that there is to be: neither a file alone, nor a choice of keys.
    pub(super) fn is_whole(&self) -> bool {
        self.keys.is_empty() && self.path.is_dir()
    }

    fn files(&self) -> Result<Vec<PathBuf>, Problem> {
        if self.path.is_file() {
            return Ok(vec![self.path.clone()]);
        }
        let fault = |error: std::io::Error| Problem::Usage(format!("{}: {error}.", self.path.display()));
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if ENDINGS.contains(&ending) && !is_hidden && path.is_file() {
                files.push(path);
            }
        }
        if files.is_empty() {
            let message = format!(
                "{} has no definitions: no file that ends in .yaml, .yml or .json.",
                self.path.display()
            );
            return Err(Problem::Usage(message));
        }
        files.sort();
        Ok(files)
    }
}

/// Reads a definition. Its references to files begin where it is.
pub(crate) fn read_file(path: &Path, unset: Unset, filled: &Filled) -> Result<Source, Vec<String>> {
    let fault = |fault: &str| format!("{}: {fault}", path.display());
    let text = fs::read_to_string(path).map_err(|error| vec![fault(&error.to_string())])?;
    let written = yaml::object(&text).map_err(|error| vec![fault(&error)])?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let Resolved { object: sent, faults, left_out } = resolved(&written, folder, unset, filled);
    if !faults.is_empty() {
        return Err(faults.iter().map(|it| fault(it)).collect());
    }
    Ok(Source { written, sent, left_out })
}
