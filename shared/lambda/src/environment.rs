//! Reads settings from environment variables, as the template sets them.

use std::env;
use std::num::NonZeroU32;
use std::sync::Arc;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_sdk_kms::config::Credentials;
use flow::aws::AwsHttp;
use flow::deps::{Deps, Seams, Settings};
use flow::kms_signing::KmsSigning;
use flow::metrics::Metrics;
use flow::root_secret::RootSecret;
use flow::seal::{KmsKey, NoKey, StaticKey, WrappingKey};
use flow::store::Tables;
use lambda_http::Error;
use protocol::clock::{Clock, SystemClock};
use protocol::id::WorkspaceKey;
use protocol::kept_keys::{KeptKeys, NoKeptKeys};
use protocol::provider::client::ProviderClient;
use protocol::random::{Random, SystemRandom};
use protocol::redirect_uri::Loopback;
use std::time::Duration;

/// The time limit of one call to AWS, with the retries that the SDK makes of KMS calls. The store makes its own.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

pub(crate) fn deps(root_secret: Option<Arc<dyn RootSecret>>) -> Result<Arc<Deps>, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let loopback = loopback();
    let aws = aws()?;
    let tables = Tables {
        flows: required("TABLE_FLOWS")?,
        connections: required("TABLE_CONNECTIONS")?,
        integrations: required("TABLE_INTEGRATIONS")?,
        schedule: required("TABLE_SCHEDULE")?,
    };
    let seams = Seams {
        provider: Arc::new(ProviderClient::new(loopback)),
        wrapping: wrapping_key(optional("KMS_KEY_ID"), optional("WRAPPING_KEY"), &aws, &random)?,
        root_secret,
        keys: kept_keys(optional("SIGNS_IN_KMS").as_deref(), &aws),
        dynamo: dynamo_config(&aws),
        tables,
        clock,
        random,
    };
    let settings = Settings {
        public_url: optional("PUBLIC_URL"),
        loopback,
        root_key: optional("ROOT_WORKSPACE_KEY").map(WorkspaceKey::new),
        requests_per_minute: limit(optional("REQUESTS_PER_MINUTE"))?,
        sends_webhooks: optional("SENDS_WEBHOOKS").as_deref() == Some("true"),
    };
    let deps = Deps::new(seams, settings);
    // API Gateway's own address goes on answering beside a custom domain.
    if let Some(url) = optional("GATEWAY_URL") {
        deps.own_routes.begin_at(&url);
    }
    Ok(deps)
}

/// Returns what makes the log's metrics, if there are to be any.
pub(crate) fn metrics() -> Result<Option<Metrics>, Error> {
    metrics_of(optional("METRICS").as_deref(), optional("STACK_NAME"), optional("ROOT_WORKSPACE_KEY"))
}

fn metrics_of(
    kind: Option<&str>,
    stack: Option<String>,
    root: Option<String>,
) -> Result<Option<Metrics>, Error> {
    let by_integration = match kind {
        None | Some("none") => return Ok(None),
        Some("totals") => false,
        Some("by-integration") => true,
        Some(_) => {
            return Err("the environment variable METRICS is not none, totals or by-integration".into());
        }
    };
    let stack = stack.ok_or("the environment variable STACK_NAME is not set")?;
    Ok(Some(Metrics::new(stack, root, by_integration)))
}

/// Allows providers and redirect targets on this machine only with the local run's tables. With a real database they are
/// refused, whatever the environment says.
fn loopback() -> Loopback {
    match optional("ALLOW_LOOPBACK").as_deref() {
        Some("true") if has_local_tables() => Loopback::Allowed,
        _ => Loopback::Refused,
    }
}

/// True with the local run's tables: under `cargo lambda watch`, and in the benchmark.
pub(crate) fn has_local_tables() -> bool {
    optional("AWS_ENDPOINT_URL_DYNAMODB").is_some_and(|endpoint| {
        ["http://127.0.0.1:", "https://localhost:"].iter().any(|local| endpoint.starts_with(local))
    })
}

/// Returns the key of a function that seals or opens something: one in KMS, or the local run's own. Other functions
/// have none.
fn wrapping_key(
    kms: Option<String>,
    fixed: Option<String>,
    aws: &SdkConfig,
    random: &Arc<dyn Random>,
) -> Result<Arc<dyn WrappingKey>, Error> {
    Ok(match (kms, fixed) {
        (Some(id), None) => Arc::new(KmsKey::new(id, &kms_config(aws))),
        (None, Some(key)) => Arc::new(StaticKey::from_base64(&key, Arc::clone(random))?),
        (None, None) => Arc::new(NoKey),
        (Some(_), Some(_)) => {
            return Err("of the environment variables KMS_KEY_ID and WRAPPING_KEY only one may be set".into());
        }
    })
}

