//! The style sheet, in the workspace's colour.

use protocol::definition::Brand;
use serde::{Deserialize, Serialize};

/// What only the screens have.
const SCREEN: &str = include_str!("../../../templates/screen.css");

const SHEET: &str = include_str!("../../../templates/style.css");

/// Returns the style sheet of a page without a workspace.
pub(super) fn plain() -> String {
    SHEET.to_owned()
}

/// Returns the style sheet in a workspace's colour. The text on that colour is black or white, by the better contrast.
pub(super) fn branded(brand: &Brand) -> String {
    match &brand.color {
        Some(color) => {
            let on_accent = if luminance(color) > 0.179 { "#000" } else { "#fff" };
            format!("{SHEET}main{{--button:{color};--on-button:{on_accent}}}\n")
        }
        None => SHEET.to_owned(),
    }
}

/// Which of the two looks a page has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The light one.
    Light,
    /// The dark one.
    Dark,
    /// What the customer's device prefers.
    #[default]
    Auto,
}

impl Theme {
    /// Reads a name. What is none is as good as no wish.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Returns the style sheet of a screen, in a workspace's colour and the application's look.
pub(super) fn of_screen(brand: &Brand, theme: Theme) -> String {
    let (sheet, colours) = (branded(brand), looks());
    let look = match theme {
        Theme::Auto => String::new(),
        Theme::Light => format!(":root{{color-scheme:light;{}}}\n", colours[0]),
        Theme::Dark => format!(":root{{color-scheme:dark;{}}}\n", colours[1]),
    };
    format!("{sheet}{SCREEN}{look}")
}

/// The colours of the light and of the dark look, as the sheet says them.
fn looks() -> [&'static str; 2] {
    let between = |from: &str| {
        let (_, rest) = SHEET.split_once(from).unwrap_or_default();
        rest.split_once('}').unwrap_or_default().0
    };
    [between(":root{color-scheme:light dark;"), between("(prefers-color-scheme:dark){:root{")]
}

/// Returns the relative luminance (WCAG 2.2). Above 0.179, black has the better contrast.
fn luminance(color: &str) -> f64 {
    let channel = |range: std::ops::Range<usize>| {
        let value = color.get(range).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1..3) + 0.7152 * channel(3..5) + 0.0722 * channel(5..7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::definition::ReplacedTexts;

    #[test]
    fn a_look_has_the_colours_of_the_sheet() {
        let names = |colours: &str| {
            let names = colours.split(';').map(|colour| colour.split(':').next().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        let [light, dark] = looks();
        assert_eq!(names(light), names(dark));
        assert_eq!(names(light).len(), 9);
    }

    #[test]
    fn the_text_on_a_button_reads_well_on_any_colour() {
        for (color, text) in
            [("#000000", "#fff"), ("#ffffff", "#000"), ("#1f5fd0", "#fff"), ("#ffd000", "#000")]
        {
            let brand = Brand {
                name: String::new(),
                logo_uri: None,
                color: Some(color.to_owned()),
                texts: ReplacedTexts::default(),
            };
            assert!(branded(&brand).contains(&format!("--on-button:{text}")), "{color}");
        }
    }
}
