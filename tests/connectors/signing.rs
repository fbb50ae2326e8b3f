//! Requests that are signed with a key: what `signing` says is made anew from the request that came.

use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use serde_json::Value;
use url::Url;

use crate::Checked;
use crate::template::{CLOSE, OPEN, Values};

/// How a request is signed.
#[derive(Debug, Clone)]
pub(crate) struct Signing {
    described: Value,
    values: Values,
}

/// What a request has of itself, and random texts that came in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Came {
    pub(crate) known: Vec<(String, String)>,
}

impl Signing {
    /// What a definition says, if it says something.
    pub(crate) fn of(described: &Value, values: &Values) -> Option<Self> {
        described.is_object().then(|| Self { described: described.clone(), values: values.clone() })
    }

    fn filled(&self, name: &str) -> Checked<String> {
        self.values.text(self.described[name].as_str().unwrap_or_default())
    }

    /// Whether AWS Signature Version 4 signs.
    pub(crate) fn is_aws(&self) -> bool {
        self.described["type"] == "aws-sigv4"
    }

    /// Checks `${request.signature}`.
    pub(crate) fn check(&self, signature: &str, came: &Came) -> Checked {
        let message = came.filled(&self.filled("message")?);
        let algorithm = self.described["algorithm"].as_str().unwrap_or_default();
        let encoding = self.described["encoding"].as_str().unwrap_or("hex");
        let made = match self.described["type"].as_str() {
            Some("hmac") => {
                let named = match algorithm {
                    "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    "sha256" => hmac::HMAC_SHA256,
                    _ => hmac::HMAC_SHA512,
                };
                let key = hmac::Key::new(named, &self.key()?);
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Some("digest") => {
                let named = match algorithm {
                    "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                    "sha256" => &digest::SHA256,
                    _ => &digest::SHA512,
                };
                let is_base64 = self.described["messageEncoding"] == "base64";
                let message = if is_base64 { STANDARD.encode(&message) } else { message };
                digest(named, message.as_bytes()).as_ref().to_vec()
            }
            Some("private-key") if algorithm == "RS256" => {
                let bytes = read(encoding, signature).ok_or("the signature is written otherwise")?;
                let is_right = crate::entered::KEY.has_signed(message.as_bytes(), &bytes);
                return if is_right { Ok(()) } else { Err("this key has not signed it".to_owned()) };
            }
            other => return Err(format!("no test for {other:?} with {algorithm}")),
        };
        let made = written(encoding, &made);
        if made == signature { Ok(()) } else { Err(format!("the signature is {signature} and not {made}")) }
    }

    fn key(&self) -> Checked<Vec<u8>> {
        let key = self.filled("key")?;
        match self.described["keyEncoding"].as_str() {
            Some("base64") => STANDARD.decode(key).map_err(|error| error.to_string()),
            None | Some("text") => Ok(key.into_bytes()),
            other => Err(format!("no test for a key in {other:?}")),
        }
    }

    /// Checks AWS Signature Version 4, and returns the headers that belong to it.
    pub(crate) fn check_aws(&self, request: &Request<Bytes>, url: &Url, now: i64) -> Checked<Vec<String>> {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let named = header("authorization");
        let part = |name: &str| {
            let (_, rest) = named.split_once(&format!("{name}="))?;
            rest.split([',', ' ']).next().map(str::to_owned)
        };
        let (service, region) = (self.filled("service")?, self.filled("region")?);
        let (id, secret) = (self.filled("accessKeyId")?, self.filled("secretAccessKey")?);
        let date = header("x-amz-date");
        if date != amz_date(now) {
            return Err(format!("X-Amz-Date is {date}"));
        }
        let scope = format!("{}/{region}/{service}/aws4_request", &date[..8]);
        if part("Credential") != Some(format!("{id}/{scope}")) || !named.starts_with("AWS4-HMAC-SHA256 ") {
            return Err(format!("it is signed for another scope: {named}"));
        }
        let mut own = vec!["authorization".to_owned(), "x-amz-date".to_owned()];
        if let Some(template) = self.described["sessionToken"].as_str() {
            let token = self.values.text(template)?;
            if header("x-amz-security-token") != token {
                return Err("X-Amz-Security-Token is another one".to_owned());
            }
            own.push("x-amz-security-token".to_owned());
        }
        let body = hex(digest(&digest::SHA256, request.body()).as_ref());
        if service == "s3" {
            if header("x-amz-content-sha256") != body {
                return Err("X-Amz-Content-Sha256 is another one".to_owned());
            }
            own.push("x-amz-content-sha256".to_owned());
        }
        let signed = part("SignedHeaders").unwrap_or_default();
        let headers: String = signed
            .split(';')
            .map(|name| match name {
                "host" => format!("host:{}\n", url.host_str().unwrap_or_default()),
                name => format!("{name}:{}\n", header(name).trim()),
            })
            .collect();
        let mut query: Vec<String> = url
            .query_pairs()
            .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
            .collect();
        query.sort();
        let canonical =
            [request.method().as_str(), url.path(), &query.join("&"), &headers, &signed, &body].join("\n");
        let hash = hex(digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
        let key = [&date[..8], &region, &service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
        let made = hex(&mac(&key, &text));
        let signature = part("Signature").unwrap_or_default();
        if made == signature { Ok(own) } else { Err(format!("the signature is {signature} and not {made}")) }
    }
}

impl Came {
    /// The parts of a request that `${request.…}` names, without what holds the signature.
    pub(crate) fn of(request: &Request<Bytes>, url: &Url, own_query: &str, now: i64) -> Self {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let host = url.port().map_or_else(
            || url.host_str().unwrap_or_default().to_owned(),
            |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
        );
        let sha = digest(&digest::SHA256, request.body());
        let mut parameters: Vec<String> = url::form_urlencoded::parse(own_query.as_bytes())
            .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value)))
            .collect();
        let media_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
        if media_type.is_some_and(|media_type| media_type.starts_with("application/x-www-form-urlencoded")) {
            parameters.extend(
                url::form_urlencoded::parse(request.body())
                    .map(|(name, value)| format!("{}={}", encoded(&name), encoded(&value))),
            );
        }
        parameters.sort();
        let target = match own_query {
            "" => url.path().to_owned(),
            query => format!("{}?{query}", url.path()),
        };
        let pair = |name: &str, value: String| (format!("request.{name}"), value);
        let known = vec![
            pair("method", request.method().to_string()),
            pair("path", url.path().to_owned()),
            pair("url", format!("{}://{host}{target}", url.scheme())),
            pair("host", host),
            pair("target", target),
            pair("query", own_query.to_owned()),
            pair("parameters", parameters.join("&")),
            pair("contentType", media_type.unwrap_or_default().to_owned()),
            pair("body", body),
            pair("bodySha256", hex(sha.as_ref())),
            pair("bodySha256Base64", STANDARD.encode(sha)),
            pair("timestamp", now.to_string()),
            pair("date", http_date(now)),
            pair("dateTime", date_time(now)),
        ];
        Self { known }
    }

