//! Where an address leads, as its template says it.

use super::address::{AUTHORITY_END, Address};
use super::{Part, Placeholder, Root};

/// The scheme, the host and the port that a template's addresses have, with the placeholders that stand in them. A
/// placeholder in the place of another is another destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::definition) struct Destination {
    text: String,
    is_entered: bool,
    is_teams: bool,
    has_placeholder: bool,
    teams: Vec<Placeholder>,
}

impl Destination {
    /// The destination of an address.
    pub(in crate::definition) fn of(address: &Address) -> Self {
        let mut text = String::new();
        let (mut has_input, mut has_placeholder, mut bound_from) = (false, false, 0);
        let mut teams = Vec::new();
        for part in &address.template().parts {
            match part {
                Part::Literal(literal) => {
                    // Schemes and hosts are the same in either case (RFC 3986 §6.2.2.1).
                    let literal = literal.to_ascii_lowercase();
                    let start = if text.is_empty() { literal.find("://").map_or(0, |at| at + 3) } else { 0 };
                    let end = literal[start..].find(AUTHORITY_END).map(|end| start + end);
                    text.push_str(&literal[..end.unwrap_or(literal.len())]);
                    if end.is_some() {
                        break;
                    }
                }
                Part::Placeholder(placeholder) => {
                    text.push_str(&placeholder.to_string());
                    // A callback parameter can stand in an address of `config` too.
                    let is_given = |root| matches!(root, Root::Parameters | Root::Credentials);
                    has_input |= placeholder.sources().any(|source| is_given(source.root()));
                    let of_team = placeholder.sources().filter(|source| source.root() == Root::Integration);
                    teams.extend(of_team.cloned());
                    has_placeholder = true;
                    bound_from = text.len();
                }
            }
        }
        let is_open = text[bound_from..].matches('.').count() < 2;
        let default_port = if text.starts_with("http://") { ":80" } else { ":443" };
        if let Some(portless) = text.strip_suffix(default_port) {
            text = portless.to_owned();
        }
        let is_teams = is_open && !teams.is_empty();
        Self { text, is_entered: has_input && is_open, is_teams, has_placeholder, teams }
    }

    /// True if what comes through the browser chooses the domain: then only the option's schema, or the closed list of a
    /// callback parameter, says where it may lead.
    pub(in crate::definition) fn is_entered(&self) -> bool {
        self.is_entered
    }

    /// True if a parameter of the integration chooses the domain: then only `parametersSchema` says where it may lead.
    pub(in crate::definition) fn is_teams(&self) -> bool {
        self.is_teams
    }

    /// True if any placeholder stands in it.
    pub(in crate::definition) fn has_placeholder(&self) -> bool {
        self.has_placeholder
    }

    /// The placeholders of the integration's parameters in it.
    pub(in crate::definition) fn teams(&self) -> &[Placeholder] {
        &self.teams
    }

    /// The scheme, the host and the port as they are written.
    pub(in crate::definition) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Destination {
        Destination::of(&Address::parse(address).unwrap())
    }

    #[test]
    fn scheme_host_port_and_placeholders_count_and_nothing_else() {
        let here = of("https://${parameters.a}.x.example/token?a=b#c");
        for same in ["https://${parameters.a}.X.example", "HTTPS://${parameters.a}.x.example:443?b"] {
            assert_eq!(of(same), here, "{same}");
        }
        for other in [
            "http://${parameters.a}.x.example",
            "https://${parameters.a}.x.example:80",
            "https://${parameters.A}.x.example",
            "https://${credentials.a}.x.example",
            "https://a.x.example",
            "https://${parameters.a}${parameters.a}.x.example",
            "${parameters.a}.x.example",
        ] {
            assert_ne!(of(other), here, "{other}");
        }
        assert_eq!(of("http://127.0.0.1:80/"), of("http://127.0.0.1"));
        assert_ne!(of("http://127.0.0.1:443"), of("http://127.0.0.1"));
    }

    #[test]
    fn a_customer_names_the_host_unless_a_domain_follows() {
        for (address, is_entered) in [
            ("https://x.example", false),
            ("https://${parameters.a}.x.example", false),
            ("https://x.example/${parameters.a}", false),
            ("${credentials.a}/token", true),
            ("${parameters.a}/token.x.example", true),
            ("https://${parameters.a}", true),
            ("https://${parameters.a}.example", true),
            ("https://${parameters.a}x.example", true),
            ("https://x.example.${parameters.a}", true),
            ("https://${parameters.a}.${credentials.b.c.d}", true),
        ] {
            assert_eq!(of(address).is_entered(), is_entered, "{address}");
        }
    }
}
