//! `state`, and the cookies that bind a flow to its browser: nothing but what we gave out counts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flow::context::browser::{BrowserSecret, State};
use flow::context::cookies::surplus_cookies;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use protocol::random::SystemRandom;

use crate::inputs::{Inputs, assert_reached};
use crate::refusals::{MARK, assert_silent};

/// 32 bytes, as text.
fn text_of(byte: u8) -> String {
    URL_SAFE_NO_PAD.encode([byte; 32])
}

fn sent(cookies: &[u8]) -> Option<HeaderMap> {
    Some(HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(cookies).ok()?)]))
}

#[test]
fn a_state_is_32_bytes_written_in_one_way() {
    let mut accepted = 0;
    for input in Inputs::mutated("states", 10_000).and([text_of(7), text_of(0), text_of(255)]) {
        let text = String::from_utf8_lossy(&input);
        let Some(state) = State::parse(&text) else { continue };
        accepted += 1;
        assert_eq!(state.reveal(), text);
        assert_silent(&format!("{state:?}").replace("[redacted]", ""));
        assert!(!format!("{state:?}").contains(&*text));
    }
    assert_reached(accepted > 100, &format!("{accepted}"));
}

/// The value of our cookie, as RFC 6265 §4.2.1 separates pairs, read by another hand.
fn expected<'c>(cookies: &'c [u8], name: &str) -> Option<&'c [u8]> {
    let mut rest = cookies;
    loop {
        let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
        let pair = &rest[..end];
        let pair = if pair.first() == Some(&b' ') { &pair[1..] } else { pair };
        let is_text = std::str::from_utf8(pair).is_ok();
        if is_text && pair.len() > name.len() && pair.starts_with(name.as_bytes()) && pair[name.len()] == b'='
        {
            return Some(&pair[name.len() + 1..]);
        }
        rest = rest.get(end + 1..)?;
    }
}

#[test]
fn only_the_cookie_that_we_set_is_the_browsers_secret() {
    let state = State::parse(&text_of(7)).unwrap();
    let flow = state.flow_id();
    let name = format!("__Host-f-{}", flow.as_str());
    let own = format!("{name}={}", text_of(9));
    let binding = BrowserSecret::from_cookies(&sent(own.as_bytes()).unwrap(), &flow).unwrap().binding();
    let examples = [own.clone(), format!("a=b; {own}; c=\"d; e\""), format!("{name}={}; {own}", text_of(1))];
    let words = &["; ", ";", "=", "__Host-f-", "__host-f-", "\u{a0}", "\t", "\"", "%3D", "$Version=1"];
    let (mut found, mut bound) = (0, 0);
    for input in Inputs::mutated("cookies", 10_000).and(examples).with_words(words) {
        let Some(headers) = sent(&input) else { continue };
        let deleted = surplus_cookies(&headers, Some(&flow), 1);
        let ours = input.split(|byte| *byte == b';').count();
        assert!(
            deleted.len() <= ours.saturating_sub(18) && deleted.iter().all(|cookie| !cookie.contains(&name))
        );
        let secret = BrowserSecret::from_cookies(&headers, &flow);
        let value = expected(&input, &name).and_then(|value| {
            let is_whole = value.len() == 43;
            URL_SAFE_NO_PAD.decode(value).ok().filter(|bytes| is_whole && bytes.len() == 32)
        });
        assert_eq!(secret.is_some(), value.is_some(), "{:?}", String::from_utf8_lossy(&input));
        let Some(secret) = secret else { continue };
        found += 1;
        let is_own = value.as_deref() == Some(&[9; 32]);
        assert_eq!(secret.is_bound_to(&binding), is_own, "{:?}", String::from_utf8_lossy(&input));
        bound += u32::from(is_own);
        assert!(!format!("{secret:?}").contains(&text_of(9)));
    }
    assert_reached(found > 200 && bound > 50 && found > bound, &format!("{found} {bound}"));
}

#[test]
fn a_changed_memory_opens_for_nobody() {
    let state = State::parse(&text_of(7)).unwrap();
    let flow = state.flow_id();
    let own = format!("__Host-f-{}={}", flow.as_str(), text_of(9));
    let secret = BrowserSecret::from_cookies(&sent(own.as_bytes()).unwrap(), &flow).unwrap();
    let sealed = secret.seal(&flow, &SystemRandom, MARK.as_bytes()).unwrap();
    let mut opened = 0;
    for input in Inputs::drawn("memories", 2_000).and([sealed.clone()]) {
        match secret.open(&flow, &input) {
            Ok(memory) => {
                opened += 1;
                assert_eq!((&input, &**memory), (&sealed, MARK.as_bytes()));
            }
            Err(error) => assert_silent(&format!("{error:?} {:?}", error.cause())),
        }
    }
    assert!(opened > 0);
}
