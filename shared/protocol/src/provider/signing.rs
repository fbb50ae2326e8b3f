//! What authenticates a request: headers and parameters that the definition makes of the credentials, and a signature.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::api_request::ApiRequest;
use super::aws_signature::{Credentials, Scope, Signable, signature_headers};
use super::calls::Calls;
use super::maker::Maker;
use super::request_parts::RequestParts;
use crate::clock::Timestamp;
use crate::definition::template::{Template, Values};
use crate::definition::{
    AwsSigv4, CallParts, Digest, HashFunction, KeyEncoding, KeySignature, KeyedHash, MessageEncoding, Query,
    RequestSigning, SigningKey, Writing, add_query, holds_signature, shared_key,
};
use crate::error::{Error, Result};
use crate::random::hex;

/// The settings that authenticate a request.
pub(super) struct Authentication<'a> {
    /// The headers, the parameters and HTTP Basic.
    pub(super) parts: CallParts<'a>,
    /// The signature.
    pub(super) signing: Option<&'a RequestSigning>,
    /// The place of the headers in the definition.
    pub(super) setting: &'static str,
}

impl Authentication<'_> {
    /// Adds them to the request. Headers that it has stay as they are, if `keeps`.
    pub(super) fn add(
        &self,
        calls: &Calls<'_>,
        maker: &Maker<'_>,
        values: &Values<'_>,
        request: &mut ApiRequest,
        keeps: bool,
    ) -> Result<()> {
        let mut work = Work { maker, values, request, keeps, at: calls.clock.now(), setting: self.setting };
        let Some(signing) = self.signing else { return work.put(self.parts, None) };
        // What holds the signature stands beside what is signed.
        let own = self.parts.query.iter().map(|(name, value)| (name.clone(), value.clone()));
        let (later_query, query): (Query, Query) = own.partition(|(_, value)| holds_signature(value));
        let (later_headers, headers) = self.parts.headers.parted(holds_signature);
        let (later_basic, basic) = match self.parts.basic {
            Some(basic) if basic.templates().any(holds_signature) => (Some(basic), None),
            basic => (None, basic),
        };
        work.put(CallParts { query: &query, headers: &headers, basic, ..self.parts }, None)?;
        if let RequestSigning::AwsSigv4(aws) = signing {
            return sign_for_aws(aws, values, work.request, work.at);
        }
        let signature = signature(signing, values)?;
        let later =
            CallParts { query: &later_query, headers: &later_headers, basic: later_basic, ..self.parts };
        work.put(later, signature.as_ref())
    }
}

/// A request that is authenticated step by step.
struct Work<'w, 'a> {
    maker: &'w Maker<'a>,
    values: &'w Values<'w>,
    request: &'w mut ApiRequest,
    keeps: bool,
    at: Timestamp,
    setting: &'static str,
}

impl Work<'_, '_> {
    /// Puts these parts into the request. Each sees the request as it is before.
    fn put(&mut self, parts: CallParts<'_>, signature: Option<&String>) -> Result<()> {
        let describe = |request: &ApiRequest| {
            self.maker.describe(RequestParts::of(request, self.at).signed(signature.cloned()));
        };
        describe(self.request);
        add_query(parts.query, self.values, &mut self.request.url)?;
        describe(self.request);
        let rest = CallParts { query: &Query::new(), ..parts };
        let (headers, _) = rest.render(self.values, &mut self.request.url, self.setting)?;
        for (name, value) in &headers {
            if !(self.keeps && self.request.headers.contains_key(name)) {
                self.request.headers.insert(name, value.clone());
            }
        }
        describe(self.request);
        Ok(())
    }
}

/// The signature of a text. Nothing if a value for it is not there yet.
fn signature(signing: &RequestSigning, values: &Values<'_>) -> Result<Option<String>> {
    let key = |template: &Template| template.render_lines_there(values).map(|text| text.map(Zeroizing::new));
    let (bytes, writing) = match signing {
        RequestSigning::AwsSigv4(_) => return Ok(None),
        RequestSigning::Hmac(KeyedHash { algorithm, key: template, key_encoding, message, encoding }) => {
            let (Some(text), Some(message)) = (key(template)?, key(message)?) else { return Ok(None) };
            let bytes = shared_key(key_encoding.unwrap_or(KeyEncoding::Text), &text)
                .ok_or_else(|| template.refused("is no key in this encoding"))?;
            let key = hmac::Key::new(algorithm.keyed(), &bytes);
            (hmac::sign(&key, message.as_bytes()).as_ref().to_vec(), encoding)
        }
        RequestSigning::Digest(Digest { algorithm, message, message_encoding, encoding }) => {
            let Some(message) = key(message)? else { return Ok(None) };
            let message = match message_encoding {
                MessageEncoding::Text => message,
                MessageEncoding::Base64 => Zeroizing::new(STANDARD.encode(message.as_bytes())),
            };
            (digest::digest(algorithm.plain(), message.as_bytes()).as_ref().to_vec(), encoding)
        }
        RequestSigning::PrivateKey(KeySignature {
            algorithm,
            key: template,
            key_encoding,
            message,
            encoding,
        }) => {
            let (Some(text), Some(message)) = (key(template)?, key(message)?) else { return Ok(None) };
            let unfit = || template.refused(&format!("is no private key that {algorithm:?} signs with"));
            let key = SigningKey::read(*algorithm, key_encoding.unwrap_or(KeyEncoding::Pem), &text);
            let signature = key.and_then(|key| key.sign(&message)).ok_or_else(unfit)?;
            (URL_SAFE_NO_PAD.decode(signature).map_err(Error::internal)?, encoding)
        }
    };
    Ok(Some(match writing {
        Writing::Hex => hex(&bytes),
        Writing::Base64 => STANDARD.encode(&bytes),
        Writing::Base64url => URL_SAFE_NO_PAD.encode(&bytes),
        Writing::HexBase64 => STANDARD.encode(hex(&bytes)),
    }))
}

impl HashFunction {
    fn keyed(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn plain(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// Signs by AWS Signature Version 4. A request whose credentials are not there yet goes out without.
fn sign_for_aws(aws: &AwsSigv4, values: &Values<'_>, request: &mut ApiRequest, at: Timestamp) -> Result<()> {
    let there = |template: &Template| template.render_lines_there(values);
    let (Some(service), Some(region)) = (there(&aws.service)?, there(&aws.region)?) else { return Ok(()) };
    let (Some(id), Some(secret)) = (there(&aws.access_key_id)?, there(&aws.secret_access_key)?) else {
        return Ok(());
    };
    for (template, scope) in [(&aws.service, &service), (&aws.region, &region)] {
        // It stands between slashes in the credential scope.
        if !scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err(template.refused("is no name of an AWS service or region"));
        }
    }
    let token =
        aws.session_token.as_ref().map(|template| template.render_optional(values)).transpose()?.flatten();
    for name in OWN_HEADERS {
        request.headers.remove(name);
    }
    let credentials = Credentials::new(id, secret, token, None, "definition");
    let scope = Scope { service: &service, region: &region, at };
    let ApiRequest { method, url, headers, body } = &*request;
    let signable = Signable { method, url: url.as_str(), headers, body };
    let signed = signature_headers(credentials, scope, signable)?;
    request.headers.extend(signed);
    Ok(())
}

/// The headers that the signature makes.
const OWN_HEADERS: [&str; 4] =
    ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];

#[cfg(test)]
mod tests;
