//! Texts of the pages that a workspace replaces by its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::language::{Language, Texts};

/// The longest text that may stand in the place of one of ours, in bytes.
const MAX_TEXT: usize = 500;

/// The most texts that a workspace may replace in a language.
const MAX_TEXTS: usize = 50;

/// The texts that a workspace replaces: by the language's tag, and by the text's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplacedTexts(BTreeMap<String, BTreeMap<String, String>>);

impl ReplacedTexts {
    /// True if none is replaced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of one language alone, for a page that waits.
    #[must_use]
    pub fn only(&self, language: Language) -> Self {
        let texts = self.0.get_key_value(language.tag());
        Self(texts.map(|(tag, texts)| (tag.clone(), texts.clone())).into_iter().collect())
    }

    /// The texts of a language, with those of the workspace in the place of ours.
    #[must_use]
    pub fn in_place(&self, language: Language) -> Texts<'_> {
        let mut texts: Texts<'_> = *language.texts();
        for (name, text) in self.0.get(language.tag()).into_iter().flatten() {
            texts.replace(name, text);
        }
        texts
    }

    /// Checks that each is a text of ours, in a language of ours, and has no names that the page does not know.
    pub(super) fn check(&self) -> Result<()> {
        for (tag, texts) in &self.0 {
            if Language::ALL.iter().all(|language| language.tag() != tag) {
                let known: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
                let problem = format!("is no language of the pages. They are {}", known.join(", "));
                return Err(Error::malformed(&format!("texts.{tag}"), &problem));
            }
            if texts.len() > MAX_TEXTS {
                return Err(Error::malformed(&format!("texts.{tag}"), "must have at most 50 texts"));
            }
            for (name, text) in texts {
                check_text(name, text)
                    .map_err(|problem| Error::malformed(&format!("texts.{tag}.{name}"), &problem))?;
            }
        }
        Ok(())
    }
}

fn check_text(name: &str, text: &str) -> std::result::Result<(), String> {
    let (_, may_have) = Texts::NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| "is no text of the pages".to_owned())?;
    if text.trim().is_empty() || text.len() > MAX_TEXT {
        return Err("must be 1 to 500 bytes".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("must be one line".to_owned());
    }
    let mut named = text.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name));
    match named.find(|name| !may_have.contains(name)) {
        Some(unknown) if may_have.is_empty() => {
            Err(format!("has {{{unknown}}}, and nothing is filled in here"))
        }
        Some(unknown) => {
            Err(format!("has {{{unknown}}}. What is filled in here is {{{}}}", may_have.join("}, {")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn replaced(value: Value) -> ReplacedTexts {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_workspace_s_text_stands_in_the_place_of_ours_in_its_language() {
        let texts = replaced(json!({ "de": { "connected": "Fertig!" } }));
        texts.check().unwrap();
        assert_eq!(texts.in_place(Language::German).connected, "Fertig!");
        assert_eq!(texts.in_place(Language::German).cancel, Language::German.texts().cancel);
        assert_eq!(texts.in_place(Language::English).connected, Language::English.texts().connected);
        assert!(texts.only(Language::English).is_empty());
        assert_eq!(texts.only(Language::German), texts);
    }

    #[test]
    fn what_is_no_text_of_ours_is_refused_by_its_name() {
        let many: Value = (0..51).map(|number| (number.to_string(), json!("x"))).collect();
        for (texts, field, problem) in [
            (json!({ "nl": {} }), "texts.nl", "is no language of the pages"),
            (json!({ "de": { "hello": "x" } }), "texts.de.hello", "is no text of the pages"),
            (json!({ "de": { "cancel": " " } }), "texts.de.cancel", "1 to 500 bytes"),
            (json!({ "de": { "cancel": "x".repeat(501) } }), "texts.de.cancel", "1 to 500 bytes"),
            (json!({ "de": { "cancel": "a\nb" } }), "texts.de.cancel", "one line"),
            (json!({ "de": { "cancel": "{brand}" } }), "texts.de.cancel", "{brand}"),
            (
                json!({ "de": { "formHeading": "{brands}" } }),
                "texts.de.formHeading",
                "{integration}, {brand}",
            ),
            (json!({ "de": many }), "texts.de", "at most 50"),
        ] {
            let error = replaced(texts).check().unwrap_err();
            assert_eq!(error.data()["field"], field);
            assert!(error.message().contains(problem), "{}", error.message());
        }
    }
}
