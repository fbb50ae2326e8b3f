//! AWS Signature Version 4, for requests that no SDK of AWS makes.

use std::time::{Duration, UNIX_EPOCH};

pub use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The service, the region and the moment that a signature is for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The service's name in signatures, such as `s3`.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
    /// The moment.
    pub at: Timestamp,
}

/// The parts of a request that are signed.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// The method.
    pub method: &'a Method,
    /// The whole address.
    pub url: &'a str,
    /// The headers. One that is no text is left unsigned.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// Returns the headers that sign a request, to be added to its own. They are marked as sensitive.
pub fn signature_headers(
    credentials: Credentials,
    scope: Scope<'_>,
    request: Signable<'_>,
) -> Result<HeaderMap> {
    let identity = credentials.into();
    let seconds = u64::try_from(scope.at.seconds()).unwrap_or(0);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(settings_for(scope.service))
        .build()
        .map_err(Error::internal)?
        .into();
    let headers =
        request.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(
        request.method.as_str(),
        request.url,
        headers,
        SignableBody::Bytes(request.body),
    );
    let (instructions, _) = signable.and_then(|it| sign(it, &params)).map_err(|_| unsigned())?.into_parts();
    instructions
        .headers()
        .map(|(name, value)| {
            let mut value = HeaderValue::from_str(value).map_err(|_| unsigned())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsigned())?, value))
        })
        .collect()
}

/// S3 takes the path as it was sent, and wants the body's hash in a header.
fn settings_for(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

/// The cause may hold a part of the request.
fn unsigned() -> Error {
    Error::unusable("signing")
}
