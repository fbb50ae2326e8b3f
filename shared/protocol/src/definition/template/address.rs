//! Templates of providers' addresses.
//!
//! A value can fill its placeholder's part of the address and no other: in the host, letters, digits, dots and
//! hyphens; in path, query and fragment, text that is percent-encoded as a whole. The scheme, the port and the
//! literal parts of the host belong to the definition.
//!
//! If the host is one placeholder, or the address begins with one, the customer chooses the host freely. The HTTP
//! client then keeps the call off internal services: it checks the address that it connects to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::definition::check::OWN_ROUTE;
use crate::definition::host_and_path::is_host_and_path;
use crate::error::{Error, Result};
use crate::http::address::Reach;
use crate::path::{Doubt, doubt};
use crate::redirect_uri::http_url::{HttpUrl, Port};
use crate::redirect_uri::{Loopback, OwnRoutes, percent_encoded};

use super::{Choice, Part, Root, Template, Values, misconfigured};

/// The characters that may follow an authority. Any other would extend the host.
pub(super) const AUTHORITY_END: [char; 3] = ['/', '?', '#'];

/// True if the parts after a placeholder leave the authority as it is.
pub(super) fn ends_authority(rest: &[Part]) -> bool {
    match rest.first() {
        None => true,
        Some(Part::Literal(literal)) => literal.starts_with(AUTHORITY_END),
        Some(Part::Placeholder(_)) => false,
    }
}

/// The template of an absolute address. A definition holds it as that text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Address(pub(super) Template);

/// The values that fill placeholders.
#[derive(Clone, Copy)]
enum Fill<'v> {
    Values(&'v Values<'v>),
    /// A plain name, or a plain address, to find out whether the template can become an address at all.
    StandIns(Loopback),
    /// The texts for values that are missing, and stand-ins where there are none.
    Fallbacks(Loopback),
}

impl<'v> Fill<'v> {
    fn name(self, placeholder: &Choice) -> Result<Cow<'v, str>> {
        match self {
            Self::Values(values) => placeholder.resolve(values),
            Self::Fallbacks(loopback) => match placeholder.fallback() {
                Some(text) => Ok(Cow::Owned(text.to_owned())),
                None => Self::StandIns(loopback).name(placeholder),
            },
            Self::StandIns(Loopback::Refused) => Ok(Cow::Borrowed("x")),
            Self::StandIns(Loopback::Allowed) => Ok(Cow::Borrowed("localhost")),
        }
    }

    /// The same behind another part of the host. This machine is then no stand-in: nothing lies below its name.
    fn behind(self, host: &str) -> Self {
        match self {
            Self::StandIns(_) if !host.is_empty() => Self::StandIns(Loopback::Refused),
            Self::Fallbacks(_) if !host.is_empty() => Self::Fallbacks(Loopback::Refused),
            fill => fill,
        }
    }

    /// The host with its port and its path, where a customer may enter all three.
    fn authority(self, placeholder: &Choice, rest: &[Part]) -> Result<Option<String>> {
        let Self::Values(values) = self else { return Ok(None) };
        let Some(source) = placeholder.plain() else { return Ok(None) };
        if !values.is_authority(source) || !ends_authority(rest) {
            return Ok(None);
        }
        let value = placeholder.resolve(values)?;
        if !is_host_and_path(&value) {
            return Err(placeholder.refused("is no host with, perhaps, a port and a path"));
        }
        Ok(Some(value.trim_end_matches('/').to_owned()))
    }

    fn address(self, placeholder: &Choice) -> Result<Cow<'v, str>> {
        match self {
            Self::Values(values) => placeholder.resolve(values),
            Self::StandIns(_) => Ok(Cow::Borrowed("https://x.example")),
            Self::Fallbacks(_) => match placeholder.fallback() {
                Some(text) => Ok(Cow::Owned(text.to_owned())),
                None => Ok(Cow::Borrowed("https://x.example")),
            },
        }
    }
}

impl From<Template> for Address {
    fn from(template: Template) -> Self {
        Self(template)
    }
}

impl From<Address> for Template {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl Address {
    /// Reads a template. Only rendering shows whether it is one of an address.
    ///
    /// # Errors
    ///
    /// Those of [`Template::parse`].
    pub fn parse(source: &str) -> Result<Self> {
        Template::parse(source).map(Self)
    }

    /// The text that it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The template.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.0
    }

    /// Fills the placeholders.
    ///
    /// # Errors
    ///
    /// `input_invalid` that names the field, when a value is missing or does not fit where it stands;
    /// `configuration_invalid` when the template itself is no https URL (loopback hosts aside, where `loopback`
    /// allows them), or has a placeholder where none can be: in the scheme, the userinfo or the port.
    pub fn render(&self, values: &Values<'_>, loopback: Loopback) -> Result<Url> {
        self.fill(Fill::Values(values), loopback).map_err(|fault| match fault {
            Fault::Template(fault) => misconfigured(format!("The address {fault}.")),
            Fault::Value(error) => error,
        })
    }

