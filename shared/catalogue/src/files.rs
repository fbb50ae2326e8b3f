//! The files in `catalogue/`: one a connector, by its key.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::overlay::laid_over;

/// The members of a file that are about the connector: its definition has all others.
pub const ABOUT: [&str; 8] =
    ["abstract", "aliases", "categories", "checked", "documentation", "extends", "notes", "setup"];

/// The most files that one can extend, one the other.
const MOST_STEPS: usize = 4;

/// Reads every file of the folder, by its name without `.json`.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Value>, String> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let key = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if !file.is_object() {
            return Err(format!("{}: must be an object", path.display()));
        }
        files.insert(key, file);
    }
    Ok(files)
}

/// The connectors, each with what it extends. A file that says `abstract` is none.
pub fn resolved(files: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, String> {
    files
        .iter()
        .filter(|(_, file)| file["abstract"] != true)
        .map(|(key, _)| Ok((key.clone(), resolved_one(files, key)?)))
        .collect()
}

/// One file, with what it extends.
pub fn resolved_one(files: &BTreeMap<String, Value>, key: &str) -> Result<Value, String> {
    let file = files.get(key).ok_or_else(|| format!("{key} is no file"))?;
    resolve(files, key, file, MOST_STEPS).map(Value::Object)
}

fn resolve(
    files: &BTreeMap<String, Value>,
    key: &str,
    file: &Value,
    steps: usize,
) -> Result<Map<String, Value>, String> {
    let Some(file) = file.as_object() else { return Err(format!("{key} must be an object")) };
    let Some(extended) = file.get("extends") else { return Ok(file.clone()) };
    let base = extended.as_str().and_then(|base| Some((base, files.get(base)?)));
    let (Some((base, base_file)), Some(steps)) = (base, steps.checked_sub(1)) else {
        return Err(format!("{key} extends {extended}, which is no file, or one that extends too many"));
    };
    let mut base = resolve(files, base, base_file, steps)?;
    base.shift_remove("abstract");
    let mut resolved = laid_over(base, file);
    resolved.shift_remove("extends");
    Ok(resolved)
}

/// A connector's definition, and what is about the connector.
#[must_use]
pub fn parts(file: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let members = file.as_object().into_iter().flatten();
    let (about, definition) = members
        .map(|(name, value)| (name.clone(), value.clone()))
        .partition(|(name, _)| ABOUT.contains(&name.as_str()));
    (definition, about)
}
