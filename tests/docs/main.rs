//! The documents say what the code does.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod definitions;
mod errors;
mod openapi;
mod scopes;
mod security;
mod template;
mod texts;

use tests::repository::{read, root};

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

/// Each of these files is run by a test.
#[test]
fn the_pages_show_the_files_that_are_tested() {
    for (page, file) in [
        ("docs/connect-with-curl.md", "tests/curl/connect.sh"),
        ("docs/requests.md", "tests/curl/request.sh"),
        ("docs/quick-start.md", "tests/curl/own-integration.sh"),
        ("docs/migrate.md", "tests/curl/carry-over.sh"),
        ("docs/languages.md", "tests/languages/python/app.py"),
        ("docs/languages.md", "tests/languages/go/app.go"),
        ("docs/languages.md", "tests/languages/ruby/app.rb"),
        ("docs/languages.md", "tests/languages/html/index.html"),
    ] {
        assert!(read(page).contains(&format!("\n{}```\n", read(file))), "{page} does not show {file}");
    }
}
