//! Turns a schema's properties into the controls of a form, and a posted form into the schema's input.

use serde_json::{Map, Value};

use protocol::definition::input::Violation;
use protocol::definition::json_pointer;
use protocol::definition::shown_text::{example, help_uri};
use protocol::error::{Error, ErrorKey};
use protocol::language::Texts;
use protocol::redirect_uri::Loopback;

/// The depth of nested objects that are drawn as controls.
const MAX_DEPTH: usize = 3;

/// One control of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The place in the input, as a JSON Pointer (RFC 6901): `/subdomain`.
    pub pointer: String,
    /// The label.
    pub label: String,
    /// The text below the control.
    pub hint: String,
    /// An example of a value; empty if there is none.
    pub example: String,
    /// The address of a page that explains this value; empty if there is none.
    pub help_uri: String,
    /// The groups that begin with this field, the outer one first.
    pub opens: Vec<Group>,
    /// How many groups end with it.
    pub closes: usize,
    /// The kind of control.
    pub control: Control,
    /// What stands before the value already; empty if nothing does.
    pub prefix: String,
    /// What stands behind it.
    pub suffix: String,
    /// True if it must be filled in.
    pub required: bool,
    /// The regular expression for the browser's own check; empty if there is none.
    pub pattern: String,
    /// The initial value; never a secret.
    pub value: String,
    /// The problem with the input; empty if there is none.
    pub problem: String,
}

/// The fields of an object among the properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its title.
    pub title: String,
    /// The text below the title.
    pub hint: String,
}

/// The kinds of control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// One line of this `type`: `text`, `email`, `url`, …
    Line(&'static str),
    /// One line that the screen does not show. Its value is never sent to the browser.
    Password,
    /// A text of several lines.
    Text,
    /// A text of several lines that the screen does not show. Its value is never sent to the browser.
    SecretText,
    /// A number.
    Number,
    /// Several values, one on each line.
    Lines,
    /// Yes or no.
    Checkbox,
    /// One of several values.
    Choices(Vec<Choice>),
}

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// The text for the customer.
    pub label: String,
}

impl Field {
    /// Returns the id of its HTML element.
    #[must_use]
    pub fn id(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        format!("input{}", self.pointer.chars().map(safe).collect::<String>())
    }

    /// Returns its name in the posted form.
    #[must_use]
    pub fn name(&self) -> String {
        format!("input{}", self.pointer)
    }

    /// Returns the ids of what a screen reader reads out with it.
    #[must_use]
    pub fn described_by(&self) -> String {
        let parts = [
            ("prefix", !self.prefix.is_empty()),
            ("suffix", !self.suffix.is_empty()),
            ("hint", !self.hint.is_empty() || !self.example.is_empty()),
            ("problem", true),
        ];
        let id = self.id();
        let there = parts.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(part, _)| format!("{id}-{part}")).collect::<Vec<_>>().join(" ")
    }

    /// True if the box is ticked.
    #[must_use]
    pub fn is_ticked(&self) -> bool {
        self.value == "true"
    }
}

/// Returns the controls for a schema, in the order of its properties. They show the entered values, or else the defaults.
#[must_use]
pub fn fields(
    schema: &Value,
    entered: &Map<String, Value>,
    violations: &[Violation],
    loopback: Loopback,
    texts: &Texts<'_>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(schema, "", &Value::Object(entered.clone()), 0, &mut fields);
    for field in &mut fields {
        let property = property_at(schema, &field.pointer);
        field.help_uri = help_uri(property, loopback).unwrap_or_default().to_owned();
        if let Some(violation) = violations.iter().find(|violation| violation.pointer == field.pointer) {
            field.problem = violation.complaint.said(texts);
        }
    }
    fields
}

fn collect(schema: &Value, pointer: &str, entered: &Value, depth: usize, fields: &mut Vec<Field>) {
    let is_required =
        |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|each| each == name));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let pointer = json_pointer::member(pointer, name);
        let value = &entered[name.as_str()];
        if property["properties"].is_object() && depth < MAX_DEPTH {
            let first = fields.len();
            collect(property, &pointer, value, depth + 1, fields);
            if let [first, ..] = &mut fields[first..] {
                first.opens.insert(0, group(name, property));
            }
            if let [.., last] = &mut fields[first..] {
                last.closes += 1;
            }
        } else {
            let presence = if is_required(name) { Presence::Required } else { Presence::Optional };
            fields.push(field(name, property, pointer, value, presence));
        }
    }
}

fn group(name: &str, property: &Value) -> Group {
    Group {
        title: property["title"].as_str().filter(|title| !title.is_empty()).unwrap_or(name).to_owned(),
        hint: property["description"].as_str().unwrap_or_default().to_owned(),
    }
}

/// The presence of a property, as its schema demands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
}

