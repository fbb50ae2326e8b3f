//! Requests that come past `CloudFront`, and so past its firewall, are refused. `CloudFront` shows a secret with each request.
//! The function knows only the secret's hash, which is of no use to whoever reads the function's settings.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flow::deps::HttpService;
use flow::web::delivery::own_page;
use flow::web::pages::Reader;
use http::{HeaderValue, Request};
use lambda_http::Error;
use protocol::error::{Error as Refusal, ErrorKey};
use protocol::random::hex;
use tower::ServiceExt;

use crate::environment::optional;

/// The header that `infra/edge.yaml` names.
const HEADER: &str = "x-linkspan-origin";

/// The hashes of the secrets by which requests are known: two while the secret is changed, none without `CloudFront`.
pub(crate) struct Origin {
    hashes: Vec<String>,
}

impl Origin {
    pub(crate) fn from_environment() -> Result<Self, Error> {
        Self::read(optional("ORIGIN_SECRET_HASHES").as_deref())
    }

    fn read(hashes: Option<&str>) -> Result<Self, Error> {
        let hashes: Vec<String> = hashes
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(|hash| hash.trim().to_lowercase())
            .collect();
        let is_hash = |hash: &String| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hashes.iter().all(is_hash) {
            return Err(
                "the environment variable ORIGIN_SECRET_HASHES is no list of SHA-256 hashes in hex".into()
            );
        }
        Ok(Self { hashes })
    }

    /// Lets through what shows a secret, and everything if no secret is known. The handlers never see the header: the proxy
    /// would pass it on.
    pub(crate) fn guard(self, service: HttpService) -> HttpService {
        let origin = Arc::new(self);
        HttpService::new(tower::service_fn(move |mut request: Request<Bytes>| {
            let is_admitted = origin.admits(request.headers_mut().remove(HEADER).as_ref());
            let service = service.clone();
            async move { if is_admitted { service.oneshot(request).await } else { Ok(closed()) } }
        }))
    }

    fn admits(&self, shown: Option<&HeaderValue>) -> bool {
        let is_known =
            |shown: &HeaderValue| self.hashes.contains(&hex(digest(&SHA256, shown.as_bytes()).as_ref()));
        self.hashes.is_empty() || shown.is_some_and(is_known)
    }
}

fn closed() -> http::Response<Bytes> {
    let error = Refusal::new(
        ErrorKey::AccessDenied,
        "This address of the service takes no requests. Send them to its public address.",
    );
    own_page(&error, Reader::Machine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    const SECRET: &str = "shown-by-cloudfront-shown-by-cloudfront";

    fn hash_of(secret: &str) -> String {
        hex(digest(&SHA256, secret.as_bytes()).as_ref())
    }

    /// The status of a request with these secrets, and whether the handler saw one.
    async fn asked(hashes: Option<&str>, shown: &[&str]) -> (u16, bool) {
        let handler = HttpService::new(tower::service_fn(|request: Request<Bytes>| {
            let seen = request.headers().contains_key(HEADER).to_string();
            ready(Ok(http::Response::new(Bytes::from(seen))))
        }));
        let mut request = Request::new(Bytes::new());
        for secret in shown {
            request.headers_mut().append(HEADER, secret.parse().unwrap());
        }
        let answer = Origin::read(hashes).unwrap().guard(handler).oneshot(request).await.unwrap();
        (answer.status().as_u16(), answer.body() == "true")
    }

    #[tokio::test]
    async fn what_comes_past_cloudfront_is_refused() {
        let one = hash_of(SECRET).to_uppercase();
        let two = format!("{}, {one}", hash_of("next"));
        assert_eq!(asked(Some(&one), &[SECRET]).await, (200, false));
        assert_eq!(asked(Some(&two), &[SECRET]).await, (200, false));
        assert_eq!(asked(Some(&two), &["next"]).await, (200, false));
        for shown in [&[][..], &["guess"], &[hash_of(SECRET).as_str()], &["guess", SECRET]] {
            assert_eq!(asked(Some(&one), shown).await, (403, false), "{shown:?}");
        }
    }

    #[tokio::test]
    async fn without_cloudfront_nothing_is_refused_and_no_handler_sees_the_secret() {
        assert_eq!(asked(None, &[]).await, (200, false));
        assert_eq!(asked(None, &[SECRET]).await, (200, false));
    }

    #[test]
    fn what_is_no_hash_stops_the_function() {
        for wrong in ["secret", &"g".repeat(64), &format!("{},", hash_of(SECRET)), &hash_of(SECRET)[1..]] {
            let error = Origin::read(Some(wrong)).err().unwrap().to_string();
            assert!(error.contains("ORIGIN_SECRET_HASHES") && !error.contains(wrong), "{error}");
        }
    }
}
