//! Scopes (RFC 6749 §3.3).

/// A part of the user's data that a client may be allowed to see.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    /// The scope in words, for the consent page.
    pub(super) description: &'static str,
}

/// Every scope. A request without `scope` asks for the first.
pub(super) static SCOPES: [Scope; 2] = [
    Scope { name: "profile", description: "See your name and e-mail address" },
    Scope { name: "contacts", description: "See your contacts" },
];

/// The scopes that a `scope` parameter names; `None` if it names one that is unknown.
pub(super) fn parse(parameter: Option<&str>) -> Option<Vec<&'static Scope>> {
    let Some(parameter) = parameter else { return Some(vec![&SCOPES[0]]) };
    let mut scopes = Vec::new();
    for name in parameter.split(' ') {
        let scope = SCOPES.iter().find(|scope| scope.name == name)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Some(scopes)
}

/// The scopes as a parameter's value.
pub(super) fn join(scopes: &[&Scope]) -> String {
    scopes.iter().map(|scope| scope.name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_known_names_in_any_order() {
        let parsed = |parameter| parse(parameter).map(|scopes| join(&scopes));
        assert_eq!(parsed(None).as_deref(), Some("profile"));
        assert_eq!(parsed(Some("contacts profile contacts")).as_deref(), Some("contacts profile"));
        assert_eq!(parsed(Some("profile admin")), None);
        assert_eq!(parsed(Some("profile  contacts")), None);
    }
}
