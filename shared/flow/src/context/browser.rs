//! The browser holds the key to its own flow.
//!
//! A start draws two secrets of 256 bits. The `state` goes to the provider and comes back in the callback. The browser
//! secret goes into a cookie and stays in the browser. The database keeps only hashes of both. Everything secret that a
//! flow must remember is sealed under a key derived from the browser secret. So a leaked table reveals nothing, and
//! only the browser that started a flow can finish it.

use std::fmt;

use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{self, HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use zeroize::Zeroizing;

use crate::seal::{decrypt, encrypt};
use protocol::error::{Error, Result};
use protocol::random::{Random, draw};
use protocol::secret::Secret;

/// `__Host-` means: set by this very host, over a secure connection, for every path (RFC 6265bis §4.1.3.2).
const COOKIE_PREFIX: &str = "__Host-f-";

/// The time that a customer has from the start to the callback, in seconds.
pub const FLOW_LIFETIME_SECONDS: u32 = 15 * 60;

/// The extra time for reading the result of a callback that came in time, in seconds. The callback may work for 28 of
/// them, and then the browser has to follow the redirect.
pub const RESULT_LIFETIME_SECONDS: u32 = 60;

/// The number of flow cookies that one browser keeps. API Gateway accepts 10,240 bytes of headers in all.
const MAX_COOKIES: usize = 20;

/// The `state` of the authorization request (RFC 6749 §10.12).
#[derive(Clone)]
pub struct State([u8; 32]);

impl State {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self(draw(random))
    }

    /// Reads the `state` of a callback. Returns nothing if it cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        decode_32(text).map(Self)
    }

    /// Returns the text that goes to the provider.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the flow's public id. It does not reveal the `state`.
    #[must_use]
    pub fn flow_id(&self) -> FlowId {
        let hash = labelled_hash("linkspan flow id 1", &self.0);
        FlowId(URL_SAFE_NO_PAD.encode(&hash[..16]))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A flow's public id: the table's key, part of the cookie's name, and the end of the result's address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FlowId(String);

impl FlowId {
    /// Reads an id from a path. Returns nothing if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 22
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// Returns the id as text: 22 letters, digits, `-` and `_`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret that stays in the browser.
#[derive(Clone)]
pub struct BrowserSecret(Zeroizing<[u8; 32]>);

impl BrowserSecret {
    pub(crate) fn draw(random: &dyn Random) -> Self {
        Self(Zeroizing::new(draw(random)))
    }

    /// Reads this browser's secret for the flow from its cookies.
    #[must_use]
    pub fn from_cookies(headers: &HeaderMap, flow: &FlowId) -> Option<Self> {
        let name = cookie_name(flow);
        cookies(headers)
            .find(|cookie| cookie.name() == name)
            .and_then(|cookie| decode_32(cookie.value()))
            .map(|secret| Self(Zeroizing::new(secret)))
    }

    /// Returns the `Set-Cookie` value that gives the secret to the browser.
    #[must_use]
    pub fn set_cookie(&self, flow: &FlowId) -> String {
        Cookie::build((cookie_name(flow), URL_SAFE_NO_PAD.encode(*self.0)))
            .http_only(true)
            .secure(true)
            .same_site(SameSite::Lax)
            .path("/")
            .max_age(cookie::time::Duration::seconds(i64::from(
                FLOW_LIFETIME_SECONDS + RESULT_LIFETIME_SECONDS,
            )))
            .build()
            .to_string()
    }

    /// Returns the hash of the secret that the database keeps.
    #[must_use]
    pub fn binding(&self) -> [u8; 32] {
        labelled_hash("linkspan browser binding 1", &self.0)
    }

    /// True if `binding` is the hash of this secret. The comparison takes constant time.
    #[must_use]
    pub fn is_bound_to(&self, binding: &[u8]) -> bool {
        verify_slices_are_equal(&self.binding(), binding).is_ok()
    }

    /// Derives the code verifier (RFC 7636 §4.1), so that it need not be stored.
    pub fn code_verifier(&self, flow: &FlowId) -> Result<Secret> {
        let verifier = self.derive(flow, b"code verifier")?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(*verifier)))
    }

    /// Seals the flow's memory until the callback.
    pub fn seal(&self, flow: &FlowId, random: &dyn Random, plaintext: &[u8]) -> Result<Vec<u8>> {
        let nonce = draw::<NONCE_LEN>(random);
        let mut sealed = nonce.to_vec();
        sealed.extend(encrypt(&*self.derive(flow, b"flow memory")?, nonce, flow.0.as_bytes(), plaintext)?);
        Ok(sealed)
    }

    /// Opens the flow's memory.
    pub fn open(&self, flow: &FlowId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.derive(flow, b"flow memory")?;
        sealed
            .split_first_chunk::<NONCE_LEN>()
            .and_then(|(nonce, sealed)| decrypt(&key, *nonce, flow.0.as_bytes(), sealed))
            .ok_or_else(|| Error::internal("a flow's memory does not open"))
    }

    /// Derives a key by HKDF-SHA-256 (RFC 5869), with the flow's id as salt.
    fn derive(&self, flow: &FlowId, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
        let mut derived = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, flow.0.as_bytes())
            .extract(&*self.0)
            .expand(&[purpose], HashLength)
            .and_then(|okm| okm.fill(&mut *derived))
            .map_err(|_| Error::internal("key derivation failed"))?;
        Ok(derived)
    }
}

