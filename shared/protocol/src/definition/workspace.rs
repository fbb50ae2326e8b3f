//! A workspace: one team, its keys, and the sites that its customers may come from and be sent to.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::{OWN_ROUTE, check_key, web_address, web_address_problem};
use super::replaced_texts::ReplacedTexts;
use super::workspace_secrets::{SecretSetting, WorkspaceSecrets};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::WorkspaceKey;
use crate::redirect_uri::{
    Loopback, OwnRoutes, RedirectUri, RedirectUriPattern, WebOrigin, WebOriginPattern,
};
use crate::token::{DEFAULT_LIFETIME, TokenRules, VerificationKeys};

/// The shortest secret that a team may choose, in bytes: the hash's length (RFC 7518 §3.2).
const MIN_SECRET: usize = 32;

/// The longest time to a token's `exp` that a workspace may allow, in seconds: a year.
const MAX_TOKEN_LIFETIME: u32 = 31_536_000;

/// The days that the credentials of an archived connection are kept, unless the workspace says otherwise.
pub const ARCHIVED_CREDENTIALS_DAYS: u16 = 30;

/// The most days that a workspace may keep them: a year.
const MAX_ARCHIVED_CREDENTIALS_DAYS: u16 = 365;

/// A workspace's definition: the body of `PUT /workspaces/{key}`, which `GET` returns without the secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceDefinition {
    /// The team's name, as its customers know it.
    pub name: String,
    /// The secret that signs HS* tokens. It is kept sealed, and returned only once, if it was generated. `null` removes
    /// it; one that is left out stays.
    #[serde(default, skip_serializing)]
    pub secret: SecretSetting,
    /// The moment until which the secret before this one still verifies tokens, as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<String>,
    /// The longest time from now to a token's `exp`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_token_lifetime: Option<u32>,
    /// The audience that a token's `aud` must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_audience: Option<String>,
    /// PEM public keys that verify RS*, PS*, ES* and `EdDSA` tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_keys: Vec<String>,
    /// The addresses that results may be sent to.
    pub redirect_uris: Vec<String>,
    /// The web origins that may start a flow and hear its result; by default those of `redirect_uris`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// An https address of the team's logo, for the pages that its customers see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The team's colour on those pages: `#1f5fd0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The team's own texts on those pages: by language, and by the text's name.
    #[serde(default, skip_serializing_if = "ReplacedTexts::is_empty")]
    pub texts: ReplacedTexts,
    /// True if the customer must first confirm a start that no listed origin vouches for.
    #[serde(default = "yes")]
    pub confirm_start: bool,
    /// True if the application must confirm its user before anything is exchanged for a connection.
    #[serde(default)]
    pub confirm_user: bool,
    /// The most requests of a minute; the deployment's limit unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<NonZeroU32>,
    /// The days that the credentials of an archived connection are kept; 30 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_credentials_days: Option<u16>,
    /// The moment, as RFC 3339, before which no link and no screen serves: what was made with a secret that leaked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links_not_before: Option<String>,
}

fn yes() -> bool {
    true
}

impl WorkspaceDefinition {
    /// Ends no fewer links than the definition before did: a later definition that does not say so must not bring back those of
    /// a secret that leaked.
    pub fn keep_links_ended(&mut self, before: &Self) -> Result<()> {
        let (ours, theirs) = (links_not_before(self)?, links_not_before(before)?);
        if ours < theirs {
            self.links_not_before.clone_from(&before.links_not_before);
        }
        Ok(())
    }

    /// Checks the addresses that browsers are sent to, before they are stored. A stored definition goes on working
    /// with what it has: a start compares its redirect target with the service's own routes once more.
    pub fn check_addresses(&self, loopback: Loopback, own: &OwnRoutes) -> Result<()> {
        let logo = self.logo_uri.as_ref().and_then(|uri| web_address_problem(uri, loopback, own));
        if let Some(problem) = logo {
            return Err(Error::malformed("logoUri", &problem));
        }
        for (index, entry) in self.redirect_uris.iter().enumerate() {
            // Whatever lies under a path may be a route although the path itself is none.
            let under = entry.strip_suffix("/*").map(|parent| format!("{parent}/x"));
            if own.have(under.as_ref().unwrap_or(entry)) {
                return Err(Error::malformed(&format!("redirectUris[{index}]"), OWN_ROUTE));
            }
        }
        Ok(())
    }
}

/// The team's look on the pages that its customers see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// The team's name, as its customers know it.
    pub name: String,
    /// An https address of its logo.
    pub logo_uri: Option<String>,
    /// Its colour, `#rrggbb`.
    pub color: Option<String>,
    /// Its own texts on the pages.
    #[serde(default, skip_serializing_if = "ReplacedTexts::is_empty")]
    pub texts: ReplacedTexts,
}

/// A checked workspace.
#[derive(Debug)]
pub struct Workspace {
    /// The key that tokens name.
    pub key: WorkspaceKey,
    /// The team's look on the pages that its customers see.
    pub brand: Brand,
    /// True if the customer must first confirm a start that no listed origin vouches for.
    pub confirm_start: bool,
    /// True if the application must confirm its user before anything is exchanged for a connection.
    pub confirm_user: bool,
    /// The most requests of a minute, if the workspace has a limit of its own.
    pub requests_per_minute: Option<NonZeroU32>,
    /// The days that the credentials of an archived connection are kept.
    pub archived_credentials_days: u16,
    /// The keys that verify the workspace's tokens.
    pub keys: VerificationKeys,
    links_not_before: Option<Timestamp>,
    redirect_uris: Vec<RedirectUriPattern>,
    origins: Vec<WebOriginPattern>,
}

