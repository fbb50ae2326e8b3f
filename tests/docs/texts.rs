//! The page of texts has every text of the pages, as it is in English.

use protocol::language::{Language, Texts};

#[test]
fn every_text_stands_in_the_table_as_it_is_in_english() {
    let documented: Vec<String> = crate::read("docs/texts.md")
        .lines()
        .skip_while(|line| *line != "## Every text")
        .filter(|line| line.starts_with("| `"))
        .map(str::to_owned)
        .collect();
    let texts = Language::English.texts();
    let row = |(name, _): &(&str, _)| format!("| `{name}` | {} |", texts.named(name).unwrap());
    assert_eq!(documented, Texts::NAMES.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn every_language_is_named() {
    let page = crate::read("docs/texts.md");
    let schema: serde_json::Value = serde_json::from_str(&crate::read("docs/openapi.json")).unwrap();
    let named = &schema["components"]["schemas"]["ReplacedTexts"]["propertyNames"]["enum"];
    let tags: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    assert_eq!(*named, serde_json::json!(tags));
    for language in Language::ALL {
        assert!(page.contains(&format!("{language:?}")), "{language:?}");
    }
}
