//! docs/limits.md says what the constants in the code are, and leaves none out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ItemConst, ItemMod, Lit, Type};

use crate::{read, root};

/// A constant: its file and its name.
type Place = (String, String);

/// What no caller and no operator meets: pauses between tries, units, lengths of a form, what only a test counts with.
const NO_LIMITS: [(&str, &str); 22] = [
    ("shared/flow/src/complete.rs", "PAUSE"),
    ("shared/flow/src/context/unconfirmed.rs", "FLOW_ID"),
    ("shared/flow/src/deps/limits.rs", "SECONDS"),
    ("shared/flow/src/finish.rs", "PAUSE"),
    ("shared/flow/src/finish.rs", "RESULT_LIFETIME"),
    ("shared/flow/src/lifecycle/refresh/sweep.rs", "LONGEST"),
    ("shared/flow/src/lifecycle/refresh/wait.rs", "ASK_AGAIN"),
    ("shared/flow/src/lifecycle/refresh/wait.rs", "PAUSE"),
    ("shared/flow/src/root_secret/secrets_manager.rs", "PAUSE"),
    ("shared/flow/src/store/attempt_list.rs", "AT_ONCE"),
    ("shared/flow/src/store/batch.rs", "MOST_IN_BATCH"),
    ("shared/flow/src/store/due.rs", "GROUP"),
    ("shared/flow/src/store/due.rs", "HOUR"),
    ("shared/flow/src/store/due.rs", "SHARDS"),
    ("shared/flow/src/store/due.rs", "WORKSPACE"),
    ("shared/flow/src/store/transient.rs", "PAUSE"),
    ("shared/protocol/src/clock.rs", "FIRST_MILLISECONDS"),
    ("shared/protocol/src/definition/bounded_schema.rs", "RANGES"),
    ("shared/protocol/src/definition/workspace_secrets.rs", "TWO_SECRETS"),
    ("shared/protocol/src/provider/token_form.rs", "AROUND_A_FIELD"),
    ("shared/protocol/src/record/reference.rs", "HOUR"),
    ("shared/protocol/src/redirect_uri/own_routes.rs", "MOST_HOSTS"),
];

/// A constant's value. Times are in milliseconds.
#[derive(Clone, Copy, PartialEq)]
enum Value {
    Number(f64),
    Numbers(f64, f64),
    Time(f64),
    Times(f64, f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Numbers(from, to) => write!(f, "{from} to {to}"),
            Self::Time(time) => write!(f, "{time} ms"),
            Self::Times(from, to) => write!(f, "{from} ms to {to} ms"),
        }
    }
}

#[test]
fn the_page_of_limits_has_the_constants_of_the_code() {
    let constants = constants();
    let rows = rows();
    for (place, written) in &rows {
        let constant = constants
            .get(place)
            .unwrap_or_else(|| panic!("the page names a constant that is not there: {place:?}"));
        assert!(fits(*constant, written), "{place:?} is {constant}, the page says {written}");
    }
    let named: BTreeSet<&Place> = rows.iter().map(|(place, _)| place).collect();
    let others: BTreeSet<Place> =
        NO_LIMITS.iter().map(|(file, name)| ((*file).to_owned(), (*name).to_owned())).collect();
    let missing: Vec<_> = constants
        .iter()
        .filter(|(place, _)| !named.contains(place) && !others.contains(*place))
        .map(|((file, name), value)| format!("{file} {name} = {value}"))
        .collect();
    assert!(missing.is_empty(), "docs/limits.md does not have:\n{}", missing.join("\n"));
}

