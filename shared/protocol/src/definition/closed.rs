//! Hosts that an option's `inputSchema` closes: whatever is entered, it is one of the definition's own hosts.

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::{Map, Value};

use super::host_and_path::{HOST_AND_PATH, is_host_and_path};
use super::template::{Slot, group};
use crate::redirect_uri::http_url::HttpUrl;

/// How a URL begins that is entered whole.
const SCHEME: &str = "https://";

/// True if the schema lets only hosts into the placeholder that it names itself: one of an `enum` or the `const`; or,
/// where the placeholder ends the host, a text whose `pattern` ends it in a domain. `is_domain` says which texts are one.
pub(super) fn is_closed(
    schema: &Value,
    path: &[String],
    slot: &Slot<'_>,
    is_domain: impl Fn(&str) -> bool,
) -> bool {
    let Some(property) = property(schema, path) else { return false };
    // Where it is all of the host, it can have a port and a path.
    let has_more = property.get("format").is_some_and(|format| format == HOST_AND_PATH);
    let is_host = |value: &Value| {
        value.as_str().is_some_and(|text| is_plain(text, slot) || (has_more && is_host_and_path(text)))
    };
    // Draft 4, which a schema can name, knows no `const`.
    if let Some(only) = property.get("const").filter(|_| schema.get("$schema").is_none()) {
        return is_host(only);
    }
    if let Some(Value::Array(values)) = property.get("enum") {
        return values.iter().all(is_host);
    }
    let pattern = property.get("pattern").and_then(Value::as_str);
    // A pattern binds only text: a number would pass it.
    property.get("type").is_some_and(|of| of == "string")
        && slot.ends_host
        && pattern.is_some_and(|pattern| pattern_is_closed(pattern, slot, &is_domain))
}

/// True if the schema lets only single labels into the placeholder: one of an `enum` or the `const`, or a text whose `pattern`
/// has no dot in it.
pub(super) fn is_label(schema: &Value, path: &[String]) -> bool {
    let is_label_text = |text: &str| !text.is_empty() && text.bytes().all(is_label_byte);
    holds_only(schema, path, is_label_text, |parts| parts.iter().all(|part| consists_of(part, is_label_byte)))
}

/// True if the schema lets only whole domains, and what lies below them, into the placeholder.
pub(super) fn is_below(schema: &Value, path: &[String], is_domain: impl Fn(&str) -> bool) -> bool {
    holds_only(schema, path, &is_domain, |parts| {
        parts.iter().all(|part| consists_of(part, is_host_byte)) && ends_in_domain(parts, true, &is_domain)
    })
}

/// True if each value of the `const` or the `enum`, or what stands between the anchors of the `pattern`, is accepted.
fn holds_only(
    schema: &Value,
    path: &[String],
    is_value: impl Fn(&str) -> bool,
    is_pattern: impl Fn(&[Hir]) -> bool,
) -> bool {
    let Some(property) = property(schema, path) else { return false };
    let is_good = |value: &Value| value.as_str().is_some_and(&is_value);
    if let Some(only) = property.get("const").filter(|_| schema.get("$schema").is_none()) {
        return is_good(only);
    }
    if let Some(Value::Array(values)) = property.get("enum") {
        return values.iter().all(is_good);
    }
    let pattern = property.get("pattern").and_then(Value::as_str).and_then(anchored);
    property.get("type").is_some_and(|of| of == "string") && pattern.is_some_and(|parts| is_pattern(&parts))
}

/// True if the value is one that the property's own `type`, `const`, `enum` and `pattern` accept: what closes a host. They are
/// looked at here, since the engine for schemas would be a quarter of each function that makes an address.
pub(super) fn admits(schema: &Value, path: &[String], value: &Value) -> bool {
    let Some(property) = property(schema, path) else { return true };
    let is_of = |named: &Value| match named.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    };
    let has_type = |of: &Value| of.as_array().map_or_else(|| is_of(of), |several| several.iter().any(is_of));
    let is_listed = |values: &Value| values.as_array().is_some_and(|values| values.contains(value));
    let matches = |pattern: &Value| match (pattern.as_str(), value.as_str()) {
        (Some(pattern), Some(text)) => group::matches(pattern, text),
        (_, text) => text.is_none(),
    };
    property.get("type").is_none_or(has_type)
        && property.get("const").is_none_or(|constant| constant == value)
        && property.get("enum").is_none_or(is_listed)
        && property.get("pattern").is_none_or(matches)
}

/// The place of a pattern that [`admits`] would match and cannot, and the reason, as the end of a sentence: no value would be
/// one that it accepts.
pub(super) fn unusable_pattern(schema: &Value, path: &[String]) -> Option<(String, String)> {
    let fault = group::fault(property(schema, path)?.get("pattern")?.as_str()?)?;
    let place: String = path.iter().flat_map(|name| [".properties.", name]).collect();
    Some((format!("{place}.pattern"), fault))
}

