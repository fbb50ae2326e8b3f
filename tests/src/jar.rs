//! The cookies of a browser.

use cookie::Cookie;

/// Names and values, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Jar(pub Vec<(String, String)>);

impl Jar {
    /// Keeps a cookie as RFC 6265bis §5.7 requires, for one host and all of its paths.
    pub fn keep(&mut self, cookie: &Cookie<'_>) {
        let before = self.0.iter().position(|(name, _)| name == cookie.name());
        let is_gone = cookie.max_age().is_some_and(|age| age == cookie::time::Duration::ZERO);
        match (before, is_gone) {
            (Some(index), true) => drop(self.0.remove(index)),
            (Some(index), false) => cookie.value().clone_into(&mut self.0[index].1),
            (None, true) => {}
            (None, false) => self.0.push((cookie.name().to_owned(), cookie.value().to_owned())),
        }
    }

    /// The `Cookie` header; empty where there is none.
    #[must_use]
    pub fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}
