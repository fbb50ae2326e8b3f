//! One address: a browser that starts at `localhost` is sent to `127.0.0.1`.
//!
//! The providers call back to 127.0.0.1, which is another host to a browser: a flow that began at `localhost` would
//! come back without its cookie.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The paths where flows begin.
const STARTS: [&str; 2] = ["/connection-popup", "/connect"];

/// Redirects a start at `localhost` to the same address at `base`. The status is 307, so that a POST stays a POST.
pub(crate) async fn redirect_starts(State(base): State<Arc<str>>, request: Request, next: Next) -> Response {
    match elsewhere(&base, &request) {
        Some(location) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response(),
        None => next.run(request).await,
    }
}

fn elsewhere(base: &str, request: &Request) -> Option<HeaderValue> {
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let port = host.strip_prefix("localhost:")?;
    let is_ours = base.strip_prefix("http://127.0.0.1:") == Some(port);
    let uri = request.uri();
    if !is_ours || !STARTS.contains(&uri.path()) {
        return None;
    }
    HeaderValue::from_str(&format!("{base}{}", uri.path_and_query()?)).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_a_start_at_localhost_is_sent_elsewhere() {
        let answer = |host: &str, path: &str| {
            let request = Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap();
            elsewhere("http://127.0.0.1:9000", &request).map(|location| location.to_str().unwrap().to_owned())
        };
        let expected = Some("http://127.0.0.1:9000/connect?a=b%20c".to_owned());
        assert_eq!(answer("localhost:9000", "/connect?a=b%20c"), expected);
        assert_eq!(answer("127.0.0.1:9000", "/connect"), None);
        assert_eq!(answer("localhost:9001", "/connect"), None);
        assert_eq!(answer("localhost:9000", "/connections"), None);
        assert_eq!(answer("app.example:9000", "/connect"), None);
    }
}
