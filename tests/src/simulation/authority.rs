//! The provider: a strict authorization server. A code is good once, for its redirect URI and its verifier. A refresh
//! token is good once; one that comes again ends its whole family (RFC 9700 §4.14.2).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::life::Life;
use super::trace::Trace;
use crate::answer::parameter;

/// The time that an authorization code is good for.
const CODE_LIFE: Duration = Duration::from_mins(10);

/// The status and the body of an answer.
pub(super) type Answered = (u16, Value);

/// New tokens for an old refresh token.
pub(super) struct Rotation {
    /// The grant that they belong to.
    pub(super) family: usize,
    /// Who asked.
    pub(super) by: Arc<Life>,
    /// The time of the answer.
    pub(super) at: Instant,
    /// True if the answer reached who asked.
    pub(super) was_heard: bool,
    /// True if the old token came once more.
    pub(super) was_reused: bool,
}

/// One grant: a customer's consent, and all tokens that came of it.
#[derive(Default)]
pub(super) struct Family {
    /// The number of its present tokens.
    pub(super) issue: u64,
    pub(super) is_revoked: bool,
    /// Whose it is, and since when.
    pub(super) customer: String,
    pub(super) made: Option<Instant>,
}

struct Code {
    customer: String,
    challenge: String,
    redirect_uri: String,
    until: Instant,
    family: Option<usize>,
}

#[derive(Default)]
struct State {
    codes: BTreeMap<String, Code>,
    /// The present refresh tokens, and those that were used with the number of the rotation.
    refresh: BTreeMap<String, (usize, Option<usize>)>,
    access: BTreeMap<String, (usize, Instant)>,
    families: Vec<Family>,
    rotations: Vec<Rotation>,
    /// Whose grants were to be revoked, one for each request.
    revocations: Vec<String>,
    issued: u64,
}

/// The authorization server, and the API behind it.
pub(super) struct Authority {
    trace: Arc<Trace>,
    access_life: Duration,
    state: Mutex<State>,
}

fn refused(error: &str) -> Answered {
    (400, json!({ "error": error }))
}

impl Authority {
    pub(super) fn new(trace: Arc<Trace>, access_life: Duration) -> Self {
        Self { trace, access_life, state: Mutex::default() }
    }

    /// A customer consents: the code for this authorization request.
    pub(super) fn consent(&self, request: &Url, customer: &str) -> String {
        let given = |name| parameter(request, name).unwrap_or_default();
        self.trace.check(
            given("response_type") == "code"
                && given("code_challenge_method") == "S256"
                && !given("state").is_empty(),
            || format!("an authorization request without a state or a challenge: {request}"),
        );
        let mut state = self.state.lock().unwrap();
        let code = format!("code.{}", state.codes.len());
        let (challenge, redirect_uri) = (given("code_challenge"), given("redirect_uri"));
        let until = Instant::now() + CODE_LIFE;
        let customer = customer.to_owned();
        state.codes.insert(code.clone(), Code { customer, challenge, redirect_uri, until, family: None });
        code
    }

    /// Answers a request for tokens. Returns the number of the rotation too, if there was one.
    pub(super) fn token(&self, form: &BTreeMap<String, String>, by: &Arc<Life>) -> (Answered, Option<usize>) {
        let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        match given("grant_type") {
            "authorization_code" => {
                let challenge = digest(&SHA256, given("code_verifier").as_bytes());
                let challenge = URL_SAFE_NO_PAD.encode(challenge.as_ref());
                let families = state.families.len();
                let Some(code) = state.codes.get_mut(given("code")) else {
                    return (refused("invalid_grant"), None);
                };
                self.trace.check(code.family.is_none(), || format!("{} came twice", given("code")));
                if let Some(family) = code.family {
                    state.families[family].is_revoked = true;
                    return (refused("invalid_grant"), None);
                }
                code.family = Some(families);
                let is_its = code.challenge == challenge && code.redirect_uri == given("redirect_uri");
                let is_late = code.until < Instant::now();
                let (customer, made) = (code.customer.clone(), Some(Instant::now()));
                self.trace
                    .check(is_its, || format!("{} came with another verifier or address", given("code")));
                if !is_its || is_late {
                    state.families.push(Family { issue: 0, is_revoked: true, customer, made });
                    return (refused("invalid_grant"), None);
                }
                state.families.push(Family { issue: 0, is_revoked: false, customer, made });
                self.trace.count("codes exchanged");
                ((200, self.issue(&mut state, families)), None)
            }
            "refresh_token" => {
                let Some((family, used)) = state.refresh.get(given("refresh_token")).copied() else {
                    return (refused("invalid_grant"), None);
                };
                if state.families[family].is_revoked {
                    return (refused("invalid_grant"), None);
                }
                if let Some(rotation) = used {
                    state.rotations[rotation].was_reused = true;
                    state.families[family].is_revoked = true;
                    self.trace.count("rotated tokens that came again");
                    self.trace.note("provider", format_args!("{} came again", given("refresh_token")));
                    return (refused("invalid_grant"), None);
                }
                let rotation = state.rotations.len();
                state.refresh.insert(given("refresh_token").to_owned(), (family, Some(rotation)));
                let (by, at) = (Arc::clone(by), Instant::now());
                state.rotations.push(Rotation { family, by, at, was_heard: false, was_reused: false });
                self.trace.count("refreshes");
                ((200, self.issue(&mut state, family)), Some(rotation))
            }
            _ => (refused("unsupported_grant_type"), None),
        }
    }

