//! What is wrong with a value that a customer entered, to be said in their language.

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::host_and_path::HOST_AND_PATH;
use super::shown_text::{description, example};
use crate::language::{Fill, Texts};

/// What is wrong with a value. It never holds the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// It is missing.
    Required,
    /// It has another form.
    Pattern(Expected),
    /// It is too short a text.
    MinLength(u64),
    /// It is too long a text.
    MaxLength(u64),
    /// It is too small a number.
    Minimum(String),
    /// It is too large a number.
    Maximum(String),
    /// It is none of the values.
    Choice,
    /// It has another type.
    Type(Expected),
    /// It is no host.
    Host,
    /// It is not of the format.
    Format(String, Expected),
    /// There is no such field.
    Unknown(String),
    /// It is longer than can be checked.
    TooLong,
    /// It names a service that there is none of.
    NoService,
    /// It makes no address; this says why, in English.
    Address(String),
    /// It is refused for another reason.
    Refused,
}

/// What a property is expected to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Such as this.
    Example(String),
    /// What its description says.
    Description(String),
    /// Nobody says.
    Unsaid,
}

/// The longest description that is repeated in a complaint, in bytes.
const MAX_DESCRIPTION: usize = 200;

impl Complaint {
    /// Reads what the engine found.
    pub(super) fn of(kind: &ValidationErrorKind, property: &Value) -> Self {
        match kind {
            ValidationErrorKind::Required { .. } => Self::Required,
            ValidationErrorKind::Pattern { .. } => Self::Pattern(Expected::of(property)),
            ValidationErrorKind::MinLength { limit } => Self::MinLength(*limit),
            ValidationErrorKind::MaxLength { limit } => Self::MaxLength(*limit),
            ValidationErrorKind::Minimum { limit } => Self::Minimum(limit.to_string()),
            ValidationErrorKind::Maximum { limit } => Self::Maximum(limit.to_string()),
            ValidationErrorKind::Enum { .. } => Self::Choice,
            ValidationErrorKind::Type { .. } => Self::Type(Expected::of(property)),
            ValidationErrorKind::Format { format } if format == HOST_AND_PATH => Self::Host,
            ValidationErrorKind::Format { format } => Self::Format(format.clone(), Expected::of(property)),
            ValidationErrorKind::AdditionalProperties { unexpected } => Self::Unknown(unexpected.join(", ")),
            _ => Self::Refused,
        }
    }

    /// Says it to whoever entered the value.
    #[must_use]
    pub fn said(&self, texts: &Texts<'_>) -> String {
        match self {
            Self::Required => texts.input_required.to_owned(),
            Self::Pattern(expected) => expected.after(texts.input_pattern, texts),
            Self::MinLength(limit) => texts.input_min_length.fill(&[("limit", &limit.to_string())]),
            Self::MaxLength(limit) => texts.input_max_length.fill(&[("limit", &limit.to_string())]),
            Self::Minimum(limit) => texts.input_minimum.fill(&[("limit", limit)]),
            Self::Maximum(limit) => texts.input_maximum.fill(&[("limit", limit)]),
            Self::Choice => texts.input_choice.to_owned(),
            Self::Type(expected) => expected.after(texts.input_type, texts),
            Self::Host => texts.input_host.to_owned(),
            Self::Format(format, expected) => {
                expected.after(&texts.input_format.fill(&[("format", format)]), texts)
            }
            Self::Unknown(names) => texts.input_unknown.fill(&[("names", names)]),
            Self::TooLong => texts.input_too_long.to_owned(),
            Self::NoService => texts.input_no_service.to_owned(),
            Self::Address(why) => texts.input_address.fill(&[("why", why)]),
            Self::Refused => texts.input_refused.to_owned(),
        }
    }
}

impl Expected {
    fn of(property: &Value) -> Self {
        match (example(property), description(property)) {
            (Some(example), _) => Self::Example(example),
            (None, Some(text)) if text.len() <= MAX_DESCRIPTION => Self::Description(text.to_owned()),
            _ => Self::Unsaid,
        }
    }

    /// The end of the sentence that `complaint` begins.
    fn after(&self, complaint: &str, texts: &Texts<'_>) -> String {
        let end = match self {
            Self::Example(example) => texts.input_such_as.fill(&[("example", example)]),
            Self::Description(text) => format!(": {}.", text.trim_end_matches('.')),
            Self::Unsaid => texts.input_end.to_owned(),
        };
        format!("{complaint}{end}")
    }
}
