//! The languages of the pages: every text of theirs, and the language that the present work speaks.
//!
//! A language is a file of texts. A text that one of them lacks is an error of the compiler.

mod arabic;
mod english;
mod french;
mod german;
mod japanese;
mod portuguese;
mod spanish;
mod spoken;
mod texts;

pub use spoken::{accepted, ask_for, asked, during, present};
pub use texts::{Fill, Texts};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, which is spoken where no other is asked for.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Portuguese.
    Portuguese,
    /// Japanese.
    Japanese,
    /// Arabic.
    Arabic,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Japanese,
        Self::Arabic,
    ];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
        }
    }

    /// The direction of its script, as HTML's `dir` names it.
    #[must_use]
    pub fn direction(self) -> &'static str {
        if self == Self::Arabic { "rtl" } else { "ltr" }
    }

    /// Its texts.
    #[must_use]
    pub fn texts(self) -> &'static Texts<'static> {
        match self {
            Self::English => &english::TEXTS,
            Self::German => &german::TEXTS,
            Self::French => &french::TEXTS,
            Self::Spanish => &spanish::TEXTS,
            Self::Portuguese => &portuguese::TEXTS,
            Self::Japanese => &japanese::TEXTS,
            Self::Arabic => &arabic::TEXTS,
        }
    }

    /// The language of a tag, by its first part alone (RFC 4647 §3.4): `de-AT` and `de_AT` are German.
    #[must_use]
    pub fn named(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|known| known.tag().eq_ignore_ascii_case(language))
    }

    /// The language that a reader likes best, by the value of `Accept-Language` (RFC 9110 §12.5.4).
    #[must_use]
    pub fn preferred(accepted: &str) -> Option<Self> {
        let weighed = accepted.split(',').take(MAX_RANGES).filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(weight) => weight.parse::<f32>().ok()?,
                None => 1.0,
            };
            Some((Self::named(tag)?, weight)).filter(|_| weight > 0.0)
        });
        // Of equal weights, the first counts.
        weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }
}

/// The language ranges of a header that are looked at.
const MAX_RANGES: usize = 32;

#[cfg(test)]
mod tests;
