//! The page of errors is what callers were promised: a key that it lists is never taken away or changed.

use protocol::error::{ErrorKey, Facts, Shown};

#[test]
fn every_error_is_documented_with_its_type_and_status() {
    let documented: Vec<[String; 4]> = crate::read("docs/errors.md")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells =
                line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned());
            let mut next = || cells.next().unwrap();
            let [key, error_type, status] = [next(), next(), next()];
            let [meaning, shown] = [next(), next()];
            assert!(!meaning.is_empty(), "{line}");
            [key, error_type, status, shown]
        })
        .collect();
    let table: Vec<[String; 4]> = ErrorKey::ALL
        .iter()
        .map(|key| {
            let Facts { key, error_type, status, shown } = key.facts();
            let shown = match shown {
                Shown::OwnPage => "our page",
                Shown::RedirectUri => "redirectUri",
                Shown::Rest => "REST only",
            };
            [key.to_owned(), error_type.as_str().to_owned(), status.as_u16().to_string(), shown.to_owned()]
        })
        .collect();
    assert_eq!(documented, table);
}
