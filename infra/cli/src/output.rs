//! What is printed: answers on standard output, everything else on standard error. Nothing else of the program prints, so that
//! no value of a reference gets out.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::filled::Filled;
use crate::problem::Problem;

/// Says of a panic where it was, and not its message, which could quote a value.
pub(crate) fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
        let _ = writeln!(io::stderr(), "This is a fault of linkspan{place}. Please report it.");
    }));
}

/// How answers are printed.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    /// JSON for programs, in the place of texts for people.
    pub(crate) json: bool,
    filled: &'static Filled,
}

impl Output {
    /// The one way out of the program, for as long as it runs.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, filled: Box::leak(Box::default()) }
    }

    /// What must not be printed: whoever fills in a reference adds its value.
    pub(crate) fn filled(self) -> &'static Filled {
        self.filled
    }

    /// A line of the answer. If nobody reads it any more (`| head`), nothing is lost.
    pub(crate) fn line(self, line: impl Display) {
        let _ = writeln!(io::stdout(), "{}", self.plain(&line.to_string()));
    }

    /// The answer for programs.
    pub(crate) fn value(self, value: &Value) {
        let _ = writeln!(io::stdout(), "{:#}", self.filled.hidden_in(value));
    }

    /// What happened meanwhile.
    pub(crate) fn note(self, note: impl Display) {
        let _ = writeln!(io::stderr(), "{}", self.plain(&note.to_string()));
    }

    /// Why the command ended.
    pub(crate) fn problem(self, problem: &Problem) {
        match problem.to_json() {
            None => {}
            Some(error) if self.json => {
                let _ = writeln!(io::stderr(), "{:#}", self.filled.hidden_in(&json!({ "error": error })));
            }
            Some(_) => self.note(problem),
        }
    }

    /// Rows under their headings, each column as wide as its widest cell.
    pub(crate) fn table<const N: usize>(self, headings: [&str; N], rows: &[[String; N]]) {
        let rows: Vec<[String; N]> = std::iter::once(headings.map(str::to_owned))
            .chain(rows.iter().cloned())
            .map(|row| row.map(|cell| plain(&cell).replace('\n', " ")))
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &rows {
            let cells: Vec<String> =
                row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            self.line(cells.join("  ").trim_end());
        }
    }

    /// Whether the user wants this. Where nobody can answer, `--yes` must have said so.
    pub(crate) fn confirmed(self, yes: bool, question: &str) -> Result<(), Problem> {
        if yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Problem::Usage(format!("{question} Nobody can answer here: add --yes.")));
        }
        let _ = write!(io::stderr(), "{} [y/N] ", self.plain(question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| Problem::Failed(error.to_string()))?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Problem::Failed("Nothing was done.".to_owned()))
    }

    fn plain(self, text: &str) -> String {
        plain(&self.filled.hidden(text))
    }
}

/// A text of an answer, or a hyphen where there is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or("-")
}

/// The text without what a terminal would act on: names come from customers.
fn plain(text: &str) -> String {
    let is_harmless = |c: char| c == '\n' || !(c.is_control() || is_bidirectional(c));
    text.chars()
        .flat_map(|c| {
            let escaped = (!is_harmless(c)).then(|| c.escape_default());
            let plain = is_harmless(c).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// True for characters that change the order in which others are shown.
fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown_instead() {
        assert_eq!(plain("Ada\u{1b}[2J\r\u{202e}x\nÄ 猫"), "Ada\\u{1b}[2J\\r\\u{202e}x\nÄ 猫");
    }
}
