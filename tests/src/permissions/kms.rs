//! A KMS and a Secrets Manager in memory, under the roles: what they answer is good enough for whoever only asks them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flow::kms_signing::KmsSigning;
use flow::root_secret::SecretsManager;
use flow::seal::KmsKey;
use protocol::clock::Clock;
use serde_json::{Value, json};

use super::{Ledger, roles};
use crate::cloudformation::REGION;
use crate::random::CountedRandom;
use crate::tokens::ROOT_SECRET;
use crate::wire::{AwsRequest, json_answer};

/// The key that wrapped a data key, the context, and the data key.
type Wrapped = (Value, Value, String);

/// A KMS and a Secrets Manager. A clone is the same one.
#[derive(Clone, Default)]
pub struct FakeKms {
    /// What was asked for.
    pub ledger: Arc<Ledger>,
    /// True if it does not ask whether that is allowed.
    is_open: bool,
    made: Arc<AtomicU64>,
    /// The data keys that were wrapped.
    wrapped: Arc<Mutex<BTreeMap<String, Wrapped>>>,
}

impl FakeKms {
    /// The same KMS, as it was under the roles of an earlier deployment: it refuses nothing, and notes nothing.
    #[must_use]
    pub fn of_before(&self) -> Self {
        Self { is_open: true, ..self.clone() }
    }

    fn config(&self) -> aws_sdk_kms::Config {
        aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url("http://kms.example")
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(self.clone())
            .build()
    }

    /// The production client for a key of this ARN.
    #[must_use]
    pub fn key(&self, arn: &str) -> Arc<KmsKey> {
        Arc::new(KmsKey::new(arn, &self.config()))
    }

    /// The production client for the keys that sign.
    #[must_use]
    pub fn signing(&self) -> Arc<KmsSigning> {
        Arc::new(KmsSigning::new(&self.config()))
    }

    /// The production client for the root workspace's secret.
    #[must_use]
    pub fn root_secret(&self, clock: Arc<dyn Clock>) -> Arc<SecretsManager> {
        Arc::new(SecretsManager {
            http: SharedHttpConnector::new(self.clone()),
            credentials: Credentials::new("test", "test", None, None, "test"),
            region: REGION.to_owned(),
            endpoint: "http://secretsmanager.example".to_owned(),
            secret_arn: roles().root_secret.clone(),
            clock,
            random: Arc::new(CountedRandom::default()),
        })
    }

    fn answer(&self, request: &AwsRequest) -> HttpResponse {
        if !self.is_open
            && let Err(message) = self.ledger.asks(request)
        {
            return denied(&message);
        }
        let body = &request.body;
        match request.operation.as_str() {
            "GenerateDataKey" => {
                let number = self.made.fetch_add(1, Ordering::SeqCst).to_string();
                let plain = STANDARD.encode(digest(&SHA256, number.as_bytes()));
                let wrapped = STANDARD.encode(number);
                let kept = (body["KeyId"].clone(), body["EncryptionContext"].clone(), plain.clone());
                self.wrapped.lock().unwrap().insert(wrapped.clone(), kept);
                let made = json!({ "KeyId": body["KeyId"], "Plaintext": plain, "CiphertextBlob": wrapped });
                json_answer(200, &made)
            }
            "Decrypt" => {
                let kept = self.wrapped.lock().unwrap();
                let found = body["CiphertextBlob"].as_str().and_then(|wrapped| kept.get(wrapped));
                match found.filter(|(key, context, _)| {
                    (key, context) == (&body["KeyId"], &body["EncryptionContext"])
                }) {
                    Some((key, _, plain)) => json_answer(200, &json!({ "KeyId": key, "Plaintext": plain })),
                    None => json_answer(400, &json!({ "__type": "InvalidCiphertextException" })),
                }
            }
            // Nobody here verifies it.
            "Sign" => {
                json_answer(200, &json!({ "KeyId": body["KeyId"], "Signature": STANDARD.encode([7; 256]) }))
            }
            "GetSecretValue" if body["VersionStage"] == "AWSCURRENT" => {
                json_answer(200, &json!({ "SecretString": ROOT_SECRET }))
            }
            _ => json_answer(400, &json!({ "__type": "ResourceNotFoundException" })),
        }
    }
}

/// What AWS answers to whom its policies refuse.
pub(crate) fn denied(message: &str) -> HttpResponse {
    json_answer(
        400,
        &json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "Message": message }),
    )
}

impl fmt::Debug for FakeKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeKms")
    }
}

impl HttpConnector for FakeKms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&AwsRequest::read(&request))))
    }
}

impl HttpClient for FakeKms {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
