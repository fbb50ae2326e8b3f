use crate::{read, sources};

#[test]
fn every_test_that_the_security_page_names_exists() {
    let tests = [
        sources("tests", &["rs", "py", "mjs"]),
        sources("shared", &["rs"]),
        sources("functions", &["rs"]),
        sources("infra", &["rs"]),
    ]
    .concat();
    let page = read("SECURITY.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat"));
    let mut named = 0;
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            let defined = tests.contains(&format!("fn {name}(")) || tests.contains(&format!("def {name}("));
            assert!(defined, "there is no test {name}");
            named += 1;
        }
    }
    assert!(named > 50, "only {named} tests were found on the page");
}
