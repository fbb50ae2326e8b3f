//! The screens: pages in a frame of the application's, by which its customers connect and look after connections. Each has one
//! script, allowed by its hash, which tells the page around it how it goes. Its source is in `shared/flow/screens`.

mod body;

use askama::Template;
use bytes::Bytes;
use http::header::REFERRER_POLICY;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

pub use super::style::Theme;
pub use body::{Connect, ConnectionFace, Item, List, Window};

use super::popup_result::in_script;
use super::shown::shown;
use super::words::{Words, words};
use super::{FormPage, html, reference, style, texts_of, title_of};
use crate::lifecycle::representation::Representation;
use crate::web::form::Control;
use crate::web::security::{FormTarget, Policy};
use body::{Body, Message, Question};
use protocol::definition::Brand;
use protocol::error::Error;
use protocol::language::{self, Fill, Language, Texts};

const SCRIPT: &str = include_str!("../../../../templates/screen.js");

/// What is around a screen.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The brand of the workspace.
    pub brand: &'a Brand,
    /// The origins that may show the screen, as a content security policy writes them.
    pub origins: &'a [String],
    /// The origin of the page around it, where it is known.
    pub parent: Option<&'a str>,
    /// Its look.
    pub theme: Theme,
    /// The path that its forms go to.
    pub action: &'static str,
    /// The ticket that its forms bring.
    pub ticket: &'a str,
    /// True within the screen of a connection, which comes back when it is connected again.
    pub within: bool,
    /// True if the connection was changed since the screen was opened: the application is told when it closes.
    pub changed: bool,
}

#[derive(Template)]
#[template(path = "screen.html")]
struct Page<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: Texts<'a>,
    title: String,
    logo: &'a str,
    frame: Frame<'a>,
    body: Body<'a>,
    /// What the script is told.
    said: Value,
    script: &'static str,
    /// Before the reference.
    ask: &'a str,
}

/// A deed that a customer is asked to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The credentials are deleted.
    Disconnect,
    /// The connection is archived.
    Remove,
}

impl Deed {
    /// Reads its name in a form.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Disconnect, Self::Remove].into_iter().find(|deed| deed.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::Remove => "remove",
        }
    }
}

impl<'a> Frame<'a> {
    /// The list of what can be connected.
    #[must_use]
    pub fn list(self, list: List) -> Response<Bytes> {
        let texts = texts_of(self.brand);
        let title = texts.screens_heading.about(&self.brand.name, "");
        let images = list.images();
        self.page(title, Body::List(list)).respond(StatusCode::OK, &images)
    }

    /// The form of an integration's option, or the button that opens the window for it.
    #[must_use]
    pub fn connect(self, connect: Connect<'a>) -> Response<Bytes> {
        let form = connect.form;
        let texts = texts_of(self.brand);
        let title = texts.connect_title.about(&self.brand.name, &form.integration.name);
        let title = title_of(&texts, title, !connect.problems.is_empty() || !form.above.is_empty());
        self.page(title, Body::Connect(connect)).respond(StatusCode::OK, &[])
    }

    /// The link to the window in which it goes on.
    #[must_use]
    pub fn window(self, window: Window<'a>) -> Response<Bytes> {
        let title = texts_of(self.brand).screens_step.to_owned();
        let sign_in = json!({ "request": window.request, "url": window.url });
        let mut page = self.page(title, Body::Window(window));
        page.say("signIn", sign_in);
        page.respond(StatusCode::OK, &[])
    }

    /// It is connected: the application gets the connection, and closes the screen.
    #[must_use]
    pub fn connected(self, connection: &Representation) -> Response<Bytes> {
        let texts = texts_of(self.brand);
        let words = [texts.connected_text, texts.close_window];
        let mut page = self.message("success", texts.connected, words);
        page.say("connection", json!(connection));
        page.say("ends", true.into());
        page.respond(StatusCode::OK, &[])
    }

    /// The connection was removed.
    #[must_use]
    pub fn removed(self, connection: &Representation) -> Response<Bytes> {
        let texts = texts_of(self.brand);
        let mut page = self.message("success", texts.screens_removed, [texts.screens_removed_text, ""]);
        page.say("connection", json!(connection));
        page.respond(StatusCode::OK, &[])
    }

    /// An error in a customer's words.
    #[must_use]
    pub fn failed(self, error: &Error) -> Response<Bytes> {
        let texts = language::present().texts();
        let Words { happened, todo, ask } = words(error.key(), texts);
        let mut page = self.message("problem", texts.failed, [happened, todo]);
        page.ask = ask;
        page.respond(error.status(), &[])
    }

    /// One connection.
    #[must_use]
    pub fn connection(self, face: ConnectionFace<'a>) -> Response<Bytes> {
        let title = shown(&face.connection.name);
        let changed = self.changed.then(|| json!(face.connection));
        let is_problem = !face.problem.is_empty();
        let mut page =
            self.page(title_of(&texts_of(self.brand), title.clone(), is_problem), Body::Connection(face));
        if let Some(connection) = changed {
            page.say("connection", connection);
        }
        page.respond(StatusCode::OK, &[])
    }

    /// The question before something is done to a connection.
    #[must_use]
    pub fn question(self, deed: Deed, connection: &Representation) -> Response<Bytes> {
        let texts = texts_of(self.brand);
        let (title, text, button) = match deed {
            Deed::Disconnect => {
                (texts.screens_disconnect_heading, texts.screens_disconnect_text, texts.screens_disconnect)
            }
            Deed::Remove => (texts.screens_remove_heading, texts.screens_remove_text, texts.screens_remove),
        };
        let title = title.fill(&[("name", &shown(&connection.name))]);
        let text = text.about(&self.brand.name, "");
        let mut page = self.page(title, Body::Question(Question { text, button, deed: deed.name() }));
        if self.changed {
            page.say("connection", json!(connection));
        }
        page.respond(StatusCode::OK, &[])
    }

    fn message(self, tone: &'static str, title: &str, [text, hint]: [&'a str; 2]) -> Page<'a> {
        self.page(title.to_owned(), Body::Message(Message { tone, text, hint }))
    }

    fn page(self, title: String, body: Body<'a>) -> Page<'a> {
        let texts = texts_of(self.brand);
        Page {
            style: style::of_screen(self.brand, self.theme),
            reference: reference(),
            language: language::present(),
            title,
            logo: self.brand.logo_uri.as_deref().unwrap_or_default(),
            frame: self,
            body,
            said: json!({ "parent": self.parent, "ends": false }),
            script: SCRIPT,
            ask: texts.reference,
            texts,
        }
    }
}

impl Page<'_> {
    /// Says something to the script.
    fn say(&mut self, name: &str, value: Value) {
        self.said[name] = value;
    }

    fn data(&self) -> String {
        in_script(&self.said)
    }

    fn respond(&self, status: StatusCode, images: &[String]) -> Response<Bytes> {
        let mut images: Vec<&str> = images.iter().map(String::as_str).collect();
        images.extend(self.frame.brand.logo_uri.as_deref());
        let policy = Policy {
            style: &self.style,
            script: Some(SCRIPT),
            images: &images,
            form: FormTarget::Ours,
            ancestors: self.frame.origins,
            asks_us: true,
        };
        let mut response = html(status, self, &policy);
        // Its own forms must say where they come from.
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// What a screen says of a failure in the window: in the customer's words, with the reference for those who help.
#[must_use]
pub fn told(error: &Error) -> Value {
    let Words { happened, .. } = words(error.key(), language::present().texts());
    let reference = error.reference().map(|reference| reference.to_string());
    json!({ "happened": happened, "reference": reference.unwrap_or_default() })
}
