//! What stands on a screen.

use protocol::definition::{AuthOption, Integration};
use protocol::language;
use url::Url;

use super::super::shown::shown;
use super::super::words::words;
use super::{FormPage, Representation};
use crate::lifecycle::representation::State;
use crate::web::form::Field;

/// The most sites that a list shows logos of. The policy names each, in a header that the gateway bounds.
const MOST_LOGO_SITES: usize = 40;

/// What stands on a screen.
pub(super) enum Body<'a> {
    List(List),
    Connect(Connect<'a>),
    Window(Window<'a>),
    Message(Message<'a>),
    Connection(ConnectionFace<'a>),
    Question(Question<'a>),
}

/// A list of what can be connected.
pub struct List {
    /// What is searched for; empty if nothing is.
    pub(super) search: String,
    pub(super) items: Vec<Item>,
}

/// One of them.
pub struct Item {
    pub(super) key: String,
    pub(super) name: String,
    /// The address of its logo; empty if none is shown.
    pub(super) logo: String,
    pub(super) is_found: bool,
}

impl List {
    /// The list, by name, with what is found by a search.
    #[must_use]
    pub fn of(integrations: &[std::sync::Arc<Integration>], search: &str) -> Self {
        let wanted = search.trim().to_lowercase();
        let mut items: Vec<Item> = integrations
            .iter()
            .map(|integration| Item {
                key: integration.key.clone(),
                name: shown(&integration.name),
                logo: integration.logo_uri.clone().unwrap_or_default(),
                is_found: integration.name.to_lowercase().contains(&wanted),
            })
            .collect();
        items.sort_by_cached_key(|item| (item.name.to_lowercase(), item.key.clone()));
        let mut sites = Vec::new();
        for item in &mut items {
            match site(&item.logo) {
                Some(site) if sites.contains(&site) => {}
                Some(site) if sites.len() < MOST_LOGO_SITES => sites.push(site),
                _ => item.logo.clear(),
            }
        }
        Self { search: shown(search), items }
    }

    /// The sites that the logos come from.
    pub(super) fn images(&self) -> Vec<String> {
        let mut sites: Vec<String> = self.items.iter().filter_map(|item| site(&item.logo)).collect();
        sites.sort();
        sites.dedup();
        sites
    }

    pub(super) fn finds_any(&self) -> bool {
        self.items.iter().any(|item| item.is_found)
    }
}

/// The site of an address, as a policy names all that lies there.
fn site(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(Url::has_host)?;
    Some(format!("{}/", url.origin().ascii_serialization()))
}

impl Item {
    /// What stands in the place of a logo.
    pub(super) fn initial(&self) -> String {
        self.name.chars().next().into_iter().flat_map(char::to_uppercase).collect()
    }
}

/// The form of an option.
pub struct Connect<'a> {
    pub(super) form: &'a FormPage<'a>,
    pub(super) problems: Vec<&'a Field>,
    pub(super) others: Vec<&'a AuthOption>,
    pub(super) opens_window: bool,
    pub(super) goes_back: bool,
}

impl<'a> Connect<'a> {
    /// The form. `opens_window` says that it goes on in a window, `goes_back` that a list led here.
    #[must_use]
    pub fn of(form: &'a FormPage<'a>, opens_window: bool, goes_back: bool) -> Self {
        Self { form, problems: form.problems(), others: form.others(), opens_window, goes_back }
    }
}

/// A sign-in that waits for its window.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// The id of the connection request.
    pub request: &'a str,
    /// Where the window begins.
    pub url: &'a str,
}

/// A message.
pub(super) struct Message<'a> {
    pub(super) tone: &'static str,
    pub(super) text: &'a str,
    pub(super) hint: &'a str,
}

/// A question.
pub(super) struct Question<'a> {
    pub(super) text: String,
    pub(super) button: &'a str,
    pub(super) deed: &'static str,
}

/// A connection, as its customer sees it.
pub struct ConnectionFace<'a> {
    /// The connection.
    pub connection: &'a Representation,
    /// The name in the field: the connection's, or what was entered.
    pub entered: &'a str,
    /// The problem with it; empty if there is none.
    pub problem: String,
    /// True if the name was changed just now.
    pub saved: bool,
    /// True if the token may connect.
    pub may_reconnect: bool,
    /// True if the token may change connections.
    pub may_change: bool,
}

impl ConnectionFace<'_> {
    pub(super) fn name(&self) -> String {
        shown(&self.connection.name)
    }

    pub(super) fn is_ready(&self) -> bool {
        self.connection.state == State::Ready
    }

    /// The service's name; empty if the connection is called so.
    pub(super) fn integration(&self) -> String {
        let face = self.connection.integration.as_ref().filter(|face| face.name != self.connection.name);
        face.map(|face| shown(&face.name)).unwrap_or_default()
    }

    /// The account's name at the service; empty if it is not known.
    pub(super) fn account(&self) -> String {
        let account = self.connection.account.as_ref();
        account.and_then(|account| account.name.as_deref()).map(shown).unwrap_or_default()
    }

    /// What is wrong with it, in the customer's words; empty if nothing is.
    pub(super) fn happened(&self) -> &'static str {
        let error = self.connection.error.as_ref();
        error.map(|error| words(error.key(), language::present().texts()).happened).unwrap_or_default()
    }
}
