//! What the manifests leave out of the tests holds none.

use std::path::Path;

use crate::{read, root};

/// Each of them would be a hundred megabytes to link, for nothing.
#[test]
fn a_binary_that_is_built_without_its_tests_has_none() {
    let mut found = 0;
    for folder in ["functions", "infra", "tests/bench/floor", "tests/bench"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let package = entry.unwrap().path();
            if !package.join("Cargo.toml").is_file() {
                continue;
            }
            let package = package.strip_prefix(root()).unwrap().to_owned();
            let manifest = read(&package.join("Cargo.toml").to_string_lossy());
            for binary in manifest.split("\n[[bin]]\n").skip(1) {
                let settings = binary.split("\n[").next().unwrap();
                assert!(settings.lines().any(|line| line == "test = false"), "{}", package.display());
                let path =
                    settings.lines().find_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
                let code = read(&Path::new(&package).join(path.unwrap()).to_string_lossy());
                assert!(
                    !code.contains("#[test]") && !code.contains("cfg(test)"),
                    "{}: {path:?}",
                    package.display()
                );
                found += 1;
            }
        }
    }
    assert_eq!(found, 12);
}
