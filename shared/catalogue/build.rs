//! Makes two texts of the files in `catalogue/`: an index to search in, and the connectors' JSON, which nobody parses before
//! somebody asks for it.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use sha1::{Digest, Sha1};

#[path = "src/files.rs"]
#[expect(unreachable_pub, reason = "the library shares the file")]
mod files;
#[path = "src/overlay.rs"]
#[expect(unreachable_pub, reason = "the library shares the file")]
mod overlay;

/// The digits of a version: enough to tell a connector's definitions from each other.
const VERSION: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let from = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../catalogue");
    println!("cargo::rerun-if-changed={}", from.display());
    println!("cargo::rerun-if-changed=src");
    let into = PathBuf::from(env::var("OUT_DIR")?);
    let (mut index, mut texts) = (String::new(), String::new());
    for (key, file) in files::resolved(&files::read(&from)?)? {
        let (definition, about) = files::parts(&file);
        let version = version(&definition);
        let text = Value::from_iter([("definition", Value::Object(definition)), ("about", about.into())]);
        let start = texts.len();
        write!(texts, "{text}")?;
        let columns = [
            key,
            version,
            start.to_string(),
            texts.len().to_string(),
            file["name"].as_str().unwrap_or_default().to_owned(),
            texts_of(&file["categories"]).join(","),
            types(&file).join(","),
            texts_of(&file["aliases"]).join(","),
        ];
        if let Some(column) = columns.iter().find(|column| column.contains(['\t', '\n'])) {
            return Err(format!("{column:?} has a tab or a line break in it").into());
        }
        writeln!(index, "{}", columns.join("\t"))?;
    }
    fs::write(into.join("index.txt"), index)?;
    fs::write(into.join("connectors.txt"), texts)?;
    Ok(())
}

/// A hash of the definition, whose members are in the order of their names: the same on every machine.
fn version(definition: &serde_json::Map<String, Value>) -> String {
    let text = Value::Object(definition.clone()).to_string();
    let mut version = Sha1::digest(text).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    version.truncate(VERSION);
    version
}

fn texts_of(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The options' types, each once.
fn types(file: &Value) -> Vec<&str> {
    let mut types = Vec::new();
    for option in file["authOptions"].as_array().into_iter().flatten() {
        if let Some(auth_type) = option["type"].as_str().filter(|auth_type| !types.contains(auth_type)) {
            types.push(auth_type);
        }
    }
    types
}
