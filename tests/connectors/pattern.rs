//! A text that fits a pattern: literals, sets, groups and repetitions, as schemas of connectors have them.

/// A text that fits the pattern. `turn` chooses among alternatives, and how often something stands that need not.
pub(crate) fn fitting(pattern: &str, turn: usize) -> String {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    let mut reader = Reader { rest: inner.chars().collect(), at: 0, turn };
    reader.alternatives()
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    turn: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += 1;
        next
    }

    fn alternatives(&mut self) -> String {
        let mut ways = vec![self.sequence()];
        while self.peek() == Some('|') {
            self.at += 1;
            ways.push(self.sequence());
        }
        let turn = self.turn % ways.len();
        ways.swap_remove(turn)
    }

    fn sequence(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.peek().filter(|next| !matches!(next, '|' | ')')) {
            let start = self.at;
            let one = self.item(next);
            let times = self.times();
            for _ in 0..times {
                text.push_str(&one);
            }
            debug_assert!(self.at > start);
        }
        text
    }

    fn item(&mut self, next: char) -> String {
        self.at += 1;
        match next {
            '(' => {
                let inner = self.alternatives();
                self.at += 1;
                inner
            }
            '[' => {
                // The first letter or digit of the set fits, whatever else is in it.
                let mut first = None;
                while let Some(next) = self.next().filter(|next| *next != ']') {
                    first = first.or(Some(next));
                }
                first.unwrap_or_default().to_string()
            }
            '.' => "x".to_owned(),
            '\\' => self.next().unwrap_or_default().to_string(),
            literal => literal.to_string(),
        }
    }

    fn times(&mut self) -> usize {
        let times = match self.peek() {
            Some('?') => self.turn % 2,
            Some('*') => self.turn % 3,
            Some('+') => 3,
            Some('{') => {
                let digits: String =
                    self.rest[self.at + 1..].iter().take_while(|next| next.is_ascii_digit()).collect();
                while self.peek() != Some('}') {
                    self.at += 1;
                }
                digits.parse().unwrap_or(1)
            }
            _ => return 1,
        };
        self.at += 1;
        times
    }
}
