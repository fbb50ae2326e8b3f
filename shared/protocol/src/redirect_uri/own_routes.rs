//! The service's own routes, to which no definition and no redirect target may lead.

use std::sync::{PoisonError, RwLock};

use url::Url;

use super::http_url::is_loopback;
use crate::path::{fits, fully_decoded};

/// The most hosts that are kept. API Gateway serves few, and passes on no other.
const MOST_HOSTS: usize = 8;

/// The paths that the service answers, as API Gateway writes them: `{id}` takes one segment, `{path+}` whatever is
/// left. A test compares them with the tables of routes, which stand in the functions' crates.
pub const OWN_PATHS: &[&str] = &[
    "/connect",
    "/connection-attempt-logs",
    "/connection-options",
    "/connection-popup",
    "/connection-requests",
    "/connection-requests/{id}",
    "/connection-requests/{id}/complete",
    "/connection-choice/{flowId}",
    "/connection-result/{flowId}",
    "/connections",
    "/connections/{id}",
    "/connections/{id}/disconnect",
    "/connections/{id}/proxy",
    "/connections/{id}/proxy/{path+}",
    "/connections/{id}/refresh-credentials",
    "/connections/{id}/restore",
    "/connections/{id}/test",
    "/connectors",
    "/connectors/{key}",
    "/customers/{id}",
    "/customers/{id}/export",
    "/integrations",
    "/integrations/{key}",
    "/integrations/{key}/connector-spec",
    "/oauth-callback",
    "/oauth-callback/{integrationId}",
    "/oauth-client/{integrationId}",
    "/openapi.json",
    "/screens/connect",
    "/screens/connection",
    "/self",
    "/sse/connection-events/{requestId}",
    "/webhook-deliveries/{id}/replay",
    "/webhook-endpoints",
    "/webhook-endpoints/{id}",
    "/webhook-endpoints/{id}/deliveries",
    "/webhook-endpoints/{id}/rotate-secret",
    "/webhook-endpoints/{id}/test",
    "/workspaces",
    "/workspaces/{key}",
    "/workspaces/{key}/reseal",
];

/// The service's own routes, at the hosts where it is known to answer.
#[derive(Debug, Default)]
pub struct OwnRoutes {
    /// Each with the address that it was noted by: a request comes to the same one as the request before.
    places: RwLock<Vec<(String, Place)>>,
}

/// A place where the routes begin.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    host: String,
    port: Option<u16>,
    /// The path before the routes' own, in segments.
    prefix: Vec<String>,
}

impl OwnRoutes {
    /// Notes that the service answers at this address.
    pub fn begin_at(&self, address: &str) {
        let is_noted = |places: &[(String, Place)]| places.iter().any(|(noted, _)| noted == address);
        if is_noted(&self.places.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let Some(place) = Url::parse(address).ok().and_then(|url| Place::of(&url)) else { return };
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        if places.len() < MOST_HOSTS && places.iter().all(|(_, own)| *own != place) {
            places.push((address.to_owned(), place));
        }
    }

    /// True if the address is one of the service's own routes, however its path is written.
    #[must_use]
    pub fn have(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| self.have_url(&url))
    }

    /// The same for an address that is parsed already.
    #[must_use]
    pub fn have_url(&self, url: &Url) -> bool {
        let Some(place) = Place::of(url) else { return false };
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.iter().map(|(_, own)| own).filter(|own| own.host == place.host && own.port == place.port).any(
            |own| {
                // What stands before the service may have taken the prefix off.
                let paths = [Some(place.prefix.as_slice()), place.prefix.strip_prefix(own.prefix.as_slice())];
                let fits_one = |path: &[String]| OWN_PATHS.iter().any(|pattern| fits(pattern, path));
                paths.into_iter().flatten().any(fits_one)
            },
        )
    }
}

impl Place {
    fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_end_matches('.');
        // A loopback host's names are one place.
        let host = if is_loopback(host) { "localhost" } else { host };
        // What is encoded without end is no path of ours.
        let path = fully_decoded(url.path())?;
        let path = String::from_utf8_lossy(&path);
        let mut prefix = Vec::new();
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(prefix.pop()),
                segment => prefix.push(segment.to_owned()),
            }
        }
        Some(Self { host: host.to_owned(), port: url.port_or_known_default(), prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(places: &[&str]) -> OwnRoutes {
        let own = OwnRoutes::default();
        for place in places {
            own.begin_at(place);
        }
        own
    }

    #[test]
    fn a_route_is_found_however_it_is_written() {
        let own = own(&["https://own.example"]);
        for address in [
            "https://own.example/connect",
            "https://OWN.example:443/connect?a=b#c",
            "https://own.example./connect/",
            "https://user@own.example//connect",
            "https://own.example/%63onnect",
            "https://own.example/%2563onnect",
            "https://own.example/x/../connect",
            "https://own.example/x/%2e%2e/connect",
            "https://own.example/x/%252e%252e%252fconnect",
            "https:\\\\own.example\\connect",
            "https://own.example/connections/a%2F..%2Fb",
            "https://own.example/connections/x",
            "https://own.example/connections/x/proxy",
            "https://own.example/connections/x/proxy/a/b/c",
        ] {
            assert!(own.have(address), "{address}");
        }
        for address in [
            "https://own.example",
            "https://own.example/",
            "https://own.example/Connect",
            "https://own.example/connect/x",
            "https://own.example/connections/x/proxied",
            "https://own.example:8443/connect",
            "https://app.own.example/connect",
            "https://example/connect",
            "mailto:connect@own.example",
            "/connect",
            "",
        ] {
            assert!(!own.have(address), "{address}");
        }
    }

    #[test]
    fn the_service_may_answer_at_several_hosts_below_a_path_and_at_any_name_of_this_machine() {
        let own = own(&["https://own.example/linkspan", "http://127.0.0.1:9000", "no address"]);
        for address in [
            "https://own.example/linkspan/connect",
            "https://own.example/connect",
            "http://localhost:9000/connect",
            "http://[::1]:9000/connect",
        ] {
            assert!(own.have(address), "{address}");
        }
        assert!(!own.have("https://own.example/other/connect"));
        assert!(!own.have("http://localhost:9001/connect"));
    }
}
