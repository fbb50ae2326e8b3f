//! The vectors that AWS and others publish.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};
use url::Url;

use super::*;

fn signing(settings: &Value) -> RequestSigning {
    serde_json::from_value(settings.clone()).unwrap()
}

fn with<T>(credentials: &Value, use_them: impl FnOnce(&Values<'_>) -> T) -> T {
    let (credentials, none) = (credentials.as_object().unwrap(), &Map::new());
    use_them(&Values {
        parameters: none,
        credentials,
        integration: none,
        connector_parameters: none,
        maker: None,
        callback_uri: None,
        authorities: &[],
        means: &[],
        closed: None,
        may_lack: false,
    })
}

/// Signs, and returns the headers that were added or replaced.
fn signed_by_aws(
    (service, at): (&str, &str),
    (method, url, headers): (Method, &str, &[(&'static str, &'static str)]),
    credentials: &Value,
) -> HeaderMap {
    let settings = json!({
        "type": "aws-sigv4", "service": service, "region": "us-east-1",
        "accessKeyId": "${credentials.id}", "secretAccessKey": "${credentials.secret}",
        "sessionToken": "${credentials.token?}",
    });
    let RequestSigning::AwsSigv4(aws) = signing(&settings) else { panic!("another way") };
    let mut request = ApiRequest {
        method,
        url: Url::parse(url).unwrap(),
        headers: headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect(),
        body: Bytes::new(),
    };
    let at = Timestamp::from_rfc3339(at).unwrap();
    with(credentials, |values| sign_for_aws(&aws, values, &mut request, at)).unwrap();
    request.headers
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Those of the "AWS Signature Version 4 Test Suite".
#[test]
fn the_signatures_are_those_of_the_test_suite_of_aws() {
    let key = json!({ "id": "AKIDEXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" });
    let mut temporary = key.clone();
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    temporary["token"] = token.into();
    for (method, url, credentials, signed, signature) in [
        (
            Method::GET,
            "https://example.amazonaws.com/",
            &key,
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            Method::POST,
            "https://example.amazonaws.com/",
            &key,
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            Method::GET,
            "https://example.amazonaws.com/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            &key,
            "host;x-amz-date",
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        (
            Method::GET,
            "https://example.amazonaws.com/",
            &temporary,
            "host;x-amz-date;x-amz-security-token",
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        ),
    ] {
        // What an earlier signature left, or a caller made up, is not kept.
        let stale = [("authorization", "x"), ("x-amz-security-token", "x")];
        let at = ("service", "2015-08-30T12:36:00Z");
        let headers = signed_by_aws(at, (method, url, &stale), credentials);
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={signed}, Signature={signature}"
        );
        assert_eq!(text(&headers, "authorization"), expected);
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(text(&headers, "x-amz-date"), "20150830T123600Z");
        assert_eq!(text(&headers, "x-amz-security-token"), credentials["token"].as_str().unwrap_or_default());
        assert_eq!(text(&headers, "x-amz-content-sha256"), "");
    }
}

/// The example "GET Object" of the S3 API reference.
#[test]
fn s3_gets_the_hash_of_the_body_too() {
    let key = json!({ "id": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" });
    let url = "https://examplebucket.s3.amazonaws.com/test.txt";
    let request = (Method::GET, url, &[("range", "bytes=0-9")][..]);
    let headers = signed_by_aws(("s3", "2013-05-24T00:00:00Z"), request, &key);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(text(&headers, "x-amz-content-sha256"), empty);
    assert_eq!(
        text(&headers, "authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn a_scope_has_no_slash_in_it() {
    let settings = json!({
        "type": "aws-sigv4", "service": "s3", "region": "${credentials.region}",
        "accessKeyId": "${credentials.region}", "secretAccessKey": "${credentials.region}",
    });
    let RequestSigning::AwsSigv4(aws) = signing(&settings) else { panic!("another way") };
    let url = Url::parse("https://a.example/").unwrap();
    let mut request = ApiRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() };
    let result =
        with(&json!({ "region": "eu/x" }), |values| sign_for_aws(&aws, values, &mut request, Timestamp(0)));
    assert_eq!(result.unwrap_err().data()["field"], "credentials.region");
}

fn made(settings: &Value, credentials: &Value) -> Result<Option<String>> {
    with(credentials, |values| signature(&signing(settings), values))
}

/// The example of the Duo Admin API's documentation.
#[test]
fn a_keyed_hash_is_that_of_duo() {
    let settings = json!({
        "type": "hmac", "algorithm": "sha1", "key": "${credentials.key}",
        "message": "Tue, 21 Aug 2012 17:29:18 -0000\nPOST\napi-xxxxxxxx.duosecurity.com\n/accounts/v1/account/list\n\
                    ${credentials.parameters}",
    });
    let credentials = json!({
        "key": "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep", "parameters": "realname=First%20Last&username=root",
    });
    assert_eq!(made(&settings, &credentials).unwrap().unwrap(), "2d97d6166319781b5a3a07af39d366f491234edc");
}

/// Test case 2 of RFC 4231 (§4.3), with its key in each encoding.
#[test]
fn keys_and_signatures_are_written_as_the_service_has_them() {
    let sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let sha512 = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
                  caeab1a34d4a6b4b636e070a38bce737";
    let base64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
    let twice = "NWJkY2MxNDZiZjYwNzU0ZTZhMDQyNDI2MDg5NTc1Yzc1YTAwM2YwODlkMjczOTgzOWRlYzU4Yjk2NGVjMzg0Mw==";
    for (algorithm, key, key_encoding, encoding, expected) in [
        ("sha256", "Jefe", "text", "hex", sha256),
        ("sha512", "Jefe", "text", "hex", sha512),
        ("sha256", "SmVmZQ==", "base64", "base64", base64),
        ("sha256", "4a656665", "hex", "base64url", &base64.replace('=', "")),
        ("sha256", "Jefe", "text", "hex-base64", twice),
    ] {
        let settings = json!({
            "type": "hmac", "algorithm": algorithm, "key": "${credentials.key}", "keyEncoding": key_encoding,
            "message": "${credentials.message}", "encoding": encoding,
        });
        let credentials = json!({ "key": key, "message": "what do ya want for nothing?" });
        assert_eq!(made(&settings, &credentials).unwrap().unwrap(), expected);
    }
    let settings = json!({
        "type": "hmac", "algorithm": "sha1", "key": "${credentials.key}", "keyEncoding": "hex", "message": "${credentials.key}",
    });
    let error = made(&settings, &json!({ "key": "no hex!+" })).unwrap_err();
    assert_eq!(error.data()["field"], "credentials.key");
    assert!(!error.message().contains("no hex"));
}

/// FIPS 180-4's example `abc`, and the base64 of it.
#[test]
fn a_digest_is_of_the_text_or_of_its_base64() {
    let digest = |changes: &[(&str, &str)]| {
        let mut settings =
            json!({ "type": "digest", "algorithm": "sha256", "message": "${credentials.a}${credentials.b}" });
        for (name, value) in changes {
            settings[*name] = (*value).into();
        }
        made(&settings, &json!({ "a": "a", "b": "bc" })).unwrap().unwrap()
    };
    assert_eq!(digest(&[]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(digest(&[("algorithm", "sha1")]), "a9993e364706816aba3e25717850c26c9cd0d89d");
    // The hash of `YWJj`.
    assert_eq!(
        digest(&[("messageEncoding", "base64")]),
        "35d95694d3f160215db293c7899daa5907837838fb4b8119ed713e32446c1266"
    );
}
