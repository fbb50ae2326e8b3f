//! The documents say what the code does.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod definitions;
mod errors;
mod openapi;
mod scopes;
mod security;
mod template;

use std::path::{Path, PathBuf};

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sources below a folder, as one text.
fn sources(folder: &str, endings: &[&str]) -> String {
    let mut text = String::new();
    let mut pending = vec![root().join(folder)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            if path.ends_with("node_modules") {
                continue;
            }
            pending.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    text
}

#[test]
fn the_curl_page_shows_the_script_that_is_tested() {
    assert!(read("docs/connect-with-curl.md").contains(&read("tests/curl/connect.sh")));
}

#[test]
fn every_image_that_the_documents_show_exists() {
    for page in ["README.md", "docs/pages.md"] {
        let folder = root().join(page).parent().unwrap().to_owned();
        let text = read(page);
        let linked = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let shown = text.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        for target in linked.chain(shown).filter(|target| !target.starts_with("http")) {
            assert!(folder.join(target).exists(), "{page} points to {target}");
        }
    }
}
