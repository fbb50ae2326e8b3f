//! What passes through the proxy besides path and body: nothing that lies about who called, nothing that turns the request
//! into another one, and no answer that a cache keeps for others.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request};
use tests::provider::{ACCESS_TOKEN, Reply};
use tests::tokens::{self, CUSTOMER, WORKSPACE};
use tests::{Answer, Start, World};

/// Every header of the kind, as its best-known servers write it.
const STAY_BEHIND: &[&str] = &[
    // Another path, another host, another method.
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Host",
    "X-Original-Method",
    "X-Rewrite-URL",
    "X-Rewrite-URI",
    "X-Override-URL",
    "X-Accel-Redirect",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Method",
    "Method-Override",
    "X-HTTP-Path-Override",
    "X-HTTP-Host-Override",
    "X-Host",
    // Who called, and how.
    "Forwarded",
    "X-Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-User",
    "X-Forward-For",
    "X-Original-Forwarded-For",
    "X-Original-Remote-Addr",
    "X-Real-IP",
    "X-Real-Port",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-Remote-User",
    "X-ProxyUser-Ip",
    "X-Custom-IP-Authorization",
    "X-Client-Cert",
    "X-SSL-Client-Verify",
    "X-Scheme",
    "X-Url-Scheme",
    "Front-End-Https",
    "Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF-IPCountry",
    "CF-Ray",
    "CF-Visitor",
    "CF-Worker",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "Akamai-Origin-Hop",
    "X-Vercel-Forwarded-For",
    "X-Vercel-IP-Country",
    "X-Envoy-External-Address",
    "X-Envoy-Original-Path",
    "X-Azure-ClientIP",
    "X-ARR-SSL",
    "X-AppEngine-User-IP",
    "X-Amzn-Trace-Id",
    "X-Amzn-Oidc-Data",
    "X-Amz-Cf-Id",
    // One hop, or our own.
    "Via",
    "CDN-Loop",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "TE",
    "Trailer",
    "Upgrade",
    "HTTP2-Settings",
    "Expect",
    "Max-Forwards",
    "Early-Data",
    "Cookie",
    "Cookie2",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Accept-Encoding",
    "Access-Control-Request-Method",
    "membrane-api-version",
];

/// What APIs have of their own, some of it with names close to the above.
const GO_ON: &[&str] = &[
    "Accept",
    "Accept-Language",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Notion-Version",
    "Prefer",
    "Range",
    "User-Agent",
    "X-Api-Key",
    "X-Client-Id",
    "X-Client-Secret",
    "X-Client-Version",
    "X-GitHub-Api-Version",
    "X-Goog-User-Project",
    "X-HTTP-Client",
    "X-Original-Filename",
    "X-Request-Id",
    "X-Requested-With",
    "X-Shopify-Access-Token",
    "CF-Access-Client-Id",
    "anthropic-version",
];

async fn connected() -> (World, String) {
    let world = World::new().await;
    let id = world.connect(&world.browser(), &Start::new()).await.connection_id();
    (world, id)
}

async fn call(world: &World, id: &str, headers: &[(&str, &str)]) -> Answer {
    let token = tokens::customer(WORKSPACE, CUSTOMER);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("/connections/{id}/proxy/me"))
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.browser().send(request.body(Bytes::new()).unwrap()).await
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

#[tokio::test(start_paused = true)]
async fn headers_that_a_provider_might_believe_stay_behind() {
    let (world, id) = connected().await;
    // CGI sees one header in all of them.
    let spellings: [fn(&str) -> String; 3] =
        [str::to_owned, |name| name.replace('-', "_"), |name| name.replace('-', ".")];
    for spelling in spellings {
        let names: Vec<String> = STAY_BEHIND.iter().chain(GO_ON).map(|name| spelling(name)).collect();
        let headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "/admin")).collect();
        call(&world, &id, &headers).await;
        let sent = world.provider.calls_to("/api/me").pop().unwrap();
        assert_eq!(sent.method, Method::POST);
        assert_eq!(sent.header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
        let arrived: BTreeSet<String> = sent.headers.keys().map(|name| name.as_str().to_owned()).collect();
        let stays: Vec<String> = STAY_BEHIND.iter().map(|name| spelling(name).to_ascii_lowercase()).collect();
        let wrong: Vec<&String> = stays.iter().filter(|name| arrived.contains(*name)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        for name in GO_ON {
            assert!(arrived.contains(&spelling(name).to_ascii_lowercase()), "{name}");
        }
    }
}