/// The schema that every value at `path` is held to.
fn property<'s>(schema: &'s Value, path: &[String]) -> Option<&'s Map<String, Value>> {
    let mut found = schema.as_object().filter(|schema| !schema.contains_key("$ref"))?;
    for (depth, name) in path.iter().enumerate() {
        // `properties` binds only objects, and what is entered as a whole is one.
        if depth > 0 && found.get("type").is_none_or(|of| of != "object") {
            return None;
        }
        let inner = found.get("properties")?.get(name)?.as_object()?;
        // Beside `$ref` older drafts ignore the other keywords; `$schema` could name another draft.
        found =
            Some(inner).filter(|inner| !["$ref", "$schema"].iter().any(|name| inner.contains_key(*name)))?;
    }
    Some(found)
}

/// A host, a part of one, or, where the address begins with the placeholder, a URL.
pub(super) fn is_plain(text: &str, slot: &Slot<'_>) -> bool {
    if slot.is_url {
        return text.starts_with(SCHEME) && HttpUrl::parse(text).is_ok();
    }
    !text.is_empty() && text.bytes().all(is_host_byte)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// True if the pattern has the form `^…$`, and each text that it matches ends in a domain, whatever stands before the slot.
fn pattern_is_closed(pattern: &str, slot: &Slot<'_>, is_domain: &impl Fn(&str) -> bool) -> bool {
    let Some(inner) = anchored(pattern) else { return false };
    if !slot.is_url {
        return ends_in_domain(&inner, slot.starts_label, is_domain);
    }
    // What follows the scheme must be nothing but the host.
    let Some((scheme, inner)) = inner.split_first() else { return false };
    let Some(host) = literal(scheme).and_then(|text| text.strip_prefix(SCHEME)) else { return false };
    let rest = Hir::literal(host.as_bytes().to_vec());
    let host: Vec<Hir> = std::iter::once(rest).chain(inner.iter().cloned()).collect();
    let host = if host[0].properties().maximum_len() == Some(0) { &host[1..] } else { &host[..] };
    host.iter().all(is_of_host) && ends_in_domain(host, true, is_domain)
}

/// What stands between the anchors of a pattern `^…$`.
fn anchored(pattern: &str) -> Option<Vec<Hir>> {
    // Flags could change what the anchors mean.
    if pattern.match_indices("(?").any(|(at, _)| !pattern[at..].starts_with("(?:")) {
        return None;
    }
    let parsed = regex_syntax::parse(pattern).ok()?;
    let HirKind::Concat(parts) = parsed.kind() else { return None };
    let [first, inner @ .., last] = parts.as_slice() else { return None };
    (is_look(first, Look::Start) && is_look(last, Look::End)).then(|| inner.to_vec())
}

fn is_look(part: &Hir, look: Look) -> bool {
    matches!(part.kind(), HirKind::Look(found) if *found == look)
}

fn literal(part: &Hir) -> Option<&str> {
    match part.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok(),
        _ => None,
    }
}

