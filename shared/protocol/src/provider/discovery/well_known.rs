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
}
