//! Many customers at once, over the network: whole connection flows through a local run and its demo provider, more
//! requests than a workspace may make, and many readers of one connection whose credentials have expired.
//!
//! `tests/load/run.sh` does it at length on an optimised build. `cargo test` does a small piece of it.

mod crowd;
mod http;
mod overload;
mod person;
pub mod process;
mod readers;
pub mod times;

use std::time::Duration;

use ::http::Method;
use protocol::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::Answer;
use crate::browser::api_request;
use crate::definitions::merge;
use crate::tokens;

pub use crowd::{Crowd, crowd};
pub use overload::{Overload, overload};
pub use readers::{Readers, readers};

/// What went wrong, for people.
pub type Problem = String;

/// The demo workspace, which is the root workspace too.
const WORKSPACE: &str = "demo";

/// The integration that is connected.
const INTEGRATION: &str = "demo-oauth2";

/// A local run, and the demo provider that its customers sign in at.
#[derive(Clone)]
pub struct Target {
    base: String,
    provider: String,
    http: http::Http,
}

impl Target {
    /// The local run at `base`, from now on with the demo provider of the one at `provider`. Both may be the same.
    ///
    /// Credentials are refreshed when somebody needs them, and not on schedule: so each refresh is a reader's.
    ///
    /// # Errors
    ///
    /// The integration could not be changed.
    pub async fn prepare(base: &str, provider: &str) -> Result<Self, Problem> {
        let target = Self { base: base.to_owned(), provider: provider.to_owned(), http: http::Http::new() };
        let path = format!("/integrations/{INTEGRATION}");
        let found = target.api(&Method::GET, &path, &admin(), None).await?;
        let ours = expect(&found, 200)?.body.replace(base, provider);
        let ours: Value = serde_json::from_str(&ours).map_err(|problem| problem.to_string())?;
        let mut definition = json!({});
        for name in ["name", "baseUri", "authOptions"] {
            definition[name] = ours[name].clone();
        }
        let config = json!({ "clientSecret": linkspan_local::CLIENT_SECRET, "refreshOnUse": true });
        merge(&mut definition["authOptions"][0]["config"], &config);
        let put = target.api(&Method::PUT, &path, &admin(), Some(&definition)).await?;
        expect(&put, 200).map(|_| target)
    }

    /// Limits the workspace to so many requests in a minute, or to none.
    ///
    /// # Errors
    ///
    /// The workspace could not be changed.
    pub async fn limit(&self, requests_per_minute: Option<u32>) -> Result<(), Problem> {
        let path = format!("/workspaces/{WORKSPACE}");
        let found = self.api(&Method::GET, &path, &admin(), None).await?;
        let found: Value = expect(&found, 200)?.json();
        let mut definition = json!({ "requestsPerMinute": requests_per_minute });
        for name in ["name", "redirectUris", "origins"] {
            definition[name] = found[name].clone();
        }
        let put = self.api(&Method::PUT, &path, &admin(), Some(&definition)).await?;
        expect(&put, 200).map(|_| ())
    }

    /// What the provider has counted under this name.
    async fn counted(&self, name: &str) -> Result<u64, Problem> {
        let request = api_request(&Method::GET, "/demo-provider/stats", "", None);
        let answer = self.http.send(&self.provider, request).await?;
        expect(&answer, 200)?.json()[name].as_u64().ok_or_else(|| format!("no count of {name}"))
    }

    async fn api(
        &self,
        method: &Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Problem> {
        self.http.send(&self.base, api_request(method, path, token, body)).await
    }
}

/// The answer, if it has this status.
fn expect(answer: &Answer, status: u16) -> Result<&Answer, Problem> {
    if answer.status.as_u16() == status {
        return Ok(answer);
    }
    // Of a page, the head is enough to find it.
    let body: String = answer.body.chars().take(300).collect();
    Err(format!("{}: {} {body}", answer.status, answer.header("location")))
}

/// When to come back, of a request that was refused because of a limit or a lock.
fn retry_after(answer: &Answer) -> Result<Option<Duration>, Problem> {
    if !matches!(answer.status.as_u16(), 429 | 503) {
        return Ok(None);
    }
    let seconds = answer.header("retry-after").parse();
    let seconds = seconds.map_err(|_| format!("{} without Retry-After: {}", answer.status, answer.body))?;
    Ok(Some(Duration::from_secs(seconds)))
}

fn admin() -> String {
    signed(json!({ "iss": WORKSPACE, "isAdmin": true }))
}

fn customer(id: &str) -> String {
    signed(json!({ "iss": WORKSPACE, "id": id, "name": id }))
}

/// A token for an hour.
fn signed(mut claims: Value) -> String {
    claims["exp"] = (SystemClock.now().seconds() + 3600).into();
    tokens::signed(&claims, linkspan_local::WORKSPACE_SECRET)
}
