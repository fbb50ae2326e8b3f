//! Further sets of tokens, beside the first.

use serde_json::{Map, Value, json};

use crate::answers::Answered;
use crate::service::{Service, TokenRequest};

/// The seconds that the token of a further set lasts: it ends before the first one's.
const LIFE: i64 = 6000;

impl Service {
    /// The names of the sets.
    pub(crate) fn further_names(&self) -> Vec<String> {
        self.config("furtherTokens").as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// The sets that are renewed by a request of their own. In odd turns each comes with the answer for the first.
    pub(crate) fn further_to_renew(&self) -> Vec<usize> {
        let is_asked = self.turn.is_multiple_of(2);
        if is_asked { (0..self.further_names().len()).collect() } else { Vec::new() }
    }

    /// Puts the sets into an answer for the first one. Returns them by their names.
    pub(crate) fn further_sets(
        &mut self,
        answered: &mut Answered,
        request: TokenRequest,
    ) -> Map<String, Value> {
        let sets = self.config("furtherTokens").clone();
        let mut known = Map::new();
        if matches!(request, TokenRequest::Refresh) && !self.further_to_renew().is_empty() {
            return known;
        }
        for (name, places) in sets.as_object().into_iter().flatten() {
            let set = self.set(name);
            for (field, value) in set.as_object().into_iter().flatten() {
                answered.place(&places[field], self.turn, value.clone());
            }
            known.insert(name.clone(), set);
        }
        known
    }

    /// The answer to a refresh of one set.
    pub(crate) fn further_tokens(&mut self, place: usize) -> Answered {
        let name = self.further_names()[place].clone();
        let set = self.set(&name);
        self.know([(name, set.clone())]);
        Answered::of(200, set)
    }

    fn set(&mut self, name: &str) -> Value {
        self.issued += 1;
        json!({
            "access_token": format!("{name}!+token/{}", self.issued),
            "refresh_token": format!("{name}!+refresh/{}", self.issued),
            "expires_in": LIFE,
        })
    }
}
