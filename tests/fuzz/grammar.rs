//! What grammars are made of: choices, and JSON of any shape.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

use crate::refusals::MARK;

/// One of these; the first when nothing is left to draw from.
pub(crate) fn one_of<'a, T>(draw: &mut Unstructured<'_>, all: &'a [T]) -> &'a T {
    draw.choose(all).unwrap_or(&all[0])
}

/// True in `of` cases out of `all`.
pub(crate) fn chance(draw: &mut Unstructured<'_>, of: u8, all: u8) -> bool {
    draw.ratio(of, all).unwrap_or_default()
}

/// A number up to `most`.
pub(crate) fn up_to(draw: &mut Unstructured<'_>, most: usize) -> usize {
    draw.int_in_range(0..=most).unwrap_or_default()
}

/// Texts that mean something somewhere.
pub(crate) const TEXTS: &[&str] = &[
    "",
    "a",
    "true",
    "0",
    "-1",
    "3600",
    "1e400",
    "NaN",
    "inf",
    "-inf",
    "9223372036854775807",
    "2026-01-01T01:00:00Z",
    "Thu, 01 Jan 2026 01:00:00 GMT",
    "+262142-01-01T00:00:00Z",
    MARK,
    "Bearer",
    "mac",
    "invalid_grant",
    "e30.eyJzdWIiOiI3In0.c2ln",
    "${credentials.access_token}",
    "../..",
    "\u{0}",
    "line\r\nbreak: x",
    "\u{e9}\u{202e}\u{1f600}",
    "a b&c=d%",
    "https://provider.example/next?a=b#c",
];

const NUMBERS: &[f64] = &[
    0.0, -0.0, 1.0, -1.0, 0.5, 59.999, 3600.0, 86_400.0, 3.2e9, 1e11, 9e15, 9.3e18, 1.9e19, 1e300, -1e300,
    5e-324,
];

/// JSON of any shape, `depth` levels deep at most.
pub(crate) fn json_of(draw: &mut Unstructured<'_>, depth: usize) -> Value {
    let kinds = if depth == 0 { 5 } else { 7 };
    match up_to(draw, kinds) {
        0 => Value::Null,
        1 => json!(chance(draw, 1, 2)),
        2 => json!(one_of(draw, NUMBERS)),
        3 => json!(one_of(draw, &[0, 1, -1, 60, 3600, i64::MAX, i64::MIN, 1 << 53])),
        4 | 5 => json!(one_of(draw, TEXTS)),
        6 => (0..up_to(draw, 3)).map(|_| json_of(draw, depth - 1)).collect(),
        _ => {
            let names = ["a", "id", "access_token", "error", "data", "expires_in", "", "a.b"];
            let members = (0..up_to(draw, 3)).map(|_| {
                let name = (*one_of(draw, &names)).to_owned();
                (name, json_of(draw, depth - 1))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}
