//! The certificate by which a client authenticates in the TLS handshake (RFC 8705 §2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::template::{Root, Template, Values};
use crate::error::Result;
use crate::http::client_certificate::{ClientCertificate, Unfit};

/// A certificate and its key, as templates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateSetting {
    /// The certificate in PEM, with those that lead to its authority.
    pub certificate: Template,
    /// Its private key in PEM.
    pub key: Template,
    /// True if requests to the API are made with it too, as certificate-bound access tokens need it (RFC 8705 §3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_api: bool,
}

impl CertificateSetting {
    /// The certificate.
    pub fn read(&self, values: &Values<'_>) -> Result<Arc<ClientCertificate>> {
        let (certificate, key) = (self.certificate.render_lines(values)?, self.key.render_lines(values)?);
        let key = zeroize::Zeroizing::new(key);
        ClientCertificate::read(&certificate, &key).map(Arc::new).map_err(|unfit| match unfit {
            Unfit::Certificate => {
                self.certificate.refused("is no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")
            }
            Unfit::Key => self.key.refused("is not the certificate's private key in PEM"),
        })
    }

    /// True if it is the team's, and no customer's.
    #[must_use]
    pub fn is_teams(&self) -> bool {
        self.key.placeholders().all(|it| it.root() == Root::Integration)
    }
}
