//! Checks connectors' files: `cargo run -p catalogue --example check -- catalogue/asana.json`.

#[path = "../tests/check/mod.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod check;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, error};

fn main() -> Result<ExitCode, Box<dyn error::Error>> {
    let mut out = io::stdout().lock();
    let mut all_well = true;
    for path in env::args().skip(1) {
        let path = Path::new(&path);
        let key = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // A file that it extends stands beside it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let files = catalogue::files::read(folder.unwrap_or(Path::new(".")))?;
        if files.get(key).is_some_and(|file| file["abstract"] == true) {
            writeln!(out, "{key}: is abstract; what extends it is checked")?;
            continue;
        }
        let resolved = catalogue::files::resolved(&files)?;
        let Some(file) = resolved.get(key) else {
            writeln!(out, "{}: there is no such file", path.display())?;
            all_well = false;
            continue;
        };
        for problem in check::problems(key, file) {
            writeln!(out, "{key}: {problem}")?;
            all_well = false;
        }
    }
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
