//! Patterns that the functions match themselves: whether a text matches, and the part that a group matches.
//!
//! They are read by the small engine that the AWS SDK brings along: the large one would be a fifth of each function's size.
//! Its `\d`, `\w` and `\s` are ASCII's, as JSON Schema has them, and it never goes back over a text.

use regex_lite::{Regex, RegexBuilder};

use crate::definition::bounded_schema::MAX_PATTERN;

/// The most that a pattern's machine takes, in bytes.
const MAX_MACHINE: usize = 256 * 1024;

/// The reason why a pattern does not name a part of a text, as the end of a sentence.
pub(in crate::definition) fn problem(pattern: &str) -> Option<String> {
    match read(pattern) {
        Err(problem) => Some(problem),
        // The first group is the whole.
        Ok(read) => {
            (read.captures_len() != 2).then(|| "has a pattern that does not have one group, `(…)`".to_owned())
        }
    }
}

/// The reason why a pattern cannot be used, as the end of a sentence.
pub(in crate::definition) fn fault(pattern: &str) -> Option<String> {
    read(pattern).err()
}

/// True if the pattern can be used, and matches the text.
pub(in crate::definition) fn matches(pattern: &str, text: &str) -> bool {
    read(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

/// What the group matches in the text.
pub(in crate::definition) fn find<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let found = read(pattern).ok()?.captures(text)?;
    found.get(1).map(|group| group.as_str())
}

fn read(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("has a pattern of more than {MAX_PATTERN} bytes"));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_MACHINE)
        .build()
        .map_err(|error| format!("has the pattern `{pattern}`, which cannot be used: {error}"))
}
