//! The root workspace's secret in AWS Secrets Manager. Two of its versions count: the present one, and the one before. So
//! it is changed without a gap.
//!
//! Only one operation is used, so there is no SDK for it.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::json;

use super::{RootSecret, RootSecrets};
use crate::aws::json_request;
use protocol::BoxFuture;
use protocol::backoff::Backoff;
use protocol::clock::Clock;
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::aws_signature::{Credentials, Scope};
use protocol::random::Random;
use protocol::secret::Secret;

/// The time limit for reading the secret, with all tries.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The shortest and the longest pause between two tries.
const PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(1);

/// The shortest secret that signs root tokens. Whoever has it can have every workspace.
const MIN_SECRET: usize = 32;

/// The labels of the two versions.
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret in AWS Secrets Manager.
pub struct SecretsManager {
    /// What sends the requests.
    pub http: SharedHttpConnector,
    /// The function's own credentials.
    pub credentials: Credentials,
    /// The region.
    pub region: String,
    /// The service's address in this region.
    pub endpoint: String,
    /// The secret's ARN.
    pub secret_arn: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

/// What Secrets Manager says of a version.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "SecretString")]
    text: Option<Secret>,
}

/// The code of an error, behind its namespace.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    code: String,
}

/// Why a version was not read.
struct Failure {
    code: String,
    passes: bool,
}

impl Failure {
    fn passing(code: &str) -> Self {
        Self { code: code.to_owned(), passes: true }
    }

    fn is_no_such_version(&self) -> bool {
        self.code == "ResourceNotFoundException"
    }

    fn into_error(self, label: &str) -> Error {
        unavailable().detail(format_args!("Secrets Manager failed: GetSecretValue of {label}: {}", self.code))
    }
}

impl SecretsManager {
    async fn both(&self) -> Result<RootSecrets> {
        let (current, previous) = tokio::join!(self.version(CURRENT), self.version(PREVIOUS));
        let current = current.map_err(|failure| failure.into_error(CURRENT))?.text;
        let previous = match previous {
            Ok(version) => version.text,
            // A secret that was never changed has none, and one whose label was taken away neither.
            Err(failure) if failure.is_no_such_version() => None,
            Err(failure) => return Err(failure.into_error(PREVIOUS)),
        };
        let current = current.filter(is_usable).ok_or_else(unusable)?;
        Ok(RootSecrets { current, previous: previous.filter(is_usable) })
    }

    async fn version(&self, label: &str) -> Result<Version, Failure> {
        let until = self.clock.now() + TIMEOUT;
        let mut backoff = Backoff::new(&*self.clock, &*self.random, PAUSE, until);
        loop {
            let failure = match self.ask(label).await {
                Ok(version) => return Ok(version),
                Err(failure) => failure,
            };
            if !failure.passes || backoff.wait().await.is_none() {
                return Err(failure);
            }
        }
    }

    async fn ask(&self, label: &str) -> Result<Version, Failure> {
        let request = self
            .request(label)
            .ok_or(Failure { code: "the request could not be built".to_owned(), passes: false })?;
        let answer = self.http.call(request).await.map_err(|error| {
            Failure::passing(if error.is_timeout() { "timeout" } else { "connection failed" })
        })?;
        read(answer).await
    }

    fn request(&self, label: &str) -> Option<HttpRequest> {
        let body = Bytes::from(json!({ "SecretId": self.secret_arn, "VersionStage": label }).to_string());
        let scope = Scope { service: "secretsmanager", region: &self.region, at: self.clock.now() };
        let what = ("application/x-amz-json-1.1", "secretsmanager.GetSecretValue");
        json_request(self.credentials.clone(), scope, &self.endpoint, what, body)
    }
}

impl RootSecret for SecretsManager {
    fn read(&self) -> BoxFuture<'_, Result<RootSecrets>> {
        Box::pin(async {
            tokio::time::timeout(TIMEOUT, self.both())
                .await
                .unwrap_or_else(|_| Err(Failure::passing("timeout").into_error(CURRENT)))
        })
    }
}

async fn read(answer: HttpResponse) -> Result<Version, Failure> {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|_| Failure::passing("answer broken off"))?;
    let body = body.to_bytes();
    if status == 200 {
        return serde_json::from_slice(&body).map_err(|_| Failure::passing("answer unreadable"));
    }
    let code = serde_json::from_slice::<Refusal>(&body).map_or_else(
        |_| format!("status {status}"),
        |refusal| refusal.code.rsplit('#').next().unwrap_or_default().to_owned(),
    );
    let passes = matches!(status, 429 | 500..) || code == "ThrottlingException";
    Err(Failure { code, passes })
}

/// A secret that nobody guesses, and that has no line break from a file or a pipe at its end.
fn is_usable(secret: &Secret) -> bool {
    let text = secret.expose();
    text.len() >= MIN_SECRET && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unusable() -> Error {
    unavailable().detail(format_args!(
        "the root workspace's secret is no text of at least {MIN_SECRET} visible ASCII characters"
    ))
}

fn unavailable() -> Error {
    Error::new(ErrorKey::KeyUnavailable, "The root workspace's secret could not be read. Please try again.")
}
