use protocol::error::{ErrorKey, Facts};

#[test]
fn every_error_is_documented_with_its_type_and_status() {
    let page = crate::read("docs/errors.md");
    for key in ErrorKey::ALL {
        let Facts { key, error_type, status, .. } = key.facts();
        let row = format!("| `{key}` | `{}` | {} | ", error_type.as_str(), status.as_u16());
        assert!(page.contains(&row), "docs/errors.md lacks a row that begins with {row}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ErrorKey::ALL.len());
}
