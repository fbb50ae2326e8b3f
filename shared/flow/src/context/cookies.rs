//! The flows' cookies, one for each flow.
//!
//! A request's `Cookie` header holds what other applications have set as well, in whatever bytes they chose
//! (RFC 6265bis §5.8.3). So ours are picked out of the bytes, and nothing else in there matters.

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;

use super::flow_id::{FLOW_LIFETIME_SECONDS, FlowId, REMEMBERED_SECONDS};

/// `__Host-` means: set by this very host, over a secure connection, for every path (RFC 6265bis §4.1.3.2).
const PREFIX: &str = "__Host-f-";

/// The number of flow cookies that one browser keeps. API Gateway accepts 10,240 bytes of headers in all.
const MAX_COOKIES: usize = 20;

/// Returns the value of the flow's cookie.
pub(super) fn value<'a>(headers: &'a HeaderMap, flow: &FlowId) -> Option<&'a str> {
    ours(headers).find(|(id, _)| *id == flow.as_str()).map(|(_, value)| value)
}

/// Returns the flows with the values of their cookies, the oldest first.
pub(super) fn values(headers: &HeaderMap) -> Vec<(FlowId, &str)> {
    ours(headers).filter_map(|(id, value)| Some((FlowId::parse(id)?, value))).collect()
}

/// Returns the `Set-Cookie` value that gives `value` to the browser, for as long as the flow is remembered.
pub(super) fn set(flow: &FlowId, value: &str) -> String {
    let lifetime = i64::from(FLOW_LIFETIME_SECONDS + REMEMBERED_SECONDS);
    of_flow(flow.as_str(), value)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(lifetime))
        .build()
        .to_string()
}

/// Returns the `Set-Cookie` values that delete all flow cookies but that of `kept`, the newest others, and `added` that
/// the answer sets.
#[must_use]
pub fn surplus_cookies(headers: &HeaderMap, kept: Option<&FlowId>, added: usize) -> Vec<String> {
    let is_kept = |id: &str| kept.is_some_and(|flow| flow.as_str() == id);
    let others: Vec<&str> = ours(headers).map(|(id, _)| id).filter(|id| !is_kept(id)).collect();
    let surplus = (others.len() + usize::from(kept.is_some()) + added).saturating_sub(MAX_COOKIES);
    others
        .into_iter()
        .take(surplus)
        .map(|id| of_flow(id, "").max_age(cookie::time::Duration::ZERO).build().to_string())
        .collect()
}

fn of_flow<'a>(id: &str, value: &'a str) -> cookie::CookieBuilder<'a> {
    Cookie::build((format!("{PREFIX}{id}"), value)).secure(true).path("/")
}

/// The flow's id and the value of each cookie of ours, in the browser's order: browsers send the cookies of one path in
/// the order of their creation (RFC 6265 §5.4), so the first are the oldest.
///
/// Only what RFC 6265 §4.2.1 puts between two cookies is skipped. A name that begins with any other white space is not
/// ours: to a browser it has no `__Host-` prefix, so another host of the site could have set it.
fn ours(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            std::str::from_utf8(pair).ok()?.strip_prefix(PREFIX)?.split_once('=')
        })
        .filter(|(id, _)| FlowId::parse(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn flow(character: &str) -> FlowId {
        FlowId::parse(&character.repeat(22)).unwrap()
    }

    fn sent(cookies: &[u8]) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(cookies).unwrap())])
    }

    #[test]
    fn ours_are_found_among_whatever_others_have_set() {
        let own = format!("{PREFIX}{}=ours", "a".repeat(22));
        for other in
            ["theme=caf\u{e9}".as_bytes(), b"x=\xe9", b"\xff", b"=", b"", b"__Host-f-=", b"a=\"b; c\""]
        {
            for pairs in [[other, own.as_bytes()], [own.as_bytes(), other]] {
                let headers = sent(&pairs.join(&b"; "[..]));
                assert_eq!(value(&headers, &flow("a")), Some("ours"), "{headers:?}");
                assert_eq!(value(&headers, &flow("b")), None);
            }
        }
        for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}", "\t", "  ", "\u{feff}", "\""] {
            for planted in
                [format!("{space}{own}"), format!("a=b; {space}{own}"), format!("a=b;{space}{own}")]
            {
                assert_eq!(value(&sent(planted.as_bytes()), &flow("a")), None, "{space:?}");
            }
        }
        let mut several = sent(b"x=\xe9");
        several.append(COOKIE, own.parse().unwrap());
        assert_eq!(value(&several, &flow("a")), Some("ours"));
    }

    #[test]
    fn all_but_the_newest_twenty_cookies_are_deleted() {
        let flow = flow("a");
        let mut pairs: Vec<String> = (0..25).map(|n| format!("__Host-f-{n:022}=x")).collect();
        pairs.push(format!("{PREFIX}{}=y", flow.as_str()));
        pairs.push("session=z".to_owned());
        let deleted = surplus_cookies(&sent(pairs.join("; ").as_bytes()), Some(&flow), 0);
        assert_eq!(deleted.len(), 6);
        for (n, cookie) in deleted.iter().enumerate() {
            assert!(cookie.starts_with(&format!("__Host-f-{n:022}=;")), "{cookie}");
            assert!(cookie.contains("Max-Age=0") && cookie.contains("Secure") && cookie.contains("Path=/"));
        }
    }
}