    /// What a marker stands for, if it is known.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    fn filled(&self, text: &str) -> String {
        self.known
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{OPEN}{name}{CLOSE}"), value))
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn encoded(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}

fn written(encoding: &str, bytes: &[u8]) -> String {
    match encoding {
        "base64" => STANDARD.encode(bytes),
        "base64url" => URL_SAFE_NO_PAD.encode(bytes),
        "hex-base64" => STANDARD.encode(hex(bytes)),
        _ => hex(bytes),
    }
}

fn read(encoding: &str, text: &str) -> Option<Vec<u8>> {
    match encoding {
        "base64" => STANDARD.decode(text).ok(),
        "base64url" => URL_SAFE_NO_PAD.decode(text).ok(),
        _ => None,
    }
}

/// Year, month and day of a time, and the seconds of the day (proleptic Gregorian calendar).
fn civil(seconds: i64) -> (i64, i64, i64, i64) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_month, seconds.rem_euclid(86_400))
}

fn amz_date(seconds: i64) -> String {
    date_time(seconds).replace(['-', ':'], "")
}

pub(crate) fn date_time(seconds: i64) -> String {
    let (year, month, day, rest) = civil(seconds);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, rest) = civil(seconds);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let week = DAYS[usize::try_from(seconds.div_euclid(86_400).rem_euclid(7)).unwrap_or_default()];
    let month = MONTHS[usize::try_from(month - 1).unwrap_or_default()];
    format!("{week}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}
