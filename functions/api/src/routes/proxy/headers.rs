//! The headers that pass through the proxy, in both directions.
//!
//! Every API has headers of its own, so what passes cannot be listed; what does not pass can. Servers that speak CGI
//! see `X_Real_IP` and `X-Real-IP` as one header, so names are compared without regard to how their words are joined.

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers by name. A `*` at the end stands for whatever follows.
type Names = &'static [&'static str];

/// What controls one message on one connection (RFC 9110 §7.6, §8.6; RFC 8470), in both directions.
const OF_THE_TRANSPORT: Names = &[
    "alt-used",
    "cdn-loop",
    "connection",
    "content-length",
    "early-data",
    "expect",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "proxy-*",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// What is ours or the browser's, and not the provider's business.
const OF_THE_CALLER: Names = &[
    "accept-encoding",
    "access-control-request-*",
    "authorization",
    "cookie*",
    "host",
    "membrane-api-version",
    "origin",
    "referer",
    "sec-*",
];

/// What a proxy or a gateway says about whoever called it. From a caller's own hand it is a lie that a provider's servers
/// might believe.
const OF_A_GATEWAY: Names = &[
    "akamai-origin-hop",
    "cf-connecting-ip*",
    "cf-ew-via",
    "cf-ipcountry",
    "cf-pseudo-ipv4",
    "cf-ray",
    "cf-visitor",
    "cf-worker",
    "client-ip",
    "fastly-client-ip",
    "fastly-ff",
    "fastly-ssl",
    "fly-client-ip",
    "fly-forwarded-*",
    "forwarded*",
    "front-end-https",
    "incap-client-ip",
    "remote-addr",
    "remote-user",
    "ssl-client-*",
    "true-client-ip",
    "x-amz-*",
    "x-amzn-*",
    "x-appengine-*",
    "x-arr-*",
    "x-azure-*",
    "x-client-cert*",
    "x-client-ip",
    "x-client-ssl*",
    "x-cluster-client-ip",
    "x-custom-ip-authorization",
    "x-envoy-*",
    "x-forward-for",
    "x-forwarded*",
    "x-host",
    "x-http-host-override",
    "x-nf-client-connection-ip",
    "x-originating-ip",
    "x-proxyuser-ip",
    "x-real-*",
    "x-remote-*",
    "x-scheme",
    "x-ssl-*",
    "x-sucuri-clientip",
    "x-url-scheme",
    "x-vercel-forwarded-for",
    "x-vercel-ip-*",
];

/// What makes a server treat the request as another one: another path, another host, another method.
const OF_ANOTHER_REQUEST: Names = &[
    "http-method-override",
    "method-override",
    "x-accel-*",
    "x-http-method*",
    "x-http-path-override",
    "x-method*",
    "x-original-forwarded-*",
    "x-original-host",
    "x-original-method",
    "x-original-path",
    "x-original-remote-*",
    "x-original-uri",
    "x-original-url",
    "x-override-*",
    "x-rewrite-*",
    "x-sendfile*",
];

/// What would act on our own origin, on the caches in front of it, or on a server that hands the answer on.
const OF_AN_ORIGIN: Names = &[
    "accept-ch*",
    "access-control-*",
    "alt-svc",
    "cache-tag",
    "cdn-cache-control",
    "clear-site-data",
    "cloudflare-cdn-cache-control",
    "content-security-policy*",
    "critical-ch",
    "cross-origin-*",
    "document-policy*",
    "edge-control",
    "expect-ct",
    "feature-policy",
    "nel",
    "netlify-cdn-cache-control",
    "origin-agent-cluster",
    "permissions-policy*",
    "public-key-pins*",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-*",
    "set-cookie*",
    "set-login",
    "sourcemap",
    "speculation-rules",
    "strict-transport-security",
    "surrogate-*",
    "vercel-cdn-cache-control",
    "x-accel-*",
    "x-lighttpd-*",
    "x-sendfile*",
    "x-sourcemap",
];

/// The directives of an answer's `Cache-Control` that mean the same in a cache of the caller's own. Any other goes.
const KEPT_DIRECTIVES: [&str; 8] = [
    "immutable",
    "max-age",
    "must-revalidate",
    "must-understand",
    "no-cache",
    "no-transform",
    "stale-if-error",
    "stale-while-revalidate",
];

/// The caller's headers that the provider gets. AWS reads parameters out of `x-amz-…`, such as the operation; those that
/// sign the request are written anew.
pub(super) fn to_provider(headers: &HeaderMap, is_aws: bool) -> HeaderMap {
    let mut kept = without(headers, &[OF_THE_TRANSPORT, OF_THE_CALLER, OF_A_GATEWAY, OF_ANOTHER_REQUEST]);
    if is_aws {
        let of_aws = without(headers, &[OF_THE_TRANSPORT]);
        kept.extend(
            of_aws
                .into_iter()
                .filter(|(name, _)| name.as_ref().is_some_and(|name| name.as_str().starts_with("x-amz-"))),
        );
    }
    kept
}

/// The headers of the provider's answer that the caller gets. A page among them must not act as ours: in a browser it can
/// do nothing. And an answer belongs to whoever may use the connection, so no cache keeps it for others.
pub(super) fn to_caller(headers: &HeaderMap) -> HeaderMap {
    let mut kept = without(headers, &[OF_THE_TRANSPORT, OF_AN_ORIGIN]);
    let policy = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");
    kept.insert(CONTENT_SECURITY_POLICY, policy);
    kept.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(private) = private(&kept) {
        kept.insert(CACHE_CONTROL, private);
        kept.append(VARY, HeaderValue::from_static("Authorization"));
    }
    kept
}

/// The answer's `Cache-Control`, for the caller's own cache alone. Nothing if it must not be stored anyway.
fn private(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut directives = vec!["private".to_owned()];
    for said in headers.get_all(CACHE_CONTROL) {
        for directive in String::from_utf8_lossy(said.as_bytes()).to_ascii_lowercase().split(',') {
            let directive = directive.trim();
            let name = directive.split('=').next().unwrap_or_default().trim();
            if name == "no-store" {
                return None;
            }
            let is_plain =
                directive.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-=".contains(&byte));
            if is_plain && KEPT_DIRECTIVES.contains(&name) {
                directives.push(directive.to_owned());
            }
        }
    }
    Some(HeaderValue::from_str(&directives.join(", ")).unwrap_or(HeaderValue::from_static("private")))
}

/// The headers without those of the lists, and without those that `Connection` says are for this hop alone.
fn without(headers: &HeaderMap, lists: &[Names]) -> HeaderMap {
    let of_this_hop: Vec<String> = headers
        .get_all(CONNECTION)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| joined(&String::from_utf8_lossy(name.trim_ascii())))
        .collect();
    let stays = |name: &HeaderName| {
        let name = joined(name.as_str());
        let is_listed = lists.iter().copied().flatten().any(|listed| match listed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *listed,
        });
        !is_listed && !of_this_hop.contains(&name)
    };
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| stays(name)) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

/// A name in lower case, its words joined by hyphens.
fn joined(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}
