//! An authority, and a server's chain under it that is as long as Amazon's.
//!
//! A service of AWS shows four certificates: its own; the authority that issued it; Amazon's root, signed by an older
//! root; and that one, signed by one still older. A client that trusts Amazon's root checks two signatures, and reads
//! all four.

use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;

/// The names of a service's certificate beside its own: DynamoDB's has about as many.
const OTHER_NAMES: [&str; 6] = [
    "dynamodb.bench-region-1.example.com",
    "dynamodb.bench-region-1.api.example.com",
    "*.ddb.bench-region-1.example.com",
    "streams.dynamodb.bench-region-1.example.com",
    "*.control-ddb.bench-region-1.example.com",
    "vpce.dynamodb.bench-region-1.example.com",
];

/// The kind of all keys of a chain.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// RSA of 2048 bits, as DynamoDB has.
    Rsa,
    /// ECDSA on P-256.
    Ecdsa,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "rsa" => Ok(Self::Rsa),
            "ecdsa" => Ok(Self::Ecdsa),
            _ => Err(format!("{name} is no kind of key: rsa, ecdsa")),
        }
    }
}

/// An authority with a server's certificate.
pub(crate) struct Authority {
    /// What a client is to trust.
    pub(crate) pem: String,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(kind: Kind) -> Result<Self, Box<dyn Error>> {
        let key = || {
            KeyPair::generate_for(match kind {
                Kind::Rsa => &PKCS_RSA_SHA256,
                Kind::Ecdsa => &PKCS_ECDSA_P256_SHA256,
            })
        };
        let (oldest, old, root, issuing, own) = (key()?, key()?, key()?, key()?, key()?);
        let [oldest_name, old_name, root_name, issuing_name] =
            ["Bench Class 2", "Bench Services Root", "Bench Root 1", "Bench M01"].map(authority);
        let trusted = root_name.self_signed(&root)?;
        let chain = [
            service()?.signed_by(&own, &Issuer::from_params(&issuing_name, &issuing))?,
            issuing_name.signed_by(&issuing, &Issuer::from_params(&root_name, &root))?,
            root_name.signed_by(&root, &Issuer::from_params(&old_name, &old))?,
            old_name.signed_by(&old, &Issuer::from_params(&oldest_name, &oldest))?,
        ];
        Ok(Self {
            pem: pem(&trusted),
            chain: chain.iter().map(|certificate| certificate.der().clone()).collect(),
            key: own.serialize_der(),
        })
    }

    /// The settings of a server with its certificate.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let config = ServerConfig::builder_with_protocol_versions(&[&TLS13])
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)?;
        Ok(Arc::new(config))
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CountryName, "US");
    params.distinguished_name.push(DnType::OrganizationName, "Bench");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn service() -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = ["localhost"].iter().chain(&OTHER_NAMES).map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, OTHER_NAMES[0]);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn pem(certificate: &Certificate) -> String {
    let text = STANDARD.encode(certificate.der());
    let lines: Vec<&str> =
        (0..text.len()).step_by(64).filter_map(|at| text.get(at..text.len().min(at + 64))).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