/// True if each text that the parts match one after the other ends in `.` and a domain, or is a domain where a label can
/// start before them: `starts_label`.
fn ends_in_domain(parts: &[Hir], starts_label: bool, is_domain: &impl Fn(&str) -> bool) -> bool {
    let Some((last, before)) = parts.split_last() else { return false };
    let starts_label = end_in_dot(before, starts_label);
    match last.kind() {
        HirKind::Literal(_) => literal(last).is_some_and(|text| {
            (starts_label && is_domain(text))
                || text.split_once('.').is_some_and(|(_, domain)| is_domain(domain))
        }),
        HirKind::Capture(group) => ends_in_domain(std::slice::from_ref(&*group.sub), starts_label, is_domain),
        HirKind::Concat(parts) => ends_in_domain(parts, starts_label, is_domain),
        HirKind::Alternation(ways) => {
            ways.iter().all(|way| ends_in_domain(std::slice::from_ref(way), starts_label, is_domain))
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => false,
    }
}

/// True if each text that the parts match one after the other ends in a dot, or is empty where a label can start before
/// them: labels that may stand before a domain.
fn end_in_dot(parts: &[Hir], starts_label: bool) -> bool {
    let Some((last, before)) = parts.split_last() else { return starts_label };
    // The empty texts of a part are looked at with what stands before it.
    let may_be_empty = last.properties().minimum_len() == Some(0);
    let inner = |part: &Hir| end_in_dot(std::slice::from_ref(part), true);
    let ends = match last.kind() {
        HirKind::Empty => true,
        HirKind::Literal(_) => literal(last).is_some_and(|text| text.ends_with('.')),
        HirKind::Capture(group) => inner(&group.sub),
        HirKind::Repetition(repetition) => inner(&repetition.sub),
        HirKind::Concat(parts) => end_in_dot(parts, true),
        HirKind::Alternation(ways) => ways.iter().all(inner),
        HirKind::Class(_) | HirKind::Look(_) => false,
    };
    ends && (!may_be_empty || end_in_dot(before, starts_label))
}

fn is_label_byte(byte: u8) -> bool {
    is_host_byte(byte) && byte != b'.'
}

/// True if it matches only characters of a host.
fn is_of_host(part: &Hir) -> bool {
    consists_of(part, is_host_byte)
}

/// True if it matches only these characters.
fn consists_of(part: &Hir, is_one: fn(u8) -> bool) -> bool {
    match part.kind() {
        HirKind::Empty => true,
        HirKind::Literal(literal) => literal.0.iter().copied().all(is_one),
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .all(|range| range.end().is_ascii() && (range.start() as u8..=range.end() as u8).all(is_one)),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().all(|range| (range.start()..=range.end()).all(is_one))
        }
        HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => consists_of(&repetition.sub, is_one),
        HirKind::Capture(group) => consists_of(&group.sub, is_one),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().all(|part| consists_of(part, is_one))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::template::Address;
    use super::*;

    const HOST: &str = "https://${parameters.x}";

    fn closes(address: &str, pattern: &str) -> bool {
        let address = Address::parse(address).unwrap();
        pattern_is_closed(pattern, &address.host().slots[0], &is_domain)
    }

    fn is_domain(text: &str) -> bool {
        !text.starts_with('.') && text.contains('.')
    }

    #[test]
    fn a_pattern_is_closed_if_every_text_ends_in_a_domain() {
        for pattern in [
            r"^[a-z]+[.]provider[.]example$",
            r"^gitlab\.example$",
            r"^(?:[a-z]+\.provider\.example|.*\.provider\.test)$",
            r"^(?:gitlab\.example|gitlab\.test)$",
            r"^([a-z]+)(\.provider\.example)$",
            r"^[a-z]+x\.provider\.example$",
            r"^(?:[a-z0-9-]+\.)+provider\.example$",
            r"^(?:[a-z0-9-]+\.)?provider\.example$",
            r"^(eu\.|us\.)?provider\.example$",
            r"^(?:eu\.)?(?:api\.)?provider\.example$",
        ] {
            assert!(closes(HOST, pattern), "{pattern}");
        }
        for pattern in [
            "",
            "^$",
            r"[a-z]+\.provider\.example",
            r"^[a-z]+\.provider\.example",
            r"[a-z]+\.provider\.example$",
            r"^[a-z]+\.provider\.example$|evil",
            r"^evil|[a-z]+\.provider\.example$",
            r"^(?:[a-z]+\.provider\.example|[a-z.]+)$",
            r"^(?:[a-z]+\.provider\.example)?$",
            r"^[a-z]+(\.provider\.example)*$",
            r"^[a-z]+.provider.example$",
            r"^[a-z]+\.example$",
            r"^[a-z]+(?:eu\.)?provider\.example$",
            r"^(?:eu\.|us)?provider\.example$",
            r"^(?:eu\.)?[a-z]*provider\.example$",
            r"^(?:eu\.)?example$",
            r"^(?:.*\.)?com$",
            r"^[a-z]+provider\.example$",
            r"^[a-z]+(provider\.example)$",
            r"^[a-z]+(?:provider\.example|provider\.test)$",
            r"^[a-z]+((?:eu\.)?provider\.example)$",
            r"(?m)^[a-z]+\.provider\.example$",
            r"^(?m)[a-z]+\.provider\.example$",
            r"^(?i)[a-z]+\.provider\.example$",
            r"^[a-z]+\.provider\.example$\n?",
            r"^(?=a)[a-z]+\.provider\.example$",
            "^[a-z0-9.-]+$",
            "^(",
        ] {
            assert!(!closes(HOST, pattern), "{pattern}");
        }
    }

    /// What stands before it would be a part of the domain.
    #[test]
    fn behind_other_text_a_pattern_begins_with_a_label() {
        for glued in ["https://api-${parameters.x}", "https://api${parameters.x}"] {
            for pattern in [
                r"^[a-z]+\.provider\.example$",
                r"^[a-z]*\.provider\.example$",
                r"^(?:eu\.|us\.)provider\.example$",
            ] {
                assert!(closes(glued, pattern), "{glued} {pattern}");
            }
            for pattern in [
                r"^provider\.example$",
                r"^(provider\.example)$",
                r"^(?:[a-z]+\.)?provider\.example$",
                r"^(?:[a-z]+\.)*provider\.example$",
                r"^(?:eu\.|)provider\.example$",
                r"^(?:[a-z]+\.provider\.example|provider\.example)$",
            ] {
                assert!(!closes(glued, pattern), "{glued} {pattern}");
                assert!(closes(HOST, pattern) && closes("https://api.${parameters.x}", pattern), "{pattern}");
            }
        }
    }

    #[test]
    fn a_url_is_closed_if_nothing_but_its_host_is_open() {
        for pattern in [r"^https://[a-z0-9-]+\.provider\.example$", r"^https://gitlab\.example$"] {
            assert!(closes("${parameters.x}", pattern), "{pattern}");
        }
        for pattern in [
            r"^https://.+\.provider\.example$",
            r"^https://[^/]+\.provider\.example$",
            r"^https?://[a-z]+\.provider\.example$",
            r"^http://[a-z]+\.provider\.example$",
            r"^[a-z]+\.provider\.example$",
            r"^https://evil\.example/[a-z]*\.provider\.example$",
            r"^https://[a-z@]+\.provider\.example$",
        ] {
            assert!(!closes("${parameters.x}", pattern), "{pattern}");
        }
    }
}
