//! Patterns, as JSON Schema has them and within the same bounds: whether a text matches, and the part that a group matches.

use regex::Regex;

use crate::definition::bounded_schema::{MAX_PATTERN, MAX_STATES, states_of};

/// The reason why a pattern does not name a part of a text, as the end of a sentence.
pub(super) fn problem(pattern: &str) -> Option<String> {
    fault(pattern).or_else(|| {
        let groups = regex_syntax::parse(pattern).map(|hir| hir.properties().explicit_captures_len());
        (groups != Ok(1)).then(|| "has a pattern that does not have one group, `(…)`".to_owned())
    })
}

/// The reason why a pattern cannot be used, as the end of a sentence.
pub(in crate::definition) fn fault(pattern: &str) -> Option<String> {
    if pattern.len() > MAX_PATTERN {
        return Some(format!("has a pattern of more than {MAX_PATTERN} bytes"));
    }
    match states_of(pattern) {
        Err(problem) => Some(problem),
        Ok(states) if states > MAX_STATES => Some("has a pattern with too large repetitions".to_owned()),
        Ok(_) => None,
    }
}

/// True if the pattern can be used, and matches the text.
pub(in crate::definition) fn matches(pattern: &str, text: &str) -> bool {
    let pattern = jsonschema_regex::to_rust_regex(pattern).ok();
    pattern.and_then(|pattern| Regex::new(&pattern).ok()).is_some_and(|pattern| pattern.is_match(text))
}

/// What the group matches in the text.
pub(super) fn find<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let pattern = jsonschema_regex::to_rust_regex(pattern).ok()?;
    let found = Regex::new(&pattern).ok()?.captures(text)?;
    found.get(1).map(|group| group.as_str())
}
