//! Checks connectors' files: `cargo run -p catalogue --example check -- catalogue/asana.json`. Of several it says too which
//! are alike.

#[path = "../tests/check/mod.rs"]
mod check;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, error};

use serde_json::Value;

fn main() -> Result<ExitCode, Box<dyn error::Error>> {
    let mut problems = Vec::new();
    let mut checked: BTreeMap<String, Value> = BTreeMap::new();
    let mut folders: BTreeMap<PathBuf, BTreeMap<String, Value>> = BTreeMap::new();
    for path in env::args().skip(1) {
        let path = Path::new(&path);
        let key = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // What it extends stands beside it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        if !folders.contains_key(&folder) {
            folders.insert(folder.clone(), catalogue::files::read(&folder)?);
        }
        let files = &folders[&folder];
        match files.get(key) {
            None => problems.push(format!("{}: there is no such file", path.display())),
            // What extends it is checked.
            Some(file) if file["abstract"] == true => {}
            Some(_) => {
                let file = catalogue::files::resolved_one(files, key)?;
                problems
                    .extend(check::problems(key, &file).iter().map(|problem| format!("{key}: {problem}")));
                checked.insert(key.to_owned(), file);
            }
        }
    }
    problems.extend(check::alike(&checked));
    let mut out = io::stdout().lock();
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
