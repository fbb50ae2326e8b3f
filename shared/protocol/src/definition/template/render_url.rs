//! Addresses of providers from templates.
//!
//! A value can choose what the placeholder stands for and nothing else: in the host, letters, digits, dots and
//! hyphens; in path, query and fragment, text that is percent-encoded as a whole. Scheme, port and the literal parts
//! of the host are the definition's.
//!
//! A host that is one placeholder, or an address that begins with one, is the customer's choice altogether. What
//! keeps it off internal services is the HTTP client, which looks at the address that it connects to.

use url::Url;

use crate::error::{Error, Result};
use crate::redirect_uri::http_url::{HttpUrl, Port};
use crate::redirect_uri::{Loopback, percent_encoded};

use super::{Part, Placeholder, Root, Template, Values, misconfigured};

/// What may follow an authority; anything else would prolong the host.
const AUTHORITY_END: [char; 3] = ['/', '?', '#'];

impl Template {
    /// Fills the placeholders of an absolute URL.
    ///
    /// # Errors
    ///
    /// `input_invalid` that names the field, when a value is missing or does not fit where it stands;
    /// `configuration_invalid` when the template itself is no https URL (loopback hosts aside, where `loopback`
    /// allows them), or has a placeholder where none can be: in the scheme, the userinfo or the port.
    pub fn render_url(&self, values: &Values<'_>, loopback: Loopback) -> Result<Url> {
        let (base, rest) = match self.parts.split_first() {
            Some((Part::Placeholder(placeholder), rest)) => Base::given(placeholder, rest, values)?,
            Some((Part::Literal(literal), rest)) => Base::literal(literal, rest, values, loopback)?,
            None => return Err(misconfigured("The address is empty.".to_owned())),
        };
        let promised = HttpUrl::parse(&base.text).and_then(|url| url.admit(loopback).map(|()| url));
        let promised = promised.map_err(|fault| blame(base.from, fault))?;
        let Port::Number(port) = promised.port else {
            return Err(blame(base.from, "has no port"));
        };

        let (text, last) = finish(&base, rest, values)?;
        let blamed = |fault| blame(last.or(base.from), fault);
        HttpUrl::parse(&text).map_err(blamed)?;
        let url = Url::parse(&text).map_err(|_| blamed("cannot be read"))?;
        // So by construction; but no address may ever leave here with another host than the one that was looked at.
        let is_kept = url.scheme() == promised.scheme.to_string()
            && url.host_str() == Some(&promised.host)
            && url.port_or_known_default() == Some(port)
            && url.username().is_empty()
            && url.password().is_none();
        if is_kept { Ok(url) } else { Err(blamed("leads elsewhere")) }
    }
}

/// The address up to and without the template's path.
struct Base<'t> {
    text: String,
    /// The literal that follows in the part where the authority ended.
    remainder: &'t str,
    /// The placeholder that chose the host, or some of it.
    from: Option<&'t Placeholder>,
}

impl<'t> Base<'t> {
    /// An address that begins with a placeholder: its value is an absolute URL of its own, perhaps with a path.
    fn given(
        placeholder: &'t Placeholder,
        rest: &'t [Part],
        values: &Values<'_>,
    ) -> Result<(Self, &'t [Part])> {
        may_name_a_host(placeholder)?;
        let (remainder, rest) = match rest.split_first() {
            None => ("", rest),
            Some((Part::Literal(literal), rest)) if literal.starts_with(AUTHORITY_END) => {
                (literal.as_str(), rest)
            }
            Some(_) => {
                let message =
                    format!("In an address that begins with `{placeholder}`, a `/` must follow it.");
                return Err(misconfigured(message));
            }
        };
        let value = placeholder.resolve(values)?;
        let url = HttpUrl::parse(&value).map_err(|fault| placeholder.refused(fault))?;
        if url.query.is_some() || url.fragment.is_some() {
            return Err(placeholder.refused("has a query or a fragment"));
        }
        let text = value.trim_end_matches('/').to_owned();
        Ok((Self { text, remainder, from: Some(placeholder) }, rest))
    }