    /// The reason why no value can make an address of it, as the end of a sentence that begins with the setting.
    pub(in crate::definition) fn problem(&self, loopback: Loopback, own: &OwnRoutes) -> Option<String> {
        if let Some(choice) = self.0.choices().find(|choice| choice.is_optional()) {
            return Some(format!("has `{choice}`, which may be missing: an address needs all of its parts"));
        }
        let has_fallback = self.0.choices().any(|choice| choice.fallback().is_some());
        let filled = [Fill::StandIns(loopback), Fill::Fallbacks(loopback)];
        filled[..=usize::from(has_fallback)].iter().find_map(|fill| self.problem_of(*fill, loopback, own))
    }

    fn problem_of(&self, fill: Fill<'_>, loopback: Loopback, own: &OwnRoutes) -> Option<String> {
        let url = match self.fill(fill, loopback) {
            Ok(url) => url,
            Err(Fault::Template(fault)) => return Some(fault),
            Err(Fault::Value(error)) => return Some(format!("makes no address: {}", error.message())),
        };
        let reach = match loopback {
            Loopback::Allowed => Reach::PublicAndLoopback,
            Loopback::Refused => Reach::Public,
        };
        let literal = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            Some(url::Host::Domain(_)) | None => None,
        };
        if literal.is_some_and(|address| !reach.allows(address)) {
            return Some("is a private address, which is never called".to_owned());
        }
        own.have_url(&url).then(|| OWN_ROUTE.to_owned())
    }

    /// True if it has a fragment.
    pub(in crate::definition) fn has_fragment(&self) -> bool {
        self.0.literals().any(|literal| literal.contains('#'))
    }

    /// The reason why no path can be appended to it.
    pub(in crate::definition) fn base_problem(&self) -> Option<&'static str> {
        let is_open = self.has_fragment() || self.as_str().contains('?');
        is_open.then_some("has a query or a fragment, where the paths of calls follow")
    }

    /// The names of the parameters in its own query, and in the one behind its `#`.
    pub(in crate::definition) fn query_names(&self) -> Vec<String> {
        let queries = self.as_str().split('#').filter_map(|part| part.split_once('?'));
        let pairs = queries.flat_map(|(_, query)| form_urlencoded::parse(query.as_bytes()));
        pairs.map(|(name, _)| name.into_owned()).collect()
    }

    fn fill(&self, fill: Fill<'_>, loopback: Loopback) -> Result<Url, Fault> {
        let (base, rest) = match self.0.parts.split_first() {
            Some((Part::Placeholder(placeholder), rest)) => Base::given(placeholder, rest, fill)?,
            Some((Part::Literal(literal), rest)) => Base::literal(literal, rest, fill, loopback)?,
            None => return Err(Fault::Template("is empty".to_owned())),
        };
        let promised = HttpUrl::parse(&base.text).and_then(|url| url.admit(loopback).map(|()| url));
        let promised = promised.map_err(|fault| blame(base.from, fault))?;
        let Port::Number(port) = promised.port else {
            return Err(blame(base.from, "has no port"));
        };

        let (text, last) = finish(&base, rest, fill)?;
        let blamed = |fault| blame(last.or(base.from), fault);
        HttpUrl::parse(&text).map_err(blamed)?;
        let url = Url::parse(&text).map_err(|_| blamed("cannot be read"))?;
        // An encoded separator is in no doubt here: it goes out as it stands, and no gateway is in between.
        if doubt(url.path()) == Some(Doubt::Unreadable) {
            return Err(blamed(Doubt::Unreadable.problem()));
        }
        // The steps above ensure this already. But no address may ever leave here with another host than the one that
        // was checked.
        let is_kept = url.scheme() == promised.scheme.to_string()
            && url.host_str() == Some(&promised.host)
            && url.port_or_known_default() == Some(port)
            && url.username().is_empty()
            && url.password().is_none();
        if is_kept { Ok(url) } else { Err(blamed("leads elsewhere")) }
    }
}

/// The reason why there is no address.
enum Fault {
    /// The template is not one of an address. The text is the end of a sentence that begins with the template.
    Template(String),
    /// A value does not fit where it stands.
    Value(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Value(error)
    }
}

/// The address up to and without the template's path.
struct Base<'t> {
    text: String,
    /// The rest of the literal in which the authority ended.
    remainder: &'t str,
    /// The placeholder that chose all or part of the host.
    from: Option<&'t Choice>,
}

