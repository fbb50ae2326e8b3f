//! Where the API finds the root workspace's secret. It is no setting of the function: those can be read by many.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use flow::aws::AwsHttp;
use flow::root_secret::{RootSecret, SecretsManager};
use lambda_http::Error;
use protocol::clock::SystemClock;
use protocol::random::SystemRandom;
use protocol::secret::Secret;

use crate::environment::{has_local_tables, optional, own_credentials, required};

/// The secret in Secrets Manager, or, with the local run's tables, one from the environment.
pub(crate) fn from_environment() -> Result<Option<Arc<dyn RootSecret>>, Error> {
    let fixed = fixed(optional("ROOT_WORKSPACE_SECRET"), has_local_tables())?;
    let Some(secret_arn) = optional("ROOT_SECRET_ARN") else { return Ok(fixed) };
    if fixed.is_some() {
        return Err(
            "of the environment variables ROOT_SECRET_ARN and ROOT_WORKSPACE_SECRET only one may be set"
                .into(),
        );
    }
    Ok(Some(Arc::new(SecretsManager {
        http: SharedHttpConnector::new(AwsHttp::new()),
        credentials: own_credentials()?,
        region: required("AWS_REGION")?,
        endpoint: required("SECRETS_MANAGER_URL")?,
        secret_arn,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    })))
}

fn fixed(text: Option<String>, is_local: bool) -> Result<Option<Arc<dyn RootSecret>>, Error> {
    match text {
        Some(text) if is_local => Ok(Some(Arc::new(Secret::new(text)))),
        Some(_) => {
            Err("the environment variable ROOT_WORKSPACE_SECRET is for local tables: put the secret into \
                        Secrets Manager, and its ARN into ROOT_SECRET_ARN"
                .into())
        }
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployed_function_takes_no_secret_from_its_environment() {
        assert!(fixed(Some("s".repeat(64)), true).unwrap().is_some());
        assert!(fixed(None, false).unwrap().is_none());
        let error = fixed(Some("s".repeat(64)), false).err().unwrap().to_string();
        assert!(error.contains("ROOT_SECRET_ARN") && !error.contains("ssss"), "{error}");
    }
}
