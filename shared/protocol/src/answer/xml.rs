//! XML (XML 1.0) as a value that paths read.
//!
//! An element is a member of the element around it, the root of the whole. One with nothing but text in it is that text;
//! any other is an object of its elements and its attributes, `@name`, with its own text in `#text`. Elements of one name
//! are an array. Prefixes of namespaces are left out: they are the sender's own choice.
//!
//! The answer comes from outside. A document with a DTD is refused, so there are no entities but the five that XML itself
//! has, and nothing is fetched. Size, depth and the number of an element's attributes are bounded.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

/// The largest document, in bytes: in memory it can take seventy times its size.
const MAX_SIZE: usize = 256 * 1024;

/// The most elements in one another.
const MAX_DEPTH: usize = 64;

/// The most attributes of an element.
const MAX_ATTRIBUTES: usize = 64;

/// The member for the text of an element that has more than text.
const TEXT: &str = "#text";

/// An element that has begun.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// The document's value. Nothing if it is not well-formed, has a DTD, or is beyond the bounds.
pub(super) fn value(document: &[u8]) -> Option<Value> {
    if document.len() > MAX_SIZE {
        return None;
    }
    let text = std::str::from_utf8(document).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.chars().all(is_xml) {
        return None;
    }
    let mut reader = Reader::from_str(text.trim_start());
    reader.config_mut().expand_empty_elements = true;
    // What is around the root: a whole document has one member.
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if open.len() <= MAX_DEPTH => {
                if open.len() == 1 && !open.last()?.members.is_empty() {
                    return None;
                }
                open.push(begun(&start)?);
            }
            Event::End(_) => {
                let Element { name, members, text } = open.pop()?;
                put(&mut open.last_mut()?.members, name, content(members, &text));
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => open.last_mut()?.text.push_str(&resolved(&reference)?),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Start(_) | Event::Empty(_) | Event::DocType(_) => return None,
            Event::Eof => break,
        }
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    let is_whole = !document.members.is_empty() && document.text.trim().is_empty();
    is_whole.then_some(Value::Object(document.members))
}

fn begun(start: &BytesStart<'_>) -> Option<Element> {
    let mut members = Map::new();
    // The crate would compare each with all before it.
    for (index, attribute) in start.attributes().with_checks(false).enumerate() {
        let attribute = attribute.ok().filter(|_| index < MAX_ATTRIBUTES)?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let name = format!("@{}", attribute.key.local_name().into_inner());
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        if !value.chars().all(is_xml) || members.insert(name, Value::String(value.into_owned())).is_some() {
            return None;
        }
    }
    Some(Element { name: start.local_name().into_inner().to_owned(), members, text: String::new() })
}

fn content(mut members: Map<String, Value>, text: &str) -> Value {
    let text = Value::String(text.trim().to_owned());
    if members.is_empty() {
        return text;
    }
    if text != "" {
        members.insert(TEXT.to_owned(), text);
    }
    Value::Object(members)
}

/// Adds an element. Its value is never an array of its own: an array is what is repeated.
fn put(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// A character by its number, or one of the five entities (XML 1.0 §4.6).
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => is_xml(character).then(|| character.to_string()),
        None => resolve_xml_entity(&reference.xml10_content()).map(str::to_owned),
    }
}

/// True for a character that a document can have (XML 1.0 §2.2).
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r') || !matches!(character, ..' ' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: &str) -> Option<Value> {
        value(document.as_bytes())
    }

    #[test]
    fn elements_attributes_and_text_have_their_places() {
        let document =
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a --><Envelope xmlns:s='urn:s'>
            <s:Body s:ok='yes'><token>a&amp;b&#x21;<![CDATA[<c>]]></token><none/>
              <site id='1' name=\"A &lt; B\">Acme</site><site id='2'/><n> 7 </n>
            </s:Body></Envelope>";
        let expected = json!({ "Envelope": { "Body": {
            "@ok": "yes", "token": "a&b!<c>", "none": "", "n": "7",
            "site": [{ "@id": "1", "@name": "A < B", "#text": "Acme" }, { "@id": "2" }],
        } } });
        assert_eq!(read(document), Some(expected));
        assert_eq!(read("<a/>"), Some(json!({ "a": "" })));
    }

    #[test]
    fn what_is_not_well_formed_says_nothing() {
        for document in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "text<a/>",
            "<a b='1' b='2'/>",
            "<a b=1/>",
            "<a>&#1;</a>",
            "<a>&#0;</a>",
            "<a>\u{1}</a>",
            "<a b='&#2;'/>",
            "<a>&nbsp;</a>",
        ] {
            assert_eq!(read(document), None, "{document}");
        }
        assert_eq!(value(b"<a>\xff</a>"), None);
    }

    /// Entities that hold entities, and entities that are files (billion laughs, XXE).
    #[test]
    fn a_document_with_a_dtd_is_not_read() {
        for document in [
            "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            "<!DOCTYPE a SYSTEM 'https://evil.example/a.dtd'><a/>",
            "<a>&c;</a>",
            "<a b='&c;'/>",
        ] {
            assert_eq!(read(document), None, "{document}");
        }
    }

    #[test]
    fn depth_size_and_attributes_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_some());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), None);
        assert_eq!(read(&"<a>".repeat(80_000)), None);
        let long = |text: usize| format!("<a>{}</a>", "x".repeat(text));
        assert!(read(&long(MAX_SIZE - 7)).is_some());
        assert_eq!(read(&long(MAX_SIZE - 6)), None);
        let with = |count: usize| {
            let attributes = (0..count).map(|index| format!(" a{index}=''")).collect::<Vec<_>>().concat();
            format!("<a{attributes}/>")
        };
        assert!(read(&with(MAX_ATTRIBUTES)).is_some());
        assert_eq!(read(&with(MAX_ATTRIBUTES + 1)), None);
    }
}
