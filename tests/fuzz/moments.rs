//! Times and lifetimes, as providers write them: none overflows, and none that is no number counts.

use std::time::Duration;

use arbitrary::Unstructured;
use protocol::clock::Timestamp;
use protocol::definition::TimeUnit;
use protocol::provider::oauth2::token_response::{TokenResponse, seconds, settle};
use serde_json::{Map, Value, json};
use tests::clock::BEGINNING;

use crate::grammar::{json_of, one_of};
use crate::inputs::{Inputs, assert_reached};
use crate::refusals::{MARK, assert_silent};

const UNITS: [TimeUnit; 3] = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Minutes];

/// A century: as good as for ever.
const LONGEST: Duration = Duration::from_secs(3_200_000_000);

fn assert_is_lifetime(stated: &Value) {
    let Some(lifetime) = seconds(Some(stated)) else { return };
    let number = match stated {
        Value::Number(number) => number.as_f64().unwrap(),
        Value::String(text) => text.trim().parse().unwrap(),
        other => panic!("{other} is a lifetime"),
    };
    assert!(number >= 0.0 && lifetime <= LONGEST, "{stated} is {lifetime:?}");
    assert!(!(BEGINNING + lifetime).to_rfc3339().is_empty(), "{stated}");
}

fn assert_is_moment(stated: &Value) {
    let Some(moment) = Timestamp::stated(stated) else { return };
    assert!(moment.0 < 9_000_000_000_000_000, "{stated} is {moment:?}");
    assert!(moment.since(BEGINNING) + BEGINNING.since(moment) < Duration::from_secs(10_000_000_000_000));
}

/// Brings the lifetime into `expires_in` in every unit, and reads it as the product does.
fn assert_settles(fields: &Map<String, Value>) {
    for unit in UNITS {
        let mut settled = fields.clone();
        settle(&mut settled, unit, BEGINNING);
        let lifetime = seconds(settled.get("expires_in"));
        assert!(lifetime.is_none_or(|lifetime| lifetime <= LONGEST), "{fields:?} is {settled:?}");
        let before = seconds(fields.get("expires_in"));
        assert!(before.is_none() || lifetime.is_some(), "{fields:?} is {settled:?}");
    }
}

#[test]
fn a_time_of_any_kind_is_one_or_none() {
    let words =
        &["NaN", "-NaN", "inf", "-inf", "infinity", "e308", "1e", "-", ".", "Z", "+23:59", "GMT", " "];
    for input in Inputs::mutated("moments", 10_000).with_words(words) {
        let text = String::from_utf8_lossy(&input);
        let number: Value = serde_json::from_str(&text).unwrap_or_default();
        for stated in [json!(text), number] {
            assert_is_lifetime(&stated);
            assert_is_moment(&stated);
            assert_settles(&Map::from_iter([("expires_in".to_owned(), stated.clone())]));
            assert_settles(&Map::from_iter([("expires_at".to_owned(), stated)]));
        }
    }
}

#[test]
fn a_token_response_of_any_shape_is_one_or_none() {
    let mut read = 0;
    for input in Inputs::drawn("token-responses", 5_000) {
        let draw = &mut Unstructured::new(&input);
        let mut fields = Map::new();
        for name in
            ["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "id_token", "scope"]
        {
            let value = json_of(draw, 2);
            let is_marked = name == "token_type" && value == MARK;
            fields.insert(name.to_owned(), if is_marked { Value::Null } else { value });
        }
        assert_settles(&fields);
        let unit = *one_of(draw, &UNITS);
        let Ok(response) = serde_json::from_value::<TokenResponse>(Value::Object(fields.clone())) else {
            let token = fields["access_token"].as_str();
            assert!(token.is_none_or(str::is_empty), "{fields:?} is no token response");
            continue;
        };
        read += 1;
        assert_silent(&format!("{response:?}"));
        let kept = response.settled(unit, BEGINNING).into_fields();
        let is_lifetime = |name: &str| name == "expires_in";
        assert!(fields.iter().all(|(name, value)| is_lifetime(name) || kept[name] == *value), "{fields:?}");
    }
    assert_reached(read > 500, &format!("{read}"));
}
