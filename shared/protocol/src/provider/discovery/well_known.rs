//! Where metadata stands: well-known addresses (RFC 8615).

use url::Url;

/// Where the metadata of an issuer can be, in the order in which it is looked for. An issuer's path goes behind the
/// well-known one (RFC 8414 §3.1); `OpenID` Connect Discovery 1.0 §4.1 puts it before.
pub(super) fn of_issuer(issuer: &str) -> Vec<String> {
    let Ok(url) = Url::parse(issuer) else { return Vec::new() };
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = url.clone();
        url.set_path(&path);
        url.to_string()
    };
    let mut places = vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("/.well-known/openid-configuration{path}")),
    ];
    if !path.is_empty() {
        places.push(at(format!("{path}/.well-known/openid-configuration")));
    }
    places
}

/// Where a protected resource's metadata can be (RFC 9728 §3.1), each with the identifier that it is about: the resource's
/// path goes behind the well-known one, and a host may have one description for all that it serves.
pub(super) fn of_server(address: &str) -> Vec<(String, String)> {
    let Ok(url) = Url::parse(address) else { return Vec::new() };
    let at = |path: &str| {
        let mut url = url.clone();
        url.set_path(path);
        url.to_string()
    };
    let own = "/.well-known/oauth-protected-resource";
    let root = (at(own), at("/"));
    match url.path().trim_end_matches('/') {
        "" => vec![root],
        path => vec![(at(&format!("{own}{path}")), address.to_owned()), root],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuers_path_is_inserted_and_appended() {
        assert_eq!(
            of_issuer("https://a.example/tenant/1/"),
            [
                "https://a.example/.well-known/oauth-authorization-server/tenant/1",
                "https://a.example/.well-known/openid-configuration/tenant/1",
                "https://a.example/tenant/1/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn an_issuer_without_a_path_has_two_places() {
        for issuer in ["https://a.example:8443", "https://a.example:8443/"] {
            assert_eq!(
                of_issuer(issuer),
                [
                    "https://a.example:8443/.well-known/oauth-authorization-server",
                    "https://a.example:8443/.well-known/openid-configuration",
                ],
                "{issuer}"
            );
        }
    }

    #[test]
    fn a_server_describes_itself_at_its_path_or_at_its_root() {
        let root = (
            "https://a.example/.well-known/oauth-protected-resource".to_owned(),
            "https://a.example/".to_owned(),
        );
        assert_eq!(
            of_server("https://a.example/v1/mcp"),
            [
                (
                    "https://a.example/.well-known/oauth-protected-resource/v1/mcp".to_owned(),
                    "https://a.example/v1/mcp".to_owned()
                ),
                root.clone(),
            ]
        );
        assert_eq!(of_server("https://a.example"), [root]);
    }
}