/// RFC 9110 §7.6.1.
#[tokio::test(start_paused = true)]
async fn what_connection_names_is_for_one_hop_in_both_directions() {
    let (world, id) = connected().await;
    let reply = Reply::body(200, "text/plain", "")
        .with("connection", "X-Hop, close")
        .with("x-hop", "1")
        .with("x-end", "1");
    world.provider.next("/api/me", reply);
    let headers = [
        ("connection", "close, X-Hop"),
        ("connection", "x-other"),
        ("x-hop", "1"),
        ("x-other", "1"),
        ("x-end", "1"),
    ];
    let answer = call(&world, &id, &headers).await;
    let sent = world.provider.calls_to("/api/me").pop().unwrap();
    assert_eq!((sent.header("x-hop"), sent.header("x-other"), sent.header("x-end")), ("", "", "1"));
    assert_eq!((answer.header("x-hop"), answer.header("x-end")), ("", "1"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_nobody_else() {
    let (world, id) = connected().await;
    for (said, expected) in [
        (vec![], "private"),
        (vec!["public"], "private"),
        (vec!["public, max-age=3600, s-maxage=9000"], "private, max-age=3600"),
        (vec!["max-age=60", "Public, Immutable"], "private, max-age=60, immutable"),
        (vec!["private"], "private"),
        (vec!["private=\"set-cookie, x\", max-age=5"], "private, max-age=5"),
        (vec!["no-cache=\"set-cookie\""], "private"),
        (vec!["no-cache, must-revalidate"], "private, no-cache, must-revalidate"),
        (vec!["proxy-revalidate, surrogate=1, x"], "private"),
        (vec!["no-store"], "no-store"),
        (vec!["No-Store, max-age=0"], "No-Store, max-age=0"),
        (vec!["public", "no-store"], "public"),
    ] {
        let mut reply = Reply::body(200, "text/plain", "");
        for value in &said {
            reply = reply.with("cache-control", value);
        }
        world.provider.next("/api/me", reply);
        let answer = call(&world, &id, &[]).await;
        assert_eq!(answer.header("cache-control"), expected, "{said:?}");
        let says_no_store = said.iter().any(|value| value.to_ascii_lowercase().contains("no-store"));
        let kept: Vec<_> = answer.headers.get_all("cache-control").iter().collect();
        assert_eq!(kept.len(), if says_no_store { said.len() } else { 1 }, "{said:?}");
        assert_eq!(answer.header("vary"), if says_no_store { "" } else { "Authorization" }, "{said:?}");
    }
}

/// Neither our origin, nor a cache or a server in front of it, obeys a provider.
#[tokio::test(start_paused = true)]
async fn headers_that_act_on_our_origin_stay_behind() {
    let (world, id) = connected().await;
    let names = [
        "Accept-CH",
        "Access-Control-Allow-Credentials",
        "Alt-Svc",
        "CDN-Cache-Control",
        "Clear-Site-Data",
        "Cloudflare-CDN-Cache-Control",
        "Content-Security-Policy-Report-Only",
        "Critical-CH",
        "Cross-Origin-Embedder-Policy",
        "Edge-Control",
        "Keep-Alive",
        "NEL",
        "Origin-Agent-Cluster",
        "Permissions-Policy",
        "Proxy-Authenticate",
        "Refresh",
        "Report-To",
        "Reporting-Endpoints",
        "Service-Worker-Allowed",
        "Set-Cookie",
        "SourceMap",
        "Speculation-Rules",
        "Strict-Transport-Security",
        "Surrogate-Control",
        "X-Accel-Expires",
        "X-Accel-Redirect",
        "X-Sendfile",
    ];
    let mut reply = Reply::body(200, "text/html", "<p>");
    for name in names {
        reply = reply.with(name, "1");
    }
    for name in ["ETag", "Last-Modified", "Link", "Retry-After", "X-RateLimit-Remaining", "WWW-Authenticate"]
    {
        reply = reply.with(name, "1");
    }
    world.provider.next("/api/me", reply);
    let answer = call(&world, &id, &[]).await;
    let arrived: BTreeSet<String> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
    let wrong: Vec<String> = named(&names).intersection(&arrived).cloned().collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    for name in ["etag", "last-modified", "link", "retry-after", "x-ratelimit-remaining", "www-authenticate"]
    {
        assert_eq!(answer.header(name), "1", "{name}");
    }
    assert!(answer.header("content-security-policy").contains("sandbox"));
}