impl fmt::Debug for BrowserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

struct HashLength;

impl hkdf::KeyType for HashLength {
    fn len(&self) -> usize {
        32
    }
}

/// Returns the `Set-Cookie` values that delete all flow cookies but this flow's and the newest others.
///
/// Browsers send the cookies of one path in the order of their creation (RFC 6265 §5.4), so the first are the oldest.
#[must_use]
pub fn surplus_cookies(headers: &HeaderMap, flow: &FlowId) -> Vec<String> {
    let own = cookie_name(flow);
    let others: Vec<String> = cookies(headers)
        .map(|cookie| cookie.name().to_owned())
        .filter(|name| name.starts_with(COOKIE_PREFIX) && *name != own)
        .collect();
    let surplus = (others.len() + 1).saturating_sub(MAX_COOKIES);
    others
        .into_iter()
        .take(surplus)
        .map(|name| {
            Cookie::build((name, ""))
                .secure(true)
                .path("/")
                .max_age(cookie::time::Duration::ZERO)
                .build()
                .to_string()
        })
        .collect()
}

fn cookie_name(flow: &FlowId) -> String {
    format!("{COOKIE_PREFIX}{}", flow.0)
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(std::result::Result::ok)
}

fn decode_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 43 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn labelled_hash(label: &str, secret: &[u8; 32]) -> [u8; 32] {
    let mut input = Zeroizing::new(Vec::with_capacity(label.len() + secret.len()));
    input.extend_from_slice(label.as_bytes());
    input.extend_from_slice(secret);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &input).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: State = State([7; 32]);

    fn secret() -> BrowserSecret {
        BrowserSecret(Zeroizing::new([9; 32]))
    }

    #[test]
    fn a_state_survives_the_trip_to_the_provider() {
        let text = STATE.reveal();
        assert_eq!(text.len(), 43);
        assert_eq!(State::parse(&text).unwrap().flow_id(), STATE.flow_id());
        for bad in ["", "short", &format!("{text}="), &format!("{text}a"), &text.replace('B', "!")] {
            assert!(State::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_bound_to_this_host_and_short() {
        let cookie = secret().set_cookie(&STATE.flow_id());
        assert!(cookie.starts_with("__Host-f-"), "{cookie}");
        for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=960"] {
            assert!(cookie.contains(attribute), "{attribute} is missing in {cookie}");
        }
        assert!(!cookie.contains("Domain"));
        assert!(cookie.split(';').next().unwrap().len() <= 78);
    }

    #[test]
    fn the_cookie_comes_back_as_the_secret() {
        let flow = STATE.flow_id();
        let cookie = secret().set_cookie(&flow);
        let pair = cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("a=b; {pair}; c=d").parse().unwrap());
        let found = BrowserSecret::from_cookies(&headers, &flow).unwrap();
        assert!(found.is_bound_to(&secret().binding()));
        assert!(BrowserSecret::from_cookies(&headers, &State([8; 32]).flow_id()).is_none());
    }

    #[test]
    fn all_but_the_newest_twenty_cookies_are_deleted() {
        let flow = STATE.flow_id();
        let mut pairs: Vec<String> = (0..25).map(|n| format!("__Host-f-old{n:02}=x")).collect();
        pairs.push(format!("{}=y", cookie_name(&flow)));
        pairs.push("session=z".to_owned());
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, pairs.join("; ").parse().unwrap());
        let deleted = surplus_cookies(&headers, &flow);
        assert_eq!(deleted.len(), 6);
        for (n, cookie) in deleted.iter().enumerate() {
            assert!(cookie.starts_with(&format!("__Host-f-old{n:02}=;")), "{cookie}");
            assert!(cookie.contains("Max-Age=0") && cookie.contains("Secure") && cookie.contains("Path=/"));
        }
    }

    #[test]
    fn the_memory_opens_for_its_browser_and_its_flow_only() {
        let flow = STATE.flow_id();
        let sealed = secret().seal(&flow, &protocol::random::SystemRandom, b"typed in").unwrap();
        assert_eq!(&*secret().open(&flow, &sealed).unwrap(), b"typed in");
        assert!(secret().open(&State([8; 32]).flow_id(), &sealed).is_err());
        assert!(BrowserSecret(Zeroizing::new([1; 32])).open(&flow, &sealed).is_err());
    }

    #[test]
    fn the_code_verifier_fits_the_rfc_and_differs_by_flow() {
        let verifier = secret().code_verifier(&STATE.flow_id()).unwrap();
        assert_eq!(verifier.expose().len(), 43);
        let other = secret().code_verifier(&State([8; 32]).flow_id()).unwrap();
        assert_ne!(verifier.expose(), other.expose());
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{STATE:?} {:?}", secret()), "[redacted] [redacted]");
    }
}
