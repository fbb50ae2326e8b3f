//! What the templates of one request are filled with: the values that there are, and those that are made for it.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::calls::Calls;
use super::request_parts::RequestParts;
use crate::clock::Clock;
use crate::definition::template::{Make, Root, Values};
use crate::definition::{AuthOption, BoundValues, Issue, Jwt, OptionSecrets, Registration};
use crate::error::{Error, Result};
use crate::kept_keys::{KeptKeys, ToSign};
use crate::random::{Random, draw};
use crate::record::Wait;
use crate::secret::Secret;

/// The name under which the client's JWT is kept: that of no `${signed.…}`.
const CLIENT_ASSERTION: &str = "client assertion";

/// Fills the templates of one request. Only it gives out [`Values`], so that none are without what is made anew.
pub struct Maker<'a> {
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    keys: &'a dyn KeptKeys,
    bound: BoundValues<'a>,
    secrets: &'a OptionSecrets,
    /// What was made already: a name has one value in a request.
    made: Mutex<Vec<Made>>,
    /// What kept keys must sign before the templates can be filled.
    unsigned: Mutex<Vec<(String, ToSign)>>,
    /// The request, as far as it is made.
    request: Mutex<Option<RequestParts>>,
}

struct Made {
    root: Root,
    name: String,
    value: String,
}

impl<'a> Maker<'a> {
    /// A maker for one request. `secrets` are those of the registration that the values are bound to, as far as the
    /// request needs them.
    #[must_use]
    pub fn new(calls: &Calls<'a>, bound: BoundValues<'a>, secrets: &'a OptionSecrets) -> Self {
        Self {
            clock: calls.clock,
            random: calls.random,
            keys: calls.keys,
            bound,
            secrets,
            made: Mutex::default(),
            unsigned: Mutex::default(),
            request: Mutex::default(),
        }
    }

    /// The values for the request's templates.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        Values { maker: Some(self), ..*self.bound.values() }
    }

    /// Takes note of the request, whose parts `${request.…}` names from now on.
    pub(super) fn describe(&self, parts: RequestParts) {
        *self.request.lock().unwrap_or_else(PoisonError::into_inner) = Some(parts);
    }

    fn request_part(&self, name: &str) -> Result<Option<String>> {
        let request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        request.as_ref().ok_or_else(|| Error::internal("a part of a request that is not made"))?.get(name)
    }

    /// The registration, whose templates the values are for.
    #[must_use]
    pub fn registration(&self) -> &'a Registration {
        self.bound.registration()
    }

    /// The registration's option.
    #[must_use]
    pub fn option(&self) -> &'a AuthOption {
        self.bound.registration().option()
    }

    /// The registration's secrets.
    pub(super) fn secrets(&self) -> &'a OptionSecrets {
        self.secrets
    }

    /// The secret of one of the option's settings.
    pub(super) fn secret(&self, setting: &str) -> Option<&'a Secret> {
        self.option().secret(self.secrets, setting)
    }

    fn sign(&self, name: &str) -> Result<String> {
        let signed = self.option().signed.get(name).ok_or_else(|| unknown(name))?;
        let values = Values { maker: Some(&Unsigned(self)), ..*self.bound.values() };
        let jwt = signed.sign(&values, self.secret("privateKey"), self.issue())?;
        self.signed(name, jwt)
    }

    /// The time and the id of a new JWT.
    fn issue(&self) -> Issue {
        Issue { at: self.clock.now(), jti: self.draw() }
    }

    /// The JWT that authenticates the client, with the time and the id that it has.
    pub(super) fn client_assertion(&self, sign: impl FnOnce(Issue) -> Result<Jwt>) -> Result<String> {
        match self.find(Root::Signed, CLIENT_ASSERTION) {
            Some(jwt) => Ok(jwt),
            None => sign(self.issue()).and_then(|jwt| self.signed(CLIENT_ASSERTION, jwt)),
        }
    }

    fn signed(&self, name: &str, jwt: Jwt) -> Result<String> {
        match jwt {
            Jwt::Signed(jwt) => Ok(jwt),
            Jwt::Unsigned(to_sign) => {
                let mut unsigned = self.unsigned.lock().unwrap_or_else(PoisonError::into_inner);
                unsigned.push((name.to_owned(), to_sign));
                Err(Error::internal("a JWT whose kept key has not signed yet"))
            }
        }
    }

    /// Does what fills templates, as often as a kept key must sign something for it. All that is made stays the same.
    pub async fn filled<T>(&self, fill: impl Fn() -> Result<T>) -> Result<T> {
        loop {
            let filled = fill();
            let unsigned = std::mem::take(&mut *self.unsigned.lock().unwrap_or_else(PoisonError::into_inner));
            if unsigned.is_empty() {
                return filled;
            }
            let workspace = &self.registration().integration.workspace;
            for (name, to_sign) in unsigned {
                let signature = Wait::Kms.spent(self.clock, self.keys.sign(workspace, &to_sign)).await?;
                let value = format!("{}.{}", to_sign.message, URL_SAFE_NO_PAD.encode(signature));
                self.keep(Root::Signed, &name, &value);
            }
        }
    }

    fn keep(&self, root: Root, name: &str, value: &str) {
        let made = Made { root, name: name.to_owned(), value: value.to_owned() };
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(made);
    }

    /// A text that nobody guesses.
    fn draw(&self) -> String {
        URL_SAFE_NO_PAD.encode(draw::<16>(self.random))
    }

    fn find(&self, root: Root, name: &str) -> Option<String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().find(|made| made.root == root && made.name == name).map(|made| made.value.clone())
    }
}

impl Make for Maker<'_> {
    fn make(&self, root: Root, name: &str) -> Result<Option<String>> {
        if let Some(value) = self.find(root, name) {
            return Ok(Some(value));
        }
        let value = match root {
            Root::Random => self.draw(),
            Root::Signed => self.sign(name)?,
            Root::Request => return self.request_part(name),
            Root::Parameters
            | Root::Credentials
            | Root::ConnectorParameters
            | Root::Integration
            | Root::Callback => {
                return Err(Error::internal("a value that is not made"));
            }
        };
        self.keep(root, name, &value);
        Ok(Some(value))
    }
}

/// Makes what a JWT is made of, which is no other JWT.
struct Unsigned<'m, 'a>(&'m Maker<'a>);

impl Make for Unsigned<'_, '_> {
    fn make(&self, root: Root, name: &str) -> Result<Option<String>> {
        if root == Root::Signed { Err(unknown(name)) } else { self.0.make(root, name) }
    }
}

fn unknown(name: &str) -> Error {
    Error::unusable(&format!("signed.{name}"))
}