fn field(name: &str, property: &Value, pointer: String, entered: &Value, presence: Presence) -> Field {
    let text = |key: &str| property[key].as_str().unwrap_or_default().to_owned();
    let control = control(property);
    let shown = if entered.is_null() { &property["default"] } else { entered };
    let value = match (&control, shown) {
        (Control::Password | Control::SecretText, _) | (_, Value::Null) => String::new(),
        (_, Value::String(text)) => text.clone(),
        (Control::Lines, Value::Array(values)) => values.iter().map(plain).collect::<Vec<_>>().join("\n"),
        (_, other) => other.to_string(),
    };
    let title = text("title");
    Field {
        pointer,
        label: if title.is_empty() { name.to_owned() } else { title },
        hint: text("description"),
        example: match control {
            Control::Checkbox | Control::Choices(_) => String::new(),
            _ => example(property).unwrap_or_default(),
        },
        help_uri: String::new(),
        opens: Vec::new(),
        closes: 0,
        prefix: text("prefix"),
        suffix: text("suffix"),
        pattern: if matches!(control, Control::Line(_) | Control::Password) {
            text("pattern")
        } else {
            String::new()
        },
        // A box that is not ticked is an answer too: no.
        required: presence == Presence::Required && control != Control::Checkbox,
        control,
        value,
        problem: String::new(),
    }
}

fn control(property: &Value) -> Control {
    let has_lines = property["multiline"] == true || property["format"] == "textarea";
    if property["isSensitive"] == true || property["format"] == "password" {
        return if has_lines { Control::SecretText } else { Control::Password };
    }
    if let Some(values) = property["enum"].as_array() {
        let choice = |value: &Value| plain(value);
        return Control::Choices(
            values.iter().map(choice).map(|value| Choice { label: value.clone(), value }).collect(),
        );
    }
    if let Some(options) =
        property["oneOf"].as_array().filter(|options| options.iter().all(|o| !o["const"].is_null()))
    {
        let choice = |option: &Value| {
            let value = plain(&option["const"]);
            Choice { label: option["title"].as_str().unwrap_or(&value).to_owned(), value }
        };
        return Control::Choices(options.iter().map(choice).collect());
    }
    match (property["type"].as_str(), property["format"].as_str()) {
        (Some("array"), _) => Control::Lines,
        (Some("boolean"), _) => Control::Checkbox,
        (Some("number" | "integer"), _) => Control::Number,
        _ if has_lines => Control::Text,
        (_, Some("email")) => Control::Line("email"),
        (_, Some("uri" | "url")) => Control::Line("url"),
        (_, Some("date")) => Control::Line("date"),
        _ => Control::Line("text"),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// True if the customer can help by entering something else, or by trying again.
#[must_use]
pub fn can_be_corrected(error: &Error) -> bool {
    matches!(
        error.key(),
        ErrorKey::CredentialsRejected | ErrorKey::InputInvalid | ErrorKey::ProviderUnreachable
    )
}

/// Reads a posted form as the schema's input: only the schema's own fields, each with its type. An empty field is left
/// out. A text that does not fit its type stays text, and the schema's check rejects it.
#[must_use]
pub fn read(schema: &Value, posted: &[(String, String)]) -> Map<String, Value> {
    let mut input = Map::new();
    let mut fields = Vec::new();
    collect(schema, "", &Value::Null, 0, &mut fields);
    for field in fields {
        let name = field.name();
        let text = posted.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str());
        let property = property_at(schema, &field.pointer);
        let value = match (&field.control, text) {
            (Control::Checkbox, text) => Value::Bool(text == Some("true")),
            (_, None | Some("")) => continue,
            (Control::Number, Some(text)) => {
                text.trim().parse::<serde_json::Number>().map_or_else(|_| Value::from(text), Value::Number)
            }
            (Control::Lines, Some(text)) => {
                text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Value>()
            }
            (Control::Choices(_), Some(text)) => chosen(property, text),
            // Browsers send each line break as CRLF.
            (Control::Text | Control::SecretText, Some(text)) => Value::from(text.replace("\r\n", "\n")),
            (Control::Line(_) | Control::Password, Some(text)) => Value::from(text),
        };
        insert(&mut input, &field.pointer, value);
    }
    input
}

/// Returns the chosen value with its own type, which need not be text.
fn chosen(property: &Value, text: &str) -> Value {
    let values = property["enum"].as_array().into_iter().flatten();
    let constants = property["oneOf"].as_array().into_iter().flatten().map(|option| &option["const"]);
    values.chain(constants).find(|value| plain(value) == text).cloned().unwrap_or_else(|| Value::from(text))
}

fn property_at<'a>(schema: &'a Value, pointer: &str) -> &'a Value {
    json_pointer::names(pointer).fold(schema, |schema, segment| &schema["properties"][segment])
}

fn insert(input: &mut Map<String, Value>, pointer: &str, value: Value) {
    let segments: Vec<String> = json_pointer::names(pointer).collect();
    let Some((last, parents)) = segments.split_last() else { return };
    let mut object = input;
    for parent in parents {
        let entry = object.entry(parent.clone()).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = entry else { return };
        object = inner;
    }
    object.insert(last.clone(), value);
}

#[cfg(test)]
mod tests;
