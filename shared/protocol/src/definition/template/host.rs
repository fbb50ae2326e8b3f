//! The host of an address, as far as the template says it.

use std::ops::Range;

use super::address::{AUTHORITY_END, Address, ends_authority};
use super::{Part, Placeholder};

/// A host with placeholders in it.
#[derive(Debug, Default)]
pub(in crate::definition) struct Host<'a> {
    /// Its placeholders, in their order.
    pub(in crate::definition) slots: Vec<Slot<'a>>,
    /// The literal domain after the last placeholder, from the first dot on, and without the port behind it; empty if
    /// there is none.
    pub(in crate::definition) suffix: &'a str,
    /// True if the definition has a text for when the last placeholder's value is missing.
    pub(in crate::definition) has_fallback: bool,
}

/// A placeholder in a host.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about its place")]
pub(in crate::definition) struct Slot<'a> {
    pub(in crate::definition) placeholder: &'a Placeholder,
    /// True if what stands there is made of the placeholder's value, and is not that value.
    pub(in crate::definition) is_derived: bool,
    /// True if the address begins with it: its value is a whole URL.
    pub(in crate::definition) is_url: bool,
    /// True if a dot, or nothing, stands before it, and a dot after it.
    pub(in crate::definition) is_whole_label: bool,
    /// True if a dot, or nothing, stands before it.
    pub(in crate::definition) starts_label: bool,
    /// True if nothing of the host follows it.
    pub(in crate::definition) ends_host: bool,
}

impl Address {
    /// True if the placeholder is all of its host: nothing stands before it but the scheme, and no port or name after it.
    pub(in crate::definition) fn has_whole_authority(&self, placeholder: &Placeholder) -> bool {
        match &*self.0.parts {
            [Part::Literal(scheme), Part::Placeholder(choice), rest @ ..] => {
                scheme.ends_with("://") && choice.plain() == Some(placeholder) && ends_authority(rest)
            }
            _ => false,
        }
    }

    /// Its host.
    pub(in crate::definition) fn host(&self) -> Host<'_> {
        let parts = &self.0.parts;
        if let Some(Part::Placeholder(choice)) = parts.first() {
            let slot = |(placeholder, is_derived)| Slot {
                placeholder,
                is_derived,
                is_url: true,
                is_whole_label: false,
                starts_label: false,
                ends_host: true,
            };
            return Host { slots: choice.fillers().map(slot).collect(), ..Host::default() };
        }
        let mut host = Host::default();
        // The literal text since the last placeholder.
        let mut before = "";
        let mut glued = false;
        // The slots of the last place: one for each of its alternatives.
        let mut last = 0..0;
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Placeholder(choice) => {
                    let is_start = before.ends_with('.') || (before.is_empty() && host.slots.is_empty());
                    for slot in &mut host.slots[last] {
                        slot.ends_host = false;
                        slot.is_whole_label &= !glued;
                    }
                    let first = host.slots.len();
                    host.slots.extend(choice.fillers().map(|(placeholder, is_derived)| Slot {
                        placeholder,
                        is_derived,
                        is_url: false,
                        is_whole_label: is_start && !glued,
                        starts_label: is_start && !glued,
                        ends_host: true,
                    }));
                    last = first..host.slots.len();
                    host.suffix = "";
                    host.has_fallback = choice.fallback().is_some();
                    glued = true;
                    before = "";
                }
                Part::Literal(literal) => {
                    let first = if index == 0 { literal.split_once("://") } else { None };
                    let authority = first.map_or(literal.as_str(), |(_, authority)| authority);
                    let end = authority.find(AUTHORITY_END);
                    let text = &authority[..end.unwrap_or(authority.len())];
                    let name = text.split(':').next().unwrap_or_default();
                    host.follow(last.clone(), name);
                    glued = false;
                    before = name;
                    if end.is_some() {
                        break;
                    }
                }
            }
        }
        host
    }
}

impl<'a> Host<'a> {
    /// Takes note of the literal text after the last placeholder.
    fn follow(&mut self, last: Range<usize>, name: &'a str) {
        for slot in &mut self.slots[last] {
            slot.ends_host = name.is_empty();
            slot.is_whole_label &= name.starts_with('.');
        }
        if let (false, Some((_, suffix))) = (self.slots.is_empty(), name.split_once('.')) {
            self.suffix = suffix;
        }
    }
}
