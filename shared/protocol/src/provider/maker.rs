//! What the templates of one request are filled with: the values that there are, and those that are made for it.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::calls::Calls;
use crate::clock::Clock;
use crate::definition::template::{Make, Root, Values};
use crate::definition::{AuthOption, BoundValues, Issue, OptionSecrets, Registration};
use crate::error::{Error, Result};
use crate::random::{Random, draw};
use crate::secret::Secret;

/// Fills the templates of one request. Only it gives out [`Values`], so that none are without what is made anew.
pub struct Maker<'a> {
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    bound: BoundValues<'a>,
    secrets: &'a OptionSecrets,
    /// What was made already: a name has one value in a request.
    made: Mutex<Vec<Made>>,
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
        Self { clock: calls.clock, random: calls.random, bound, secrets, made: Mutex::default() }
    }

    /// The values for the request's templates.
    #[must_use]
    pub fn values(&self) -> Values<'_> {
        Values { maker: Some(self), ..*self.bound.values() }
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
        let signed = self.option().signed.get(name).ok_or_else(|| unsigned(name))?;
        let values = Values { maker: Some(&Unsigned(self)), ..*self.bound.values() };
        signed.sign(&values, self.secret("privateKey"), self.issue())
    }

    /// The time and the id of a new JWT.
    pub(super) fn issue(&self) -> Issue {
        Issue { at: self.clock.now(), jti: self.draw() }
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
    fn make(&self, root: Root, name: &str) -> Result<String> {
        if let Some(value) = self.find(root, name) {
            return Ok(value);
        }
        let value = match root {
            Root::Random => self.draw(),
            Root::Signed => self.sign(name)?,
            Root::Parameters
            | Root::Credentials
            | Root::ConnectorParameters
            | Root::Integration
            | Root::Callback => {
                return Err(Error::internal("a value that is not made"));
            }
        };
        let made = Made { root, name: name.to_owned(), value: value.clone() };
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(made);
        Ok(value)
    }
}

/// Makes what a JWT is made of, which is no other JWT.
struct Unsigned<'m, 'a>(&'m Maker<'a>);

impl Make for Unsigned<'_, '_> {
    fn make(&self, root: Root, name: &str) -> Result<String> {
        if root == Root::Signed { Err(unsigned(name)) } else { self.0.make(root, name) }
    }
}

fn unsigned(name: &str) -> Error {
    Error::unusable(&format!("signed.{name}"))
}
