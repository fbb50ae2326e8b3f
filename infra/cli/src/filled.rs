//! What references were filled with, and how it is kept out of what is printed.
//!
//! A problem can quote a value, and so can the deployment's answer. Neither knows which values came from a reference. So what
//! is printed is searched for them, in each form that they can be quoted in.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// How many bytes in a row of a value are hidden where the rest of it is not there: a part that a problem quotes.
const PART: usize = 12;

/// Shorter values are hidden only where they stand as a word: they are parts of too many others.
const WORD: usize = 4;

/// How often a text is encoded at most: JSON in a text of JSON.
const ENCODINGS: usize = 2;

/// How URLs begin, which says nothing of one.
const SCHEME: &str = "https://";

/// What the references were filled with so far.
#[derive(Default)]
pub(crate) struct Filled(RefCell<Values>);

#[derive(Default)]
struct Values {
    values: Vec<Filling>,
    /// The parts of all forms, each with its value.
    parts: HashMap<[u8; PART], usize>,
}

struct Filling {
    reference: String,
    /// The forms that the value can have, in small letters.
    forms: BTreeSet<Vec<u8>>,
    is_word: bool,
}

/// A place in the text that shows a value.
struct Place {
    range: Range<usize>,
    value: usize,
    is_whole: bool,
}

impl Filled {
    /// Remembers what a reference was filled with.
    pub(crate) fn add(&self, reference: &str, value: &str) {
        let Values { values, parts } = &mut *self.0.borrow_mut();
        let forms = forms(value);
        let is_known = |it: &Filling| it.reference == reference && it.forms == forms;
        if value.is_empty() || values.iter().any(is_known) {
            return;
        }
        for form in &forms {
            let form = form.strip_prefix(SCHEME.as_bytes()).unwrap_or(form);
            for part in form.array_windows::<PART>() {
                // Words are a part of many texts.
                if !part.iter().any(u8::is_ascii_whitespace) {
                    parts.entry(*part).or_insert(values.len());
                }
            }
        }
        values.push(Filling { reference: reference.to_owned(), forms, is_word: value.len() < WORD });
    }

    /// The text with a reference in the place of each value.
    pub(crate) fn hidden(&self, text: &str) -> String {
        let known = self.0.borrow();
        if known.values.is_empty() {
            return text.to_owned();
        }
        let mut places = Vec::new();
        View::of(text).each(ENCODINGS, &mut |view| known.find(view, &mut places));
        places.sort_by_key(|place| (place.range.start, usize::MAX - place.range.end, !place.is_whole));
        let mut hidden = String::new();
        let mut shown = 0;
        let mut places = places.into_iter().peekable();
        while let Some(first) = places.next() {
            let mut end = first.range.end;
            let mut references = known.shown(&first);
            // What overlaps is one place.
            while let Some(next) = places.next_if(|next| next.range.start < end) {
                if next.range.end > end {
                    end = next.range.end;
                    let reference = known.shown(&next);
                    if !references.ends_with(&reference) {
                        references.push_str(&reference);
                    }
                }
            }
            // The bytes of one character can belong to two values.
            let begin =
                (shown..=first.range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(shown);
            hidden.push_str(&text[shown..begin]);
            hidden.push_str(&references);
            shown = (end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        }
        hidden.push_str(&text[shown..]);
        hidden
    }

    /// The same for all texts and names of a value. Only texts can have a reference, so numbers are not filled.
    pub(crate) fn hidden_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.hidden(text).into(),
            Value::Array(items) => items.iter().map(|item| self.hidden_in(item)).collect(),
            Value::Object(members) => Value::Object(
                members.iter().map(|(name, member)| (self.hidden(name), self.hidden_in(member))).collect(),
            ),
            other => other.clone(),
        }
    }
}

impl Values {
    fn find(&self, view: &View, places: &mut Vec<Place>) {
        for (value, filling) in self.values.iter().enumerate() {
            for form in &filling.forms {
                for (at, _) in view.bytes.windows(form.len()).enumerate().filter(|(_, found)| found == form) {
                    let range = at..at + form.len();
                    if !filling.is_word || view.is_word(&range) {
                        places.push(Place { range: view.in_text(range), value, is_whole: true });
                    }
                }
            }
        }
        for (at, part) in view.bytes.array_windows::<PART>().enumerate() {
            if let Some(&value) = self.parts.get(part) {
                places.push(Place { range: view.in_text(at..at + PART), value, is_whole: false });
            }
        }
    }

    fn shown(&self, place: &Place) -> String {
        let reference = &self.values[place.value].reference;
        if place.is_whole { reference.clone() } else { format!("(a part of {reference})") }
    }
}

