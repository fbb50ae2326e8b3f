//! What a service issues: tokens, and what calls after connecting find.

use serde_json::{Map, Value, json};

use crate::answers::{Answered, Written, jwt, put};
use crate::service::{Service, TokenRequest};
use crate::signing::date_time;

/// The seconds that a token lasts if the definition leaves it to the answer.
const LIFE: i64 = 7260;
/// The seconds that the token of a second exchange lasts.
const SECOND_LIFE: i64 = 40_000;
/// The seconds that a refresh token lasts if the definition has a place for it.
pub(crate) const REFRESH_LIFE: i64 = 6000;

impl Service {
    /// Adds credentials.
    pub(crate) fn know(&mut self, fields: impl IntoIterator<Item = (String, Value)>) {
        if let Value::Object(known) = &mut self.values.credentials {
            known.extend(fields);
        }
    }

    fn access_token(&mut self) -> Value {
        self.issued += 1;
        json!(format!("access!+token/{}", self.issued))
    }

    /// Whether an answer has a refresh token: also where none is used.
    fn gives_refresh_token(&self) -> bool {
        self.is("oauth2") && self.config("refreshCredential").is_null()
    }

    /// Whether a refresh exchanges a refresh token.
    pub(crate) fn has_refresh_token(&self) -> bool {
        let exchanged = self.config("refreshCredential").as_str().unwrap_or("refresh_token");
        let is_exchanged = *self.config("noRefreshToken") != true && self.config("renewal").is_null();
        self.is("oauth2") && is_exchanged && exchanged == "refresh_token"
    }