impl Workspace {
    /// Checks a definition with its secrets.
    pub fn new(
        key: &WorkspaceKey,
        definition: &WorkspaceDefinition,
        secrets: &WorkspaceSecrets,
        loopback: Loopback,
    ) -> Result<Self> {
        let secret = secrets.current.as_ref();
        check_key(key.as_str()).map_err(|problem| Error::malformed("key", problem))?;
        if definition.name.trim().is_empty() || definition.name.len() > 255 {
            return Err(Error::malformed("name", "must be 1 to 255 bytes"));
        }
        if secret.is_some_and(|secret| secret.expose().len() < MIN_SECRET) {
            return Err(Error::malformed("secret", "must be at least 32 bytes"));
        }
        definition.texts.check()?;
        if definition.color.as_deref().is_some_and(|color| !is_color(color)) {
            return Err(Error::malformed("color", "must be # and six hexadecimal digits"));
        }
        let redirect_uris = parse_each(&definition.redirect_uris, "redirectUris", |entry| {
            RedirectUriPattern::parse(entry, loopback)
        })?;
        let origins = match &definition.origins {
            Some(origins) => {
                parse_each(origins, "origins", |entry| WebOriginPattern::parse(entry, loopback))?
            }
            None => redirect_uris.iter().map(|pattern| pattern.origin().clone()).collect(),
        };
        let mut keys =
            VerificationKeys::new(secret, &definition.public_keys)?.with_rules(token_rules(definition)?);
        if let Some(previous) = &secrets.previous {
            keys = keys.with_previous(&previous.secret, previous.until);
        }
        Ok(Self {
            key: key.clone(),
            brand: Brand {
                name: definition.name.clone(),
                // One that was stored before it was checked is not shown.
                logo_uri: definition.logo_uri.clone().filter(|uri| web_address(uri, loopback).is_ok()),
                color: definition.color.clone(),
                texts: definition.texts.clone(),
            },
            confirm_start: definition.confirm_start,
            confirm_user: definition.confirm_user,
            requests_per_minute: definition.requests_per_minute,
            archived_credentials_days: archived_credentials_days(definition)?,
            links_not_before: links_not_before(definition)?,
            keys,
            redirect_uris,
            origins,
        })
    }

    /// True if a link or a screen that was made then serves no more.
    #[must_use]
    pub fn has_ended(&self, made_at: Timestamp) -> bool {
        self.links_not_before.is_some_and(|moment| made_at < moment)
    }

    /// True if results may be sent to `uri`.
    #[must_use]
    pub fn allows_redirect_to(&self, uri: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|pattern| pattern.matches(uri))
    }

    /// True if `uri` is an address where the team's own pages start flows: at one of the origins that may.
    #[must_use]
    pub fn is_start(&self, uri: &str, loopback: Loopback) -> bool {
        RedirectUri::parse(uri, loopback).is_ok_and(|uri| self.allows_origin(uri.origin()))
    }

    /// The origins that may hear results, as a content security policy writes them.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.origins.iter().map(ToString::to_string)
    }

    /// True if `origin` may start flows and hear their results.
    #[must_use]
    pub fn allows_origin(&self, origin: &WebOrigin) -> bool {
        self.origins.iter().any(|pattern| pattern.matches(origin))
    }
}

fn token_rules(definition: &WorkspaceDefinition) -> Result<TokenRules> {
    let lifetime = match definition.max_token_lifetime {
        None => DEFAULT_LIFETIME,
        Some(seconds) if (60..=MAX_TOKEN_LIFETIME).contains(&seconds) => Duration::from_secs(seconds.into()),
        Some(_) => {
            return Err(Error::malformed("maxTokenLifetime", "must be 60 to 31536000 seconds"));
        }
    };
    let audience = definition.token_audience.clone();
    if audience.as_ref().is_some_and(|audience| audience.is_empty() || audience.len() > 255) {
        return Err(Error::malformed("tokenAudience", "must be 1 to 255 bytes"));
    }
    Ok(TokenRules { lifetime, audience })
}

fn links_not_before(definition: &WorkspaceDefinition) -> Result<Option<Timestamp>> {
    let Some(text) = &definition.links_not_before else { return Ok(None) };
    let moment = Timestamp::from_rfc3339(text);
    moment.map(Some).ok_or_else(|| Error::malformed("linksNotBefore", "must be a time by RFC 3339"))
}

fn archived_credentials_days(definition: &WorkspaceDefinition) -> Result<u16> {
    match definition.archived_credentials_days.unwrap_or(ARCHIVED_CREDENTIALS_DAYS) {
        days @ 0..=MAX_ARCHIVED_CREDENTIALS_DAYS => Ok(days),
        _ => Err(Error::malformed("archivedCredentialsDays", "must be 0 to 365 days")),
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn parse_each<T>(entries: &[String], field: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            parse(entry).map_err(|error| Error::malformed(&format!("{field}[{index}]"), error.message()))
        })
        .collect()
}
