//! The language that the present work speaks: the browser's, unless the start asked for one.

use std::cell::Cell;
use std::future::Future;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::Language;

/// The languages of a piece of work.
#[derive(Clone, Copy)]
struct Spoken {
    accepted: Language,
    asked: Option<Language>,
}

tokio::task_local! {
    static SPOKEN: Cell<Spoken>;
}

/// The language of the browser that sent these headers.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    accepted.and_then(Language::preferred).unwrap_or(Language::English)
}

/// Does the work in the language of its browser, unless the start asks for another.
pub fn during<F: Future>(accepted: Language, work: F) -> impl Future<Output = F::Output> {
    SPOKEN.scope(Cell::new(Spoken { accepted, asked: None }), work)
}

/// Goes on in the language that the start asked for, if it did.
pub fn ask_for(language: Option<Language>) {
    _ = SPOKEN.try_with(|spoken| {
        let now = spoken.get();
        spoken.set(Spoken { asked: language.or(now.asked), ..now });
    });
}

/// The language that the start asked for.
#[must_use]
pub fn asked() -> Option<Language> {
    SPOKEN.try_with(Cell::get).ok()?.asked
}

/// The language of the present work.
#[must_use]
pub fn present() -> Language {
    SPOKEN.try_with(Cell::get).map_or(Language::English, |spoken| spoken.asked.unwrap_or(spoken.accepted))
}