    fn issue(&self, state: &mut State, family: usize) -> Value {
        state.issued += 1;
        let issue = state.issued;
        state.families[family].issue = issue;
        let (access, refresh) = (format!("at.{family}.{issue}"), format!("rt.{family}.{issue}"));
        state.access.insert(access.clone(), (family, Instant::now() + self.access_life));
        state.refresh.insert(refresh.clone(), (family, None));
        self.trace.note("provider", format_args!("issues {access}"));
        json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.access_life.as_secs(),
            "refresh_token": refresh,
        })
    }

    /// A customer has consented elsewhere: the tokens, in the hands of the backend.
    pub(super) fn grants(&self, customer: &str) -> Value {
        let mut state = self.state.lock().unwrap();
        let (family, made) = (state.families.len(), Some(Instant::now()));
        state.families.push(Family { issue: 0, is_revoked: false, customer: customer.to_owned(), made });
        self.issue(&mut state, family)
    }

    /// Answers a request for a revocation (RFC 7009): it ends the grant of the token. Returns the grant too.
    pub(super) fn revoke(&self, form: &BTreeMap<String, String>) -> (Answered, Option<usize>) {
        let token = form.get("token").map(String::as_str).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        let family = state.refresh.get(token).map(|(family, _)| *family);
        let family = family.or_else(|| state.access.get(token).map(|(family, _)| *family));
        self.trace.check(family.is_some(), || format!("{token} is revoked, and is no token"));
        if let Some(family) = family {
            state.families[family].is_revoked = true;
            let customer = state.families[family].customer.clone();
            state.revocations.push(customer);
            self.trace.count("grants revoked");
            self.trace.note("provider", format_args!("revokes grant {family}"));
        }
        ((200, json!({})), family)
    }

    /// The number of requests to revoke a grant of this customer's.
    pub(super) fn revocations_of(&self, customer: &str) -> usize {
        self.state.lock().unwrap().revocations.iter().filter(|of| *of == customer).count()
    }

    /// Notes that the answer with a rotation has reached who asked.
    pub(super) fn was_heard(&self, rotation: usize) {
        self.state.lock().unwrap().rotations[rotation].was_heard = true;
    }

    /// The API: whose the token is.
    pub(super) fn me(&self, token: &str) -> Answered {
        let state = self.state.lock().unwrap();
        match state.access.get(token) {
            Some((family, until)) if *until > Instant::now() && !state.families[*family].is_revoked => {
                (200, json!({ "name": "Ada" }))
            }
            _ => (401, json!({ "error": "invalid_token" })),
        }
    }

    /// The time at which an access token ends.
    pub(super) fn end_of(&self, token: &str) -> Option<Instant> {
        self.state.lock().unwrap().access.get(token).map(|(_, until)| *until)
    }

    /// Looks at a family, and at its rotations.
    pub(super) fn look_at<T>(
        &self,
        family: usize,
        look: impl FnOnce(&Family, Vec<&Rotation>) -> T,
    ) -> Option<T> {
        let state = self.state.lock().unwrap();
        let rotations = state.rotations.iter().filter(|rotation| rotation.family == family).collect();
        state.families.get(family).map(|family| look(family, rotations))
    }
}

/// The family and the number of an access token.
pub(super) fn numbers(token: &str) -> Option<(usize, u64)> {
    let (family, issue) = token.strip_prefix("at.")?.split_once('.')?;
    Some((family.parse().ok()?, issue.parse().ok()?))
}