/// The forms of a value that a decoder of texts does not lead to: as it is, with `+` for a space as in forms, and in base64,
/// alone or among other bytes.
fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([value.to_owned(), value.replace(' ', "+")]);
    // Whoever reads a value may leave out the space around it.
    forms.extend(Some(value.trim()).filter(|text| text.len() >= WORD).map(str::to_owned));
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        forms.insert(engine.encode(value));
        // Three bytes are four characters, so it has three forms. Those at its ends are made of its neighbours too.
        for before in (0..3).filter(|_| value.len() >= WORD) {
            let bytes = [&[0; 2][..before], value.as_bytes()].concat();
            let encoded = engine.encode(&bytes);
            let begin = [0, 2, 3][before];
            let end = encoded.len() - usize::from(!bytes.len().is_multiple_of(3));
            forms.insert(encoded[begin..end].to_owned());
        }
    }
    forms.into_iter().map(|form| form.to_lowercase().into_bytes()).collect()
}

/// A text, or what it is the encoding of, in small letters.
struct View {
    bytes: Vec<u8>,
    /// Where in the text each byte begins, and where the last one ends.
    starts: Vec<usize>,
}

impl View {
    fn of(text: &str) -> Self {
        let mut view = Self { bytes: Vec::new(), starts: Vec::new() };
        for (at, letter) in text.char_indices() {
            view.bytes.extend(letter.to_lowercase().collect::<String>().into_bytes());
            view.starts.resize(view.bytes.len(), at);
        }
        view.starts.push(text.len());
        view
    }

    /// Shows this view, and those of what it is the encoding of.
    fn each(&self, encodings: usize, see: &mut impl FnMut(&Self)) {
        see(self);
        let Some(less) = encodings.checked_sub(1) else { return };
        for (mark, decode) in [(b'%', of_url as Decode), (b'\\', of_json)] {
            if self.bytes.contains(&mark) {
                self.decoded(decode).each(less, see);
            }
        }
    }

    fn decoded(&self, decode: Decode) -> Self {
        let mut view = Self { bytes: Vec::new(), starts: Vec::new() };
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            let (decoded, length) = decode(&self.bytes[at..]).unwrap_or((vec![byte], 1));
            view.starts.extend(decoded.iter().map(|_| self.starts[at]));
            view.bytes.extend(decoded.to_ascii_lowercase());
            at += length;
        }
        view.starts.extend(self.starts.last());
        view
    }

    fn in_text(&self, range: Range<usize>) -> Range<usize> {
        // The bytes of one character begin where it begins, and end where it ends.
        let last = self.starts[range.end - 1];
        let end = self.starts[range.end..].iter().find(|start| **start > last);
        self.starts[range.start]..end.copied().unwrap_or(last)
    }

    fn is_word(&self, range: &Range<usize>) -> bool {
        let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        let before = range.start.checked_sub(1).and_then(|at| self.bytes.get(at));
        !before.is_some_and(is_of_word) && !self.bytes.get(range.end).is_some_and(is_of_word)
    }
}

/// What the beginning of a text stands for, and its length, if it is an encoding.
type Decode = fn(&[u8]) -> Option<(Vec<u8>, usize)>;

fn of_url(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (b'%', digits) = (text.first()?, text.get(1..3)?) else { return None };
    Some((vec![u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?], 3))
}

/// Escapes of JSON, and those of Rust's `Debug`, which writes `\u{e9}`.
fn of_json(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let [b'\\', kind, rest @ ..] = text else { return None };
    let one = |byte| Some((vec![byte], 2));
    match kind {
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'b' => one(8),
        b'f' => one(12),
        b'0' => one(0),
        b'u' => {
            let (digits, length) = match rest {
                [b'{', rest @ ..] => {
                    let length = rest.iter().position(|byte| *byte == b'}')?;
                    (&rest[..length], length + 4)
                }
                rest => (rest.get(..4)?, 6),
            };
            let code = u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
            // What is beyond the first plane is escaped as a pair.
            if let (0xd800..0xdc00, Some([b'\\', b'u', low @ ..])) = (code, text.get(length..length + 6)) {
                let low = u32::from_str_radix(str::from_utf8(low).ok()?, 16).ok()?;
                let code = 0x1_0000 + ((code - 0xd800) << 10) + low.checked_sub(0xdc00)?;
                return Some((char::from_u32(code)?.to_string().into_bytes(), length + 6));
            }
            Some((char::from_u32(code)?.to_string().into_bytes(), length))
        }
        other => one(*other),
    }
}
