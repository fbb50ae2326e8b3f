//! What every language's texts must have.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::*;

/// The names in braces of a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_text_has_the_names_that_the_table_says_in_every_language() {
    for language in Language::ALL {
        for (name, placeholders) in Texts::NAMES {
            let text = language.texts().named(name).unwrap();
            assert!(!text.trim().is_empty(), "{language:?} {name}");
            let expected = placeholders.iter().copied().collect();
            assert_eq!(names(text), expected, "{language:?} {name}: {text}");
        }
    }
}

#[test]
fn no_text_is_left_in_english() {
    let words = |text: &str| text.split_whitespace().count();
    assert_eq!(Texts::NAMES.len(), Texts::NAMES.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len());
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        for (name, _) in Texts::NAMES {
            let (text, english) =
                (language.texts().named(name).unwrap(), Language::English.texts().named(name).unwrap());
            assert!(text != english || words(english) <= 2, "{language:?} {name}: {text}");
        }
    }
}

#[test]
fn sentences_end_as_they_do_in_english() {
    let end = |text: &str| match text.chars().last() {
        Some('.' | '。') => '.',
        Some('?' | '؟') => '?',
        Some(':') => ':',
        _ => ' ',
    };
    for language in Language::ALL {
        for (name, _) in Texts::NAMES {
            let text = language.texts().named(name).unwrap();
            let english = Language::English.texts().named(name).unwrap();
            // A Japanese sentence that leads to a list may end as any other.
            let is_same =
                end(text) == end(english) || (language == Language::Japanese && end(english) == ':');
            assert!(is_same, "{language:?} {name}: {text}");
        }
    }
}

#[test]
fn what_is_isolated_in_a_text_ends_there() {
    for language in Language::ALL {
        for (name, _) in Texts::NAMES {
            let text = language.texts().named(name).unwrap();
            let opened = text.matches(['\u{2066}', '\u{2068}']).count();
            assert_eq!(opened, text.matches('\u{2069}').count(), "{language:?} {name}");
            if language.direction() == "rtl" && *name != "titleProblem" && *name != "choiceCut" {
                let isolated = text.matches("\u{2068}{").count();
                let numbers = text.matches("{limit}").count();
                assert_eq!(isolated + numbers, text.matches('{').count(), "{language:?} {name}");
            }
        }
    }
}

#[test]
fn a_value_is_filled_in_once_and_as_it_is() {
    assert_eq!("{a} and {b}, {a}".fill(&[("a", "{b}"), ("b", "2")]), "{b} and 2, {b}");
    assert_eq!("{c} {".fill(&[("a", "1")]), "{c} {");
    assert_eq!("Connect {integration} to {brand}".about("Acme", "CRM"), "Connect CRM to Acme");
}

#[test]
fn the_browser_s_preferences_are_weighed() {
    for (accepted, expected) in [
        ("de", Some(Language::German)),
        ("de-AT,de;q=0.9,en;q=0.8", Some(Language::German)),
        ("en;q=0.8, fr;q=0.9", Some(Language::French)),
        ("nl, pt-BR;q=0.5", Some(Language::Portuguese)),
        ("JA", Some(Language::Japanese)),
        ("es;q=0, en", Some(Language::English)),
        ("es;q=0", None),
        ("es;q=x", None),
        ("nl", None),
        ("*", None),
        ("deutsch", None),
        ("", None),
    ] {
        assert_eq!(Language::preferred(accepted), expected, "{accepted}");
    }
}

#[tokio::test]
async fn the_language_that_a_start_asks_for_counts_before_the_browser_s() {
    assert_eq!((present(), asked()), (Language::English, None));
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_LANGUAGE, "fr".parse().unwrap());
    during(accepted(&headers), async {
        assert_eq!((present(), asked()), (Language::French, None));
        ask_for(Some(Language::German));
        ask_for(None);
        assert_eq!((present(), asked()), (Language::German, Some(Language::German)));
    })
    .await;
}