    /// An address that begins with its scheme; placeholders may stand in the host.
    fn literal(
        first: &'t str,
        mut rest: &'t [Part],
        values: &Values<'_>,
        loopback: Loopback,
    ) -> Result<(Self, &'t [Part])> {
        let (scheme, mut literal) = first.split_once("://").unwrap_or_default();
        let is_local_http = scheme.eq_ignore_ascii_case("http") && loopback == Loopback::Allowed;
        if !is_local_http && !scheme.eq_ignore_ascii_case("https") {
            return Err(bad_address("does not begin with `https://`"));
        }
        let mut base = Self { text: format!("{scheme}://"), remainder: "", from: None };
        let mut authority = String::new();
        loop {
            let end = literal.find(AUTHORITY_END);
            let (host, remainder) = literal.split_at(end.unwrap_or(literal.len()));
            if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b)) {
                return Err(bad_address("has a host that is not in its plain form"));
            }
            authority.push_str(host);
            base.remainder = remainder;
            let Some((Part::Placeholder(placeholder), after)) = rest.split_first().filter(|_| end.is_none())
            else {
                break;
            };
            if authority.contains(':') {
                return Err(misconfigured(format!(
                    "`{placeholder}` stands in the port, which must be literal."
                )));
            }
            authority.push_str(&host_part(placeholder, values)?);
            base.from = Some(placeholder);
            (literal, rest) = match after.split_first() {
                Some((Part::Literal(literal), rest)) => (literal.as_str(), rest),
                _ => ("", after),
            };
        }
        base.text.push_str(&authority);
        Ok((base, rest))
    }
}

/// What the caller gave for the connector comes through the customer's browser, and no schema binds it: the host that
/// gets a secret is not its to name.
fn may_name_a_host(placeholder: &Placeholder) -> Result<()> {
    if placeholder.root() == Root::ConnectorParameters {
        return Err(misconfigured(format!("The placeholder `{placeholder}` cannot stand in a host name.")));
    }
    Ok(())
}

fn host_part(placeholder: &Placeholder, values: &Values<'_>) -> Result<String> {
    may_name_a_host(placeholder)?;
    let value = placeholder.resolve(values)?;
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    // An empty label at either end would make labels of their own out of the literal text beside it.
    if !is_plain || value.split('.').any(str::is_empty) {
        return Err(
            placeholder.refused("stands in a host name: letters, digits, hyphens and single dots only")
        );
    }
    Ok(value.into_owned())
}

/// Appends what follows the authority, and says which placeholder was the last in it.
fn finish<'t>(
    base: &Base<'t>,
    rest: &'t [Part],
    values: &Values<'_>,
) -> Result<(String, Option<&'t Placeholder>)> {
    let mut text = base.text.clone();
    let mut last = None;
    push_literal(&mut text, base.remainder)?;
    for part in rest {
        match part {
            Part::Literal(literal) => push_literal(&mut text, literal)?,
            Part::Placeholder(placeholder) => {
                let value = placeholder.resolve(values)?;
                // Percent-encoding leaves dots as they are, and browsers take even `%2e` for one (WHATWG URL §4.5).
                if matches!(&*value, "." | "..") && !text.contains(['?', '#']) {
                    return Err(placeholder.refused("would be no name in the path, but a step in it"));
                }
                text.push_str(&percent_encoded(&value));
                last = Some(placeholder);
            }
        }
    }
    Ok((text, last))
}

/// Told apart here, so that nobody is asked to correct an input that is not to blame.
fn push_literal(text: &mut String, literal: &str) -> Result<()> {
    if literal.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(bad_address("has a backslash, whitespace or a control character in it"));
    }
    text.push_str(literal);
    Ok(())
}

/// Blames the placeholder that stood where the fault is, or the template when there was none.
fn blame(from: Option<&Placeholder>, fault: &str) -> Error {
    from.map_or_else(|| bad_address(fault), |from| from.refused(&format!("makes an address that {fault}")))
}

fn bad_address(fault: &str) -> Error {
    misconfigured(format!("The address cannot be used: it {fault}."))
}
