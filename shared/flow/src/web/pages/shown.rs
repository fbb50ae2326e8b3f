//! Names that come from elsewhere, as pages show them.

/// The longest name that is shown, in characters.
const MAX_NAME: usize = 100;

/// The name as the page shows it: not longer than a name, and without characters that control how a text is shown. They
/// could push or turn what stands beside it out of sight.
pub(super) fn shown(name: &str) -> String {
    shown_up_to(name, MAX_NAME)
}

/// The same for a text of another length.
pub(super) fn shown_up_to(text: &str, most: usize) -> String {
    let is_plain = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown: String = text.chars().filter(is_plain).take(most).collect();
    if text.chars().filter(is_plain).count() > most {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_a_name() {
        assert_eq!(shown("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(shown("A\u{202e}d\u{2066}a\n\0 \u{200b}L"), "Ada L");
        assert_eq!(shown(&"é".repeat(6000)), format!("{}…", "é".repeat(MAX_NAME)));
    }
}
