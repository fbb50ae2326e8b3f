//! Templates: they expand to what a small expander of the test's own says, or are refused where it refuses.

use std::sync::Arc;

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use protocol::clock::SystemClock;
use protocol::definition::template::{Placeholder, Template};
use protocol::definition::{Integration, IntegrationDefinition, OptionSecrets, Owner, Registration};
use protocol::error::ErrorKey;
use protocol::id::WorkspaceKey;
use protocol::kept_keys::NoKeptKeys;
use protocol::provider::calls::Calls;
use protocol::provider::maker::Maker;
use protocol::random::{SystemRandom, hex};
use protocol::redirect_uri::{Loopback, OwnRoutes};
use protocol::secret::SecretMap;
use serde_json::{Value, json};
use tests::clock::BEGINNING;
use tests::provider::FakeProvider;

use crate::grammar::{chance, one_of, up_to};
use crate::inputs::{Inputs, assert_reached};
use crate::refusals::assert_typed;

/// What stands in for a value.
#[derive(Debug)]
enum Source {
    Value(&'static str, &'static [&'static str]),
    Made(&'static str, Vec<Result<(&'static str, &'static [&'static str]), &'static str>>),
    Lead((&'static str, &'static [&'static str])),
}

#[derive(Debug)]
enum Part {
    Literal(&'static str),
    Place { sources: Vec<Source>, text: Option<&'static str>, is_optional: bool },
}

/// Why there is no text.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Missing,
    Refused,
}

const ROOTS: [&str; 4] = ["parameters", "credentials", "connectorParameters", "integration"];
const PATHS: &[&[&str]] = &[
    &["text"],
    &["number"],
    &["flag"],
    &["nothing"],
    &["object"],
    &["object", "inner"],
    &["list", "1"],
    &["list", "7"],
    &["list"],
    &["jwt", "@jwt", "sub"],
    &["text", "@jwt", "sub"],
    &["absent"],
    &["a.b"],
    &["empty"],
    &["lines"],
];
const LITERALS: &[&str] = &["Bearer ", "}", "$", "{", "$ {", "a'b", "\u{e9}", "||", "?"];
const TEXTS_OF_OWN: &[&str] = &["", "none", "a b", ":", "\u{1f600}"];
const FUNCTIONS: &[&str] = &["base64", "base64url", "hex", "sha256", "lower", "upper"];

fn values() -> Value {
    let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"sub":"Subject"}"#));
    json!({
        "text": "Some Text", "number": 7, "flag": false, "nothing": null, "object": { "inner": "IN\u{c9}R" },
        "list": ["zero", 1.5], "jwt": jwt, "a.b": "dotted", "empty": "", "lines": "one\r\ntwo",
    })
}

/// A part as it is written.
fn written(part: &Part) -> String {
    let value = |root: &str, path: &[&str]| {
        path.iter().fold(root.to_owned(), |text, name| {
            if name.contains('.') { format!("{text}[\"{name}\"]") } else { format!("{text}.{name}") }
        })
    };
    match part {
        Part::Literal(text) => (*text).to_owned(),
        Part::Place { sources, text, is_optional } => {
            let mut ways: Vec<String> = sources
                .iter()
                .map(|source| match source {
                    Source::Value(root, path) => value(root, path),
                    Source::Lead((root, path)) => format!("match({}, '^([A-Za-z]+)')", value(root, path)),
                    Source::Made(function, arguments) => {
                        let arguments = arguments.iter().map(|argument| match argument {
                            Ok((root, path)) => value(root, path),
                            Err(text) => format!("'{text}'"),
                        });
                        format!("{function}({})", arguments.collect::<Vec<_>>().join(", "))
                    }
                })
                .collect();
            ways.extend(text.map(|text| format!("'{text}'")));
            format!("${{{}{}}}", ways.join(" || "), if *is_optional { "?" } else { "" })
        }
    }
}

/// The value as text; nothing if it is missing.
fn found(values: &Value, path: &[&str]) -> Result<Option<String>, Fault> {
    let mut value = values.clone();
    for name in path {
        value = match (&value, *name) {
            (Value::String(jwt), "@jwt") => {
                let claims = jwt.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
                claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default()
            }
            (Value::Array(items), number) => {
                items.get(number.parse::<usize>().unwrap()).cloned().unwrap_or_default()
            }
            (value, name) => value.get(name).cloned().unwrap_or_default(),
        };
    }
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Array(_) | Value::Object(_) => Err(Fault::Refused),
        plain => Ok(Some(plain.to_string())),
    }
}

fn expanded(part: &Part, values: &Value) -> Result<String, Fault> {
    let Part::Place { sources, text, .. } = part else {
        return Ok(written(part));
    };
    for source in sources {
        let filled = match source {
            Source::Value(_, path) => found(values, path)?,
            Source::Lead((_, path)) => match found(values, path)? {
                None => None,
                Some(text) => {
                    let lead: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
                    if lead.is_empty() {
                        return Err(Fault::Refused);
                    }
                    Some(lead)
                }
            },
            Source::Made(function, arguments) => {
                let mut made = Some(String::new());
                for argument in arguments {
                    let text = match argument {
                        Ok((_, path)) => found(values, path)?,
                        Err(text) => Some((*text).to_owned()),
                    };
                    made = made.zip(text).map(|(made, text)| made + &text);
                    if made.is_none() {
                        break;
                    }
                }
                made.map(|text| match *function {
                    "base64" => STANDARD.encode(&text),
                    "base64url" => URL_SAFE_NO_PAD.encode(&text),
                    "hex" => hex(text.as_bytes()),
                    "sha256" => {
                        hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
                    }
                    "lower" => text.to_lowercase(),
                    _ => text.to_uppercase(),
                })
            }
        };
        if let Some(text) = filled {
            return if text.contains(['\r', '\n', '\0']) { Err(Fault::Refused) } else { Ok(text) };
        }
    }
    text.map(str::to_owned).ok_or(Fault::Missing)
}

fn any_value(draw: &mut Unstructured<'_>) -> (&'static str, &'static [&'static str]) {
    let (root, path) = (*one_of(draw, &ROOTS), *one_of(draw, PATHS));
    // The team's values have plain names.
    if root == "integration" && path[0].contains('.') { (root, &["text"]) } else { (root, path) }
}

fn any_source(draw: &mut Unstructured<'_>) -> Source {
    let (root, path) = any_value(draw);
    match up_to(draw, 3) {
        0 => {
            let mut arguments = vec![Ok((root, path))];
            for _ in 0..up_to(draw, 2) {
                let is_value = chance(draw, 1, 2);
                arguments.push(if is_value { Ok(any_value(draw)) } else { Err(*one_of(draw, TEXTS_OF_OWN)) });
            }
            let function: &&'static str = one_of(draw, FUNCTIONS);
            Source::Made(function, arguments)
        }
        1 => Source::Lead((root, path)),
        _ => Source::Value(root, path),
    }
}

fn any_parts(draw: &mut Unstructured<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for _ in 0..=up_to(draw, 3) {
        if chance(draw, 1, 3) {
            let literal: &&'static str = one_of(draw, LITERALS);
            parts.push(Part::Literal(literal));
        } else {
            let sources = (0..=up_to(draw, 2)).map(|_| any_source(draw)).collect();
            let text = chance(draw, 1, 3).then(|| *one_of(draw, TEXTS_OF_OWN));
            parts.push(Part::Place { sources, text, is_optional: chance(draw, 1, 3) });
        }
    }
    parts
}

/// Everything that a template is filled with.
pub(crate) struct World {
    registration: Registration,
    values: SecretMap,
    own: OwnRoutes,
    provider: FakeProvider,
}

impl World {
    pub(crate) fn new(values: &Value) -> Self {
        let option = json!({ "key": "one", "type": "client-credentials" });
        let definition = json!({ "name": "Example", "authOptions": [option], "parameters": values });
        let definition = IntegrationDefinition::read(definition).unwrap();
        let integration = Integration::new(&WorkspaceKey::new("acme"), "crm", definition, None);
        Self {
            registration: Registration::new(&Arc::new(integration), "one", Owner::Own).unwrap(),
            values: SecretMap::new(values.as_object().unwrap().clone()),
            own: OwnRoutes::default(),
            provider: FakeProvider::default(),
        }
    }

    /// Works with a maker for these values.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&Maker<'_>) -> T) -> T {
        let calls = Calls {
            clock: &SystemClock,
            random: &SystemRandom,
            keys: &NoKeptKeys,
            provider: &self.provider,
            loopback: Loopback::Refused,
            own: &self.own,
            until: BEGINNING,
        };
        let id = self.registration.id();
        let bound = self.registration.bind(&id, &self.values, &self.values, &self.values).unwrap();
        work(&Maker::new(&calls, bound, &OptionSecrets::default()))
    }
}

#[test]
fn a_template_expands_as_another_expander_says() {
    let values = values();
    let world = World::new(&values);
    let (mut texts, mut missing, mut refused) = (0, 0, 0);
    for input in Inputs::drawn("expansions", 5_000) {
        let parts = any_parts(&mut Unstructured::new(&input));
        let source: String = parts.iter().map(written).collect();
        // Two literals can be the beginning of a placeholder together.
        if source.matches("${").count()
            != parts.iter().filter(|part| matches!(part, Part::Place { .. })).count()
        {
            continue;
        }
        let template = Template::parse(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(template.as_str(), source);
        let expected: Result<String, Fault> = parts.iter().map(|part| expanded(part, &values)).collect();
        let made = world.with(|maker| template.render_text(&maker.values()));
        match (&expected, made) {
            (Ok(expected), Ok(made)) => {
                texts += 1;
                assert_eq!(made, *expected, "{source}");
            }
            (Err(fault), Err(error)) => {
                *(if *fault == Fault::Missing { &mut missing } else { &mut refused }) += 1;
                assert_typed(&error);
                // Of the team's own values the caller is told only that one cannot be used.
                let is_told = error.key() == ErrorKey::InputInvalid;
                let is_missing = error.message().contains("is missing");
                assert!(!is_told || is_missing == (*fault == Fault::Missing), "{source}: {error}");
            }
            (expected, made) => panic!("{source} is {made:?} and not {expected:?}"),
        }
        // Where what is missing is left out, that alone is different.
        let optional = world.with(|maker| template.render_optional(&maker.values().lacking()));
        match expected {
            Ok(expected) => assert_eq!(optional.unwrap(), Some(expected), "{source}"),
            Err(Fault::Missing) => assert_eq!(optional.unwrap(), None, "{source}"),
            Err(Fault::Refused) => assert!(optional.is_err(), "{source}"),
        }
    }
    assert_reached(texts > 500 && missing > 200 && refused > 200, &format!("{texts} {missing} {refused}"));
}

#[test]
fn a_text_of_any_kind_is_a_template_or_none() {
    let words = &[
        "${",
        "}",
        "||",
        "'",
        "?",
        ".",
        "[\"",
        "\"]",
        "[0]",
        "@jwt",
        "@host",
        "parameters.",
        "credentials.",
        "random.",
        "signed.",
        "request.",
        "callback.uri",
        "base64(",
        "match(",
        ", '",
        "')",
        "publicKeySha256(",
        "(",
        ")",
        "\\",
        "((((",
        "{1000}",
        "[^",
    ];
    let world = World::new(&values());
    let mut read = 0;
    for input in Inputs::mutated("templates", 5_000).with_words(words) {
        let text = String::from_utf8_lossy(&input);
        match Template::parse(&text) {
            Err(error) => assert_eq!(error.key(), ErrorKey::ConfigurationInvalid, "{text}"),
            Ok(template) => {
                read += 1;
                assert_eq!(template.as_str(), text);
                // What a placeholder says of itself is the same placeholder.
                let is_quoted = |placeholder: &&Placeholder| placeholder.to_string().contains('[');
                for placeholder in template.placeholders().filter(|placeholder| !is_quoted(placeholder)) {
                    let again = Template::parse(&placeholder.to_string());
                    let again = again.unwrap_or_else(|error| panic!("{placeholder} of {text}: {error}"));
                    assert_eq!(again.placeholders().collect::<Vec<_>>(), [placeholder], "{text}");
                }
                // `${request.…}` is there where a request is signed, and a definition has it nowhere else.
                if !template
                    .placeholders()
                    .any(|placeholder| placeholder.to_string().starts_with("${request."))
                {
                    let rendered = world.with(|maker| template.render_text(&maker.values()));
                    rendered.err().iter().for_each(assert_typed);
                }
            }
        }
    }
    assert_reached(read > 500, &format!("{read}"));
}