impl<'t> Base<'t> {
    /// The base of an address that begins with a placeholder. The value is an absolute URL of its own, perhaps with a
    /// path.
    fn given(placeholder: &'t Choice, rest: &'t [Part], fill: Fill<'_>) -> Result<(Self, &'t [Part]), Fault> {
        may_name_a_host(placeholder, fill)?;
        let (remainder, rest) = match rest.split_first() {
            None => ("", rest),
            Some((Part::Literal(literal), rest)) if literal.starts_with(AUTHORITY_END) => {
                (literal.as_str(), rest)
            }
            Some(_) => {
                return Err(Fault::Template(format!(
                    "begins with `{placeholder}`, so that a `/` must follow"
                )));
            }
        };
        let value = fill.address(placeholder)?;
        let url = HttpUrl::parse(&value).map_err(|fault| placeholder.refused(fault))?;
        if url.query.is_some() || url.fragment.is_some() {
            return Err(placeholder.refused("has a query or a fragment").into());
        }
        let text = value.trim_end_matches('/').to_owned();
        Ok((Self { text, remainder, from: Some(placeholder) }, rest))
    }

    /// The base of an address that begins with its scheme. Placeholders may stand in the host.
    fn literal(
        first: &'t str,
        mut rest: &'t [Part],
        fill: Fill<'_>,
        loopback: Loopback,
    ) -> Result<(Self, &'t [Part]), Fault> {
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
                return Err(Fault::Template(format!(
                    "has `{placeholder}` in its port, which must be literal"
                )));
            }
            may_name_a_host(placeholder, fill)?;
            match fill.authority(placeholder, after)?.filter(|_| authority.is_empty()) {
                // It is checked with the address up to here.
                Some(whole) => base.text.push_str(&whole),
                None => authority.push_str(&host_part(placeholder, fill.behind(&authority))?),
            }
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

/// Connector parameters come through the browser, and no schema binds them: they name no host. Any other value must fit its
/// schema here too: an import, a provider's answer or an older definition can have brought it past that.
fn may_name_a_host(placeholder: &Choice, fill: Fill<'_>) -> Result<(), Fault> {
    let is_given = |root| {
        use Root::{Callback, ConnectorParameters, Random, Request, Signed};
        matches!(root, ConnectorParameters | Random | Signed | Request | Callback)
    };
    if placeholder.sources().any(|source| is_given(source.root())) {
        return Err(Fault::Template(format!(
            "has the placeholder `{placeholder}` in its host, where it cannot stand"
        )));
    }
    match fill {
        Fill::Values(values) => Ok(placeholder.check_names_host(values)?),
        Fill::StandIns(_) | Fill::Fallbacks(_) => Ok(()),
    }
}

fn host_part(placeholder: &Choice, fill: Fill<'_>) -> Result<String, Fault> {
    let value = fill.name(placeholder)?;
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    // An empty label at either end would turn the literal text beside it into labels of its own.
    if !is_plain || value.split('.').any(str::is_empty) {
        let fault = "stands in a host name: letters, digits, hyphens and single dots only";
        return Err(placeholder.refused(fault).into());
    }
    Ok(value.into_owned())
}

/// Appends the parts that follow the authority. Returns the last placeholder among them too.
fn finish<'t>(
    base: &Base<'t>,
    rest: &'t [Part],
    fill: Fill<'_>,
) -> Result<(String, Option<&'t Choice>), Fault> {
    let mut text = base.text.clone();
    let mut last = None;
    push_literal(&mut text, base.remainder)?;
    for part in rest {
        match part {
            Part::Literal(literal) => push_literal(&mut text, literal)?,
            Part::Placeholder(placeholder) => {
                let value = fill.name(placeholder)?;
                // Percent-encoding leaves dots as they are, and browsers even read `%2e` as one (WHATWG URL §4.5).
                if matches!(&*value, "." | "..") && !text.contains(['?', '#']) {
                    return Err(placeholder.refused("would be no name in the path, but a step in it").into());
                }
                text.push_str(&percent_encoded(&value));
                last = Some(placeholder);
            }
        }
    }
    Ok((text, last))
}

/// Blames the template for its own text here, so that nobody is asked to correct an input that is not at fault.
fn push_literal(text: &mut String, literal: &str) -> Result<(), Fault> {
    if literal.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(bad_address("has a backslash, whitespace or a control character in it"));
    }
    text.push_str(literal);
    Ok(())
}

/// Blames the placeholder at the fault, or the template if there is none.
fn blame(from: Option<&Choice>, fault: &str) -> Fault {
    from.map_or_else(
        || bad_address(fault),
        |from| from.refused(&format!("makes an address that {fault}")).into(),
    )
}

fn bad_address(fault: &str) -> Fault {
    Fault::Template(format!("cannot be used: it {fault}"))
}