    /// A new token response, in the place of the one before.
    pub(crate) fn tokens(&mut self, request: TokenRequest) -> Answered {
        if let TokenRequest::Further(place) = request {
            return self.further_tokens(place);
        }
        let mut fields = Map::new();
        fields.insert("access_token".to_owned(), self.access_token());
        if self.gives_refresh_token() {
            fields.insert("refresh_token".to_owned(), json!(format!("refresh!+token/{}", self.issued)));
        }
        let places = self.config("tokenResponse").clone();
        let mut answered = Answered::of(200, self.named_fields());
        if !answered.body.is_object() {
            answered.body = json!({});
        }
        for (name, _) in places.as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "refresh_token_expires_in" => json!(REFRESH_LIFE),
                "access_token" | "refresh_token" | "expires_in" | "expires_at" => continue,
                name => json!(format!("{name}!+{}", self.issued)),
            };
            fields.insert(name.clone(), value);
        }
        let factor = match self.config("expiresInUnit").as_str() {
            Some("milliseconds") => LIFE * 1000,
            Some("minutes") => LIFE / 60,
            _ => LIFE,
        };
        let end = self.seconds() + LIFE;
        if self.turn % 2 == 1 && may_leave_out_their_end(&self.option["config"]) {
            // The definition says when they end.
        } else if let Some((token, claim)) = claim_of(&places["expires_at"]) {
            fields.insert(token.to_owned(), json!(jwt(&json!({ claim: end, "jti": self.issued }))));
            fields.insert("expires_at".to_owned(), json!(end));
        } else if places["expires_at"].is_string() {
            fields.insert("expires_at".to_owned(), json!(end));
        } else if self.config("expiresIn").is_null() && *self.config("noRefreshToken") != true {
            fields.insert("expires_in".to_owned(), json!(factor));
        }
        for (name, value) in &fields {
            match places.get(name) {
                // It stands in a token.
                Some(place) if claim_of(place).is_some() => {}
                Some(place) => answered.place(place, self.turn + self.issued, value.clone()),
                None => put(&mut answered.body, name, value.clone()),
            }
        }
        let further = self.further_sets(&mut answered, request);
        if fields.contains_key("expires_in") || fields.contains_key("expires_at") {
            fields.insert("expires_in".to_owned(), json!(LIFE));
        }
        if let Value::Object(known) = &mut self.values.credentials {
            known.remove("expires_in");
        }
        let whole = answered.body.as_object().cloned().unwrap_or_default();
        self.know(whole);
        self.know(fields);
        self.know(further);
        self.life = self.lifetime();
        answered
    }

    /// The answer of a login, or of a call that renews what it gave.
    pub(crate) fn logged_in(&mut self, setting: &str) -> Answered {
        let call = self.config(setting).clone();
        let mut answered = Answered::of(200, json!({}));
        let accepted = call["headers"]["Accept"].as_str().unwrap_or_default();
        if call["bodyFormat"] == "xml" || accepted.contains("xml") {
            answered.written = Written::Xml;
        }
        for (name, place) in call["response"].as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "expires_in" => json!(LIFE),
                "expires_at" => {
                    let end = self.seconds() + LIFE;
                    // XML has no numbers.
                    if answered.written == Written::Xml { json!(date_time(end)) } else { json!(end) }
                }
                "access_token" => self.access_token(),
                name => {
                    self.issued += 1;
                    let value = self.value_of(name);
                    value.as_str().map_or(value.clone(), |text| json!(format!("{text}{}", self.issued)))
                }
            };
            answered.place(place, self.turn, value.clone());
            self.know([(name.clone(), value)]);
            if name == "expires_at" {
                self.know([("expires_in".to_owned(), json!(LIFE))]);
            }
        }
        answered.satisfy(&call["expect"], self.turn);
        self.life = self.lifetime();
        answered
    }

    /// The answer of a call after connecting.
    pub(crate) fn completes(&mut self, place: usize) -> Answered {
        let mut answered = self.found(place);
        answered.satisfy(&self.option["afterConnect"][place]["expect"], self.turn);
        answered
    }

    /// The answers of such a call that have its values, and are not as it is expected.
    pub(crate) fn completes_nearly(&self, place: usize) -> Vec<Answered> {
        let expect = &self.option["afterConnect"][place]["expect"];
        let near = self.clone().found(place).violations(expect, self.turn);
        near.into_iter().filter(|answered| !answered.fits(expect)).collect()
    }

    fn found(&mut self, place: usize) -> Answered {
        let call = self.option["afterConnect"][place].clone();
        let mut answered = Answered::of(200, Value::Null);
        for (name, place) in call["response"].as_object().into_iter().flatten() {
            let value = match name.as_str() {
                "access_token" => self.access_token(),
                "expires_in" => json!(SECOND_LIFE),
                "expires_at" => json!(self.seconds() + SECOND_LIFE),
                name => self.value_of(name),
            };
            answered.place(place, self.turn, value.clone());
            self.know([(name.clone(), value)]);
            if name == "expires_at" {
                self.know([("expires_in".to_owned(), json!(SECOND_LIFE))]);
            }
        }
        if let Some(name) = call["choose"]["as"].as_str() {
            let further = call["choose"]["response"].as_object().cloned().unwrap_or_default();
            let further_of = |which: &str, name: &String, place: &Value| {
                // The label is there whatever else is, and the first place that has something counts.
                let label = &call["choose"]["label"];
                if place == label || place.as_array().is_some_and(|places| places.first() == Some(label)) {
                    return json!(label_of(which));
                }
                let value = self.value_of(name).as_str().unwrap_or_default().to_owned();
                json!(format!("{value}{which}"))
            };
            let item = |which: &str| {
                let mut item = json!({});
                let value = self.value_of(name).as_str().unwrap_or_default().to_owned();
                put(
                    &mut item,
                    call["choose"]["value"].as_str().unwrap_or_default(),
                    json!(format!("{value}{which}")),
                );
                if let Some(label) = call["choose"]["label"].as_str() {
                    put(&mut item, label, json!(label_of(which)));
                }
                let mut item = Answered::of(200, item);
                for (name, place) in &further {
                    item.place(place, self.turn, further_of(which, name, place));
                }
                item.satisfy(&json!({ "body": call["choose"]["where"] }), self.turn);
                (item.body, json!(format!("{value}{which}")))
            };
            let ((first, _), (second, value)) = (item("1"), item("2"));
            let items = if self.turn.is_multiple_of(2) { vec![second] } else { vec![first, second] };
            // What the definition leaves out stands there too, under the name of what is chosen.
            let mut left_out = item("0").0;
            if let Some(label) = call["choose"]["label"].as_str() {
                put(&mut left_out, label, json!(label_of("2")));
            }
            let fitting = Answered::of(200, left_out);
            let condition = json!({ "body": call["choose"]["where"] });
            let mut others = fitting.violations(&condition, self.turn);
            others.retain(|other| !other.fits(&condition));
            // So does an item that lacks one of the further values: it cannot be chosen.
            let lacking = further.iter().filter_map(|(_, place)| {
                let mut item = item("3").0;
                place.as_str().map(|path| put(&mut item, path, Value::Null)).map(|()| item)
            });
            let others: Vec<Value> = others.into_iter().map(|other| other.body).chain(lacking).collect();
            let items: Value = others.into_iter().chain(items).collect();
            let chosen: Vec<(String, Value)> =
                further.iter().map(|(name, place)| (name.clone(), further_of("2", name, place))).collect();
            match call["choose"]["items"].as_str() {
                Some(path) => put(&mut answered.body, path, items),
                None => answered.body = items,
            }
            self.know([(name.to_owned(), value)]);
            self.know(chosen);
        }
        self.life = self.lifetime();
        answered
    }

    fn lifetime(&self) -> Option<i64> {
        let stated = self.values.credentials["expires_in"].as_i64().or(self.config("expiresIn").as_i64());
        let is_renewed = self.is_renewed();
        let main = stated.or(is_renewed.then_some(3600));
        let further = self.further_names().into_iter();
        let further = further.filter_map(|name| self.values.credentials[name]["expires_in"].as_i64());
        main.into_iter().chain(further).min()
    }

    /// Whether credentials can be renewed.
    pub(crate) fn is_renewed(&self) -> bool {
        match self.option["type"].as_str() {
            Some("oauth2") => *self.config("noRefreshToken") != true,
            Some("client-credentials") => self.is_exchanged(),
            _ => false,
        }
    }

    /// Whether the customer brings the client, whose refusal is then theirs to mend.
    pub(crate) fn is_client_entered(&self) -> bool {
        let client = self.config("clientId").as_str().unwrap_or_default();
        self.is("client-credentials") && (client.is_empty() || client.contains("${parameters."))
    }

    /// Whether what is entered is exchanged.
    pub(crate) fn is_exchanged(&self) -> bool {
        self.config("tokenUri").is_string() || self.config("login").is_object()
    }

    /// The seconds until the next refresh, as docs/integrations.md has it.
    pub(crate) fn next_refresh(&self) -> Option<i64> {
        let life = self.life?;
        let earliest = self.config("refreshBefore").as_i64().unwrap_or(life);
        let before = |lead: i64| life - lead.min(earliest);
        if !self.is_renewed() {
            return Some(before(60.min(life / 4)));
        }
        let before_end = before(900.min(life / 4));
        if self.is("client-credentials") {
            return Some(before_end);
        }
        let stated = ["refresh_token_expires_in", "x_refresh_token_expires_in", "refresh_expires_in"]
            .iter()
            .find_map(|name| self.values.credentials[name].as_i64());
        let week = 7 * 86_400;
        let defined = self.config("refreshTokenExpiresIn").as_i64();
        let keep_alive = stated.or(defined).map_or(week, |life| week.min(life / 2));
        Some(before_end.min(keep_alive).max(before(life)))
    }
}

/// Whether the end of tokens stands in the answer or, where it does not, in the definition.
pub(crate) fn may_leave_out_their_end(config: &Value) -> bool {
    config["expiresIn"].is_number() && config["tokenResponse"]["expires_at"].is_string()
}

/// The token and its claim, if a place is one.
fn claim_of(place: &Value) -> Option<(&str, &str)> {
    place.as_str()?.split_once(".@jwt.")
}

/// The label of one of several items.
pub(crate) fn label_of(which: &str) -> String {
    format!("Item No. {which}")
}
