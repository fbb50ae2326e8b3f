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
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use zeroize::Zeroizing;

use super::cookies;
use super::flow_id::FlowId;
use crate::seal::{decrypt, encrypt};
use protocol::error::{Error, Result};
use protocol::random::{Random, draw};
use protocol::secret::Secret;

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
        FlowId::of_hash(&hash)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
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
        Self::parse(cookies::value(headers, flow)?)
    }

    /// Reads this browser's secrets of its newest flows, the newest first.
    pub(crate) fn newest(headers: &HeaderMap, most: usize) -> Vec<(FlowId, Self)> {
        let mut newest = cookies::values(headers);
        newest.reverse();
        newest.truncate(most);
        newest.into_iter().filter_map(|(flow, value)| Some((flow, Self::parse(value)?))).collect()
    }

    /// Returns the `Set-Cookie` value that gives the secret to the browser.
    #[must_use]
    pub fn set_cookie(&self, flow: &FlowId) -> String {
        cookies::set(flow, &self.reveal())
    }

    /// Returns the hash of the secret that the database keeps.
    #[must_use]
    pub fn binding(&self) -> [u8; 32] {
        labelled_hash("linkspan browser binding 1", &self.0)
    }

    /// Returns the hash of texts, keyed with this secret.
    pub(super) fn binding_to(&self, texts: [&str; 2]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let mut context = hmac::Context::with_key(&key);
        for text in texts {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
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

    /// Derives a second secret of the flow, which the application gets. It does not reveal the browser's.
    pub(super) fn for_application(&self, flow: &FlowId) -> Result<Self> {
        self.derive(flow, b"connection request").map(Self)
    }

    /// Returns the place of the connection request whose id this secret is. It does not reveal the secret.
    pub(super) fn place_of_request(&self) -> FlowId {
        FlowId::of_hash(&labelled_hash("linkspan connection request 1", &self.0))
    }

    /// Derives the secret that seals where the result goes.
    pub(super) fn for_result(&self, flow: &FlowId) -> Result<Self> {
        self.derive(flow, b"result").map(Self)
    }

    /// Derives the secret under which waits what the customer must choose from.
    pub(super) fn for_choice(&self, flow: &FlowId) -> Result<Self> {
        self.derive(flow, b"choice").map(Self)
    }

    /// Returns the text that carries the secret.
    pub(super) fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(*self.0)
    }

    /// Reads the text that carries the secret.
    pub(super) fn parse(text: &str) -> Option<Self> {
        decode_32(text).map(|secret| Self(Zeroizing::new(secret)))
    }

    /// Seals the flow's memory until the callback.
    pub fn seal(&self, flow: &FlowId, random: &dyn Random, plaintext: &[u8]) -> Result<Vec<u8>> {
        let nonce = draw::<NONCE_LEN>(random);
        let mut sealed = nonce.to_vec();
        sealed.extend(encrypt(
            &*self.derive(flow, b"flow memory")?,
            nonce,
            flow.as_str().as_bytes(),
            plaintext,
        )?);
        Ok(sealed)
    }

    /// Opens the flow's memory.
    pub fn open(&self, flow: &FlowId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.derive(flow, b"flow memory")?;
        sealed
            .split_first_chunk::<NONCE_LEN>()
            .and_then(|(nonce, sealed)| decrypt(&key, *nonce, flow.as_str().as_bytes(), sealed))
            .ok_or_else(|| Error::internal("a flow's memory does not open"))
    }

    /// Derives a key by HKDF-SHA-256 (RFC 5869), with the flow's id as salt.
    fn derive(&self, flow: &FlowId, purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
        let mut derived = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, flow.as_str().as_bytes())
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
    use http::header::COOKIE;

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
        for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/", "; Max-Age=4500"] {
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
