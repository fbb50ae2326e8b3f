//! The host of an address, as far as the template says it.

use super::address::{AUTHORITY_END, Address};
use super::{Part, Placeholder};

/// A host with placeholders in it.
#[derive(Debug, Default)]
pub(in crate::definition) struct Host<'a> {
    /// Its placeholders, in their order.
    pub(in crate::definition) slots: Vec<Slot<'a>>,
    /// The literal domain after the last placeholder, without the dot before it and the port behind it; empty if there
    /// is none.
    pub(in crate::definition) suffix: &'a str,
}

/// A placeholder in a host.
#[derive(Debug)]
pub(in crate::definition) struct Slot<'a> {
    pub(in crate::definition) placeholder: &'a Placeholder,
    /// True if the address begins with it: its value is a whole URL.
    pub(in crate::definition) is_url: bool,
    /// True if a dot, or nothing, stands before it, and a dot after it.
    pub(in crate::definition) is_whole_label: bool,
    /// True if nothing of the host follows it.
    pub(in crate::definition) ends_host: bool,
}

impl Address {
    /// Its host.
    pub(in crate::definition) fn host(&self) -> Host<'_> {
        let parts = &self.0.parts;
        if let Some(Part::Placeholder(placeholder)) = parts.first() {
            let slot = Slot { placeholder, is_url: true, is_whole_label: false, ends_host: true };
            return Host { slots: vec![slot], suffix: "" };
        }
        let mut host = Host::default();
        // The literal text since the last placeholder.
        let mut before = "";
        let mut glued = false;
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Placeholder(placeholder) => {
                    let is_start = before.ends_with('.') || (before.is_empty() && host.slots.is_empty());
                    if let Some(last) = host.slots.last_mut() {
                        last.ends_host = false;
                        last.is_whole_label &= !glued;
                    }
                    host.slots.push(Slot {
                        placeholder,
                        is_url: false,
                        is_whole_label: is_start && !glued,
                        ends_host: true,
                    });
                    host.suffix = "";
                    glued = true;
                    before = "";
                }
                Part::Literal(literal) => {
                    let first = if index == 0 { literal.split_once("://") } else { None };
                    let authority = first.map_or(literal.as_str(), |(_, authority)| authority);
                    let end = authority.find(AUTHORITY_END);
                    let text = &authority[..end.unwrap_or(authority.len())];
                    let name = text.split(':').next().unwrap_or_default();
                    host.follow(name);
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
    fn follow(&mut self, name: &'a str) {
        let Some(slot) = self.slots.last_mut() else { return };
        slot.ends_host = name.is_empty();
        match name.strip_prefix('.') {
            Some(suffix) => self.suffix = suffix,
            None => slot.is_whole_label = false,
        }
    }
}
