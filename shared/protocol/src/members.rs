//! The members of a JSON object as they were written, a repeated name too. JSON allows one, and parsers differ in which
//! value they take (RFC 8259 §4).

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The members of an object in their order.
pub struct Members(pub Vec<(String, Value)>);

impl Members {
    /// Returns the object, unless it repeats a name.
    #[must_use]
    pub fn into_unique(self) -> Option<Map<String, Value>> {
        let mut object = Map::new();
        for (name, value) in self.0 {
            if object.insert(name, value).is_some() {
                return None;
            }
        }
        Some(object)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