/// The rows of the page that name a constant, with their limit.
fn rows() -> Vec<(Place, String)> {
    let page = read("docs/limits.md");
    let place = |cell: &str| {
        let mut parts = cell.split('`').skip(1).step_by(2).map(str::to_owned);
        Some((parts.next()?, parts.next()?))
    };
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            let [_, limit, _, r#where] = cells[..] else { return None };
            Some((place(r#where)?, limit.to_owned()))
        })
        .collect()
}

/// True if the page writes the value so: `64 KiB`, `15 min`, `1 min to 6 h`, `500 items`.
fn fits(value: Value, written: &str) -> bool {
    let mut words = written.split_whitespace();
    let mut quantities = Vec::new();
    let mut times = Vec::new();
    while let Some(word) = words.next() {
        let digits = word.trim_end_matches("th").replace(',', "");
        let Ok(number) = digits.parse::<f64>() else { continue };
        match words.clone().next() {
            Some("KiB") => quantities.push(number * 1024.0),
            Some("MiB") => quantities.push(number * 1024.0 * 1024.0),
            Some("ms") => times.push(number),
            Some("s") => times.push(number * 1000.0),
            Some("min") => times.push(number * 60_000.0),
            Some("h") => times.push(number * 3_600_000.0),
            Some("days") => times.push(number * 86_400_000.0),
            _ => quantities.push(number),
        }
    }
    match value {
        Value::Time(time) => times == [time],
        Value::Times(from, to) => times == [from, to],
        Value::Numbers(from, to) => quantities == [from, to],
        // A constant that is a number can count milliseconds, seconds, hours or days.
        Value::Number(number) => {
            quantities == [number]
                || [1.0, 1000.0, 3_600_000.0, 86_400_000.0].iter().any(|unit| times == [number * unit])
        }
    }
}

/// Every constant of the service that is a number or a time. Those of tests do not count.
fn constants() -> BTreeMap<Place, Value> {
    let mut found = BTreeMap::new();
    for folder in ["shared", "functions"] {
        for path in sources(root().join(folder)) {
            let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let mut constants = Constants { file: &file, own: BTreeMap::new() };
            constants.visit_file(&syn::parse_file(&read(&file)).unwrap());
            found.extend(constants.own.into_iter().map(|(name, value)| ((file.clone(), name), value)));
        }
    }
    found
}

/// The constants of one file.
struct Constants<'a> {
    file: &'a str,
    own: BTreeMap<String, Value>,
}

impl<'ast> Visit<'ast> for Constants<'_> {
    fn visit_item_const(&mut self, constant: &'ast ItemConst) {
        let name = constant.ident.to_string();
        if !is_counted(&constant.ty) {
            return;
        }
        match value(&constant.expr, &self.own) {
            Some(value) => drop(self.own.insert(name, value)),
            // It is made of another file's, which has its own row.
            None => assert!(NO_LIMITS.contains(&(self.file, &name)), "{}: {name} cannot be read", self.file),
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

/// The source files of the service itself.
fn sources(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["tests", "examples"].contains(&name.as_str()) {
            found.extend(sources(path));
        } else if path.extension().is_some_and(|of| of == "rs")
            && !name.ends_with("tests.rs")
            && name != "build.rs"
        {
            found.push(path);
        }
    }
    found
}

fn is_counted(of: &Type) -> bool {
    let Type::Path(path) = of else { return false };
    let last = path.path.segments.last().unwrap();
    ["u8", "u16", "u32", "u64", "i64", "usize", "f64", "Duration", "RangeInclusive"]
        .contains(&last.ident.to_string().as_str())
}

/// The value of an expression, with the constants of its file before it.
fn value(expr: &Expr, own: &BTreeMap<String, Value>) -> Option<Value> {
    match expr {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok().map(Value::Number),
            Lit::Float(number) => number.base10_parse().ok().map(Value::Number),
            _ => None,
        },
        Expr::Binary(binary) => {
            let (Value::Number(left), Value::Number(right)) =
                (value(&binary.left, own)?, value(&binary.right, own)?)
            else {
                return None;
            };
            match binary.op {
                BinOp::Mul(_) => Some(Value::Number(left * right)),
                BinOp::Div(_) => Some(Value::Number(left / right)),
                _ => None,
            }
        }
        Expr::Call(call) => {
            let Expr::Path(function) = &*call.func else { return None };
            let Value::Number(number) = value(call.args.first()?, own)? else { return None };
            let unit = match function.path.segments.last()?.ident.to_string().as_str() {
                "from_millis" => 1.0,
                "from_secs" => 1000.0,
                "from_mins" => 60_000.0,
                "from_hours" => 3_600_000.0,
                _ => return None,
            };
            Some(Value::Time(number * unit))
        }
        Expr::Range(range) => match (value(range.start.as_ref()?, own)?, value(range.end.as_ref()?, own)?) {
            (Value::Time(from), Value::Time(to)) => Some(Value::Times(from, to)),
            (Value::Number(from), Value::Number(to)) => Some(Value::Numbers(from, to)),
            _ => None,
        },
        Expr::Path(path) => own.get(&path.path.get_ident()?.to_string()).copied(),
        _ => None,
    }
}
