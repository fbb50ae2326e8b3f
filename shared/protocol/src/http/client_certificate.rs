//! A certificate by which we authenticate in the TLS handshake (RFC 8446 §4.4.2).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::pem::{self, Block};

/// A certificate, those that lead from it to its authority, and its private key.
pub struct ClientCertificate {
    certified: Arc<CertifiedKey>,
    id: [u8; 32],
}

/// What of a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// The certificate is not in PEM.
    Certificate,
    /// The key is not in PEM, or not the certificate's.
    Key,
}

impl ClientCertificate {
    /// Reads a certificate, with those that follow it, and its key. Both are in PEM.
    pub fn read(certificate: &str, key: &str) -> Result<Self, Unfit> {
        let chain: Vec<CertificateDer<'static>> = pem::blocks(certificate)
            .ok_or(Unfit::Certificate)?
            .into_iter()
            .filter(|block| block.label == "CERTIFICATE")
            .map(|block| block.der.to_vec().into())
            .collect();
        if chain.is_empty() {
            return Err(Unfit::Certificate);
        }
        let blocks = pem::blocks(key).ok_or(Unfit::Key)?;
        let key = blocks.iter().find_map(private_key).ok_or(Unfit::Key)?;
        let mut hash = Context::new(&SHA256);
        for part in chain.iter().map(AsRef::as_ref).chain([key.secret_der()]) {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut id = [0; 32];
        id.copy_from_slice(hash.finish().as_ref());
        let certified =
            CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
                rustls::Error::InvalidCertificate(_) => Unfit::Certificate,
                _ => Unfit::Key,
            })?;
        Ok(Self { certified: Arc::new(certified), id })
    }

    /// What tells it from every other one, its key included.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// What presents it in a handshake.
    pub(super) fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.certified)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}

fn private_key(block: &Block) -> Option<PrivateKeyDer<'static>> {
    let der = || block.der.to_vec();
    match block.label.as_str() {
        "PRIVATE KEY" => Some(PrivatePkcs8KeyDer::from(der()).into()),
        "RSA PRIVATE KEY" => Some(PrivatePkcs1KeyDer::from(der()).into()),
        "EC PRIVATE KEY" => Some(PrivateSec1KeyDer::from(der()).into()),
        _ => None,
    }
}