/// Returns the keys that sign in KMS, if the operator has given the function any.
fn kept_keys(signs: Option<&str>, aws: &SdkConfig) -> Arc<dyn KeptKeys> {
    if signs == Some("true") { Arc::new(KmsSigning::new(&kms_config(aws))) } else { Arc::new(NoKeptKeys) }
}

/// Reads the limit of a workspace's requests. 0 is no limit.
fn limit(text: Option<String>) -> Result<Option<NonZeroU32>, Error> {
    let Some(text) = text else { return Ok(None) };
    let limit =
        text.parse().map_err(|_| "the environment variable REQUESTS_PER_MINUTE is not a whole number")?;
    Ok(NonZeroU32::new(limit))
}

fn dynamo_config(aws: &SdkConfig) -> aws_sdk_dynamodb::Config {
    let mut config = aws_sdk_dynamodb::config::Builder::from(aws);
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL_DYNAMODB"));
    config.build()
}

fn kms_config(aws: &SdkConfig) -> aws_sdk_kms::Config {
    let mut config = aws_sdk_kms::config::Builder::from(aws);
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL_KMS"));
    config.build()
}

/// Returns the AWS clients' common settings: region, credentials, and one HTTP client. Lambda sets region and
/// credentials in variables. The SDK's default chain would look in six other places too, with a client for each.
fn aws() -> Result<SdkConfig, Error> {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(AwsHttp::new())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL_TIMEOUT).build())
        .build())
}

/// Reads an optional variable. An empty one counts as absent, since the template sets optional ones to an empty text.
pub(crate) fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The function's own credentials, for services of AWS that there is no SDK for.
pub(crate) fn own_credentials() -> Result<Credentials, Error> {
    let (id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, secret, optional("AWS_SESSION_TOKEN"), None, "environment"))
}

pub(crate) fn required(name: &str) -> Result<String, Error> {
    optional(name).ok_or_else(|| format!("the environment variable {name} is not set").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_and_0_is_none() {
        let read = |text: Option<&str>| limit(text.map(str::to_owned)).map_err(|error| error.to_string());
        assert_eq!(read(None), Ok(None));
        assert_eq!(read(Some("0")), Ok(None));
        assert_eq!(read(Some("600")), Ok(NonZeroU32::new(600)));
        for text in ["many", "-1", "1.5", "4294967296"] {
            assert!(read(Some(text)).unwrap_err().contains("REQUESTS_PER_MINUTE"), "{text}");
        }
    }

    #[test]
    fn metrics_belong_to_a_stack_and_there_are_none_unless_asked() {
        let made = |kind, stack: Option<&str>| {
            let made = metrics_of(kind, stack.map(str::to_owned), None);
            made.map(|metrics| metrics.is_some()).map_err(|error| error.to_string())
        };
        assert_eq!((made(None, None), made(Some("none"), Some("prod"))), (Ok(false), Ok(false)));
        for kind in ["totals", "by-integration"] {
            assert_eq!(made(Some(kind), Some("prod")), Ok(true));
            assert!(made(Some(kind), None).unwrap_err().contains("STACK_NAME"));
        }
        assert!(made(Some("on"), Some("prod")).unwrap_err().contains("METRICS"));
    }

    #[test]
    fn a_function_has_one_key_or_none() {
        let key = |kms: Option<&str>, fixed: Option<&str>| {
            let random: Arc<dyn Random> = Arc::new(SystemRandom);
            let aws = SdkConfig::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
            wrapping_key(kms.map(str::to_owned), fixed.map(str::to_owned), &aws, &random)
                .map(drop)
                .map_err(|error| error.to_string())
        };
        let fixed = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        assert_eq!(key(None, None), Ok(()));
        assert_eq!(key(Some("alias/linkspan"), None), Ok(()));
        assert_eq!(key(None, Some(fixed)), Ok(()));
        for (kms, fixed, named) in
            [(Some("alias/linkspan"), Some(fixed), "KMS_KEY_ID"), (None, Some("AAAA"), "wrapping key")]
        {
            let error = key(kms, fixed).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
