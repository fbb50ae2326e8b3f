//! Metric math, as far as the template's alarms use it. What is not known here is refused.

use std::collections::BTreeMap;

/// The values of one period by their ids; one that is missing has none.
pub(crate) type Values = BTreeMap<String, Option<f64>>;

/// The value of an expression in one period. It is missing where it needs one that is.
pub(crate) fn value(expression: &str, values: &Values) -> Option<f64> {
    let mut rest = tokens(expression);
    rest.reverse();
    let value = comparison(&mut rest, values);
    assert!(rest.is_empty(), "{expression}: {rest:?}");
    value.one()
}

/// A value, or the array of several that a function takes.
enum Term {
    One(Option<f64>),
    Several(Vec<Option<f64>>),
}

impl Term {
    fn one(self) -> Option<f64> {
        match self {
            Self::One(value) => value,
            Self::Several(values) => panic!("an array is no value: {values:?}"),
        }
    }

    fn several(self) -> Vec<Option<f64>> {
        match self {
            Self::Several(values) => values,
            Self::One(value) => panic!("a value is no array: {value:?}"),
        }
    }
}

fn tokens(expression: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for part in expression.split_whitespace() {
        let mut word = String::new();
        for character in part.chars() {
            if character.is_ascii_alphanumeric() || character == '_' || character == '.' {
                word.push(character);
                continue;
            }
            if !word.is_empty() {
                tokens.push(std::mem::take(&mut word));
            }
            match tokens.last_mut() {
                Some(last) if character == '=' && [">", "<"].contains(&&**last) => last.push('='),
                _ => tokens.push(character.to_string()),
            }
        }
        if !word.is_empty() {
            tokens.push(word);
        }
    }
    tokens
}

/// The tokens stand in reverse: the next one is the last.
type Rest = Vec<String>;

fn takes(rest: &mut Rest, token: &str) -> bool {
    let is_next = rest.last().is_some_and(|next| next == token);
    if is_next {
        rest.pop();
    }
    is_next
}

fn expect(rest: &mut Rest, token: &str) {
    assert!(takes(rest, token), "{token} is missing before {:?}", rest.last());
}

fn both(left: Term, right: Term, of: impl FnOnce(f64, f64) -> f64) -> Term {
    Term::One(left.one().zip(right.one()).map(|(left, right)| of(left, right)))
}

fn comparison(rest: &mut Rest, values: &Values) -> Term {
    let left = sum(rest, values);
    if takes(rest, ">=") {
        return both(left, sum(rest, values), |left, right| f64::from(u8::from(left >= right)));
    }
    left
}

fn sum(rest: &mut Rest, values: &Values) -> Term {
    let mut left = quotient(rest, values);
    while takes(rest, "+") {
        left = both(left, quotient(rest, values), |left, right| left + right);
    }
    left
}

fn quotient(rest: &mut Rest, values: &Values) -> Term {
    let mut left = term(rest, values);
    while takes(rest, "/") {
        left = both(left, term(rest, values), |left, right| left / right);
    }
    left
}

fn term(rest: &mut Rest, values: &Values) -> Term {
    let token = rest.pop().unwrap();
    match &*token {
        "(" => {
            let inner = comparison(rest, values);
            expect(rest, ")");
            inner
        }
        "[" => Term::Several(list(rest, values, "]").into_iter().map(Term::one).collect()),
        function if takes(rest, "(") => called(function, list(rest, values, ")"), values),
        number if number.starts_with(|c: char| c.is_ascii_digit()) => Term::One(number.parse().ok()),
        id => Term::One(*values.get(id).unwrap_or_else(|| panic!("no metric has the id {id}"))),
    }
}

fn list(rest: &mut Rest, values: &Values, end: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    while !takes(rest, end) {
        terms.push(comparison(rest, values));
        _ = takes(rest, ",");
    }
    terms
}

fn called(function: &str, arguments: Vec<Term>, values: &Values) -> Term {
    let mut arguments = arguments.into_iter();
    let mut next = || arguments.next().unwrap();
    let value = match function {
        "IF" => {
            let (condition, then, otherwise) = (next().one(), next().one(), next().one());
            condition.and_then(|is_true| if is_true == 0.0 { otherwise } else { then })
        }
        "METRICS" => return Term::Several(values.values().copied().collect()),
        "FILL" => next().one().or(next().one()),
        "SUM" => next().several().into_iter().flatten().reduce(|left, right| left + right),
        "MAX" => next().several().into_iter().flatten().reduce(f64::max),
        other => panic!("a function that is not known here: {other}"),
    };
    Term::One(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_has_the_value_that_cloudwatch_gives_it() {
        let values = Values::from([
            ("a".to_owned(), Some(6.0)),
            ("b".to_owned(), Some(2.0)),
            ("missing".to_owned(), None),
        ]);
        for (expression, expected) in [
            ("a", Some(6.0)),
            ("a + b / 4", Some(6.5)),
            ("(a + b) / 4", Some(2.0)),
            ("IF(a >= 6, b, 0)", Some(2.0)),
            ("IF(a >= 6.5, b, 0)", Some(0.0)),
            ("a / (a + FILL(missing, 0))", Some(1.0)),
            ("a + missing", None),
            ("IF(missing >= 1, a, b)", None),
            ("SUM([a, b, missing])", Some(8.0)),
            ("MAX([a, b])", Some(6.0)),
            ("SUM([missing])", None),
            ("SUM(METRICS())", Some(8.0)),
        ] {
            assert_eq!(value(expression, &values), expected, "{expression}");
        }
    }
}
