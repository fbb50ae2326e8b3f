//! A form on a page of ours, as a browser reads and sends it.

use bytes::Bytes;
use http::Request;
use url::form_urlencoded;

use crate::Answer;
use crate::browser::HOST;

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    action: String,
    /// The origin that its page lets the browser tell.
    origin: String,
    /// The controls in order.
    pub controls: Vec<Control>,
}

/// A control of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The name that its value is sent under.
    pub name: String,
    /// `hidden`, `text`, `password`, `checkbox`, `submit`, `select`, …
    pub kind: String,
    /// The current value.
    pub value: String,
    /// True if it must be filled in.
    pub required: bool,
}

impl Form {
    /// The page's one form.
    #[must_use]
    pub fn read(page: &Answer) -> Self {
        let mut forms = Self::all(page);
        assert_eq!(forms.len(), 1, "{}", page.body);
        forms.remove(0)
    }

    /// The page's form that has this control.
    #[must_use]
    pub fn with(page: &Answer, name: &str) -> Self {
        let mut forms = Self::all(page).into_iter();
        let found = forms.find(|form| form.controls.iter().any(|control| control.name == name));
        found.unwrap_or_else(|| panic!("no form with {name}: {}", page.body))
    }

    /// All forms of a page.
    #[must_use]
    pub fn all(page: &Answer) -> Vec<Self> {
        // A page that sends no referrer has forms without an origin (Fetch §3.2).
        let origin = match page.header("referrer-policy") {
            "same-origin" => format!("https://{HOST}"),
            _ => "null".to_owned(),
        };
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        let forms = page.body.split("<form ").skip(1).map(|form| {
            let (tag, rest) = form.split_once('>').unwrap();
            assert_eq!(attribute(tag, "method").as_deref(), Some("post"));
            let rest = rest.split_once("</form>").unwrap().0;
            let origin = origin.clone();
            Self { action: attribute(tag, "action").unwrap(), origin, controls: controls(rest) }
        });
        forms.collect()
    }

    /// The control of this name.
    #[must_use]
    pub fn control(&self, name: &str) -> &Control {
        self.controls.iter().find(|control| control.name == name).unwrap()
    }

    /// The controls that the customer fills in: name, kind, and whether each is required.
    #[must_use]
    pub fn asked(&self) -> Vec<(&str, &str, bool)> {
        let filled = self.controls.iter().filter(|control| control.name.starts_with("input/"));
        filled.map(|control| (&*control.name, &*control.kind, control.required)).collect()
    }

    /// The form with this text typed into a control.
    #[must_use]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        let control = self.controls.iter_mut().find(|control| control.name == name).unwrap();
        value.clone_into(&mut control.value);
        self
    }

    /// The request that a button sends: a named button, or the first, which has no name.
    #[must_use]
    pub fn press(&self, button: Option<(&str, &str)>) -> Request<Bytes> {
        let sent =
            self.controls.iter().filter(|control| !matches!(&*control.kind, "submit" | "checkbox" | "radio"));
        let pairs = sent.map(|control| (&*control.name, &*control.value)).chain(button);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Request::post(&self.action)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", "document")
            .body(body.into())
            .unwrap()
    }

    /// The request that the form sends.
    #[must_use]
    pub fn submit(&self) -> Request<Bytes> {
        self.press(None)
    }
}

/// The controls in order. The value of a select is that of the chosen option.
fn controls(form: &str) -> Vec<Control> {
    let mut controls: Vec<Control> = Vec::new();
    for tag in form.split('<') {
        if let (Some(option), Some(select)) = (tag.strip_prefix("option "), controls.last_mut()) {
            let attributes = option.split('>').next().unwrap_or_default();
            if attributes.ends_with(" selected") {
                select.value = attribute(attributes, "value").unwrap_or_default();
            }
        }
        controls.extend(Control::read(tag));
    }
    controls
}

impl Control {
    fn read(tag: &str) -> Option<Self> {
        let (element, attributes) = tag.split_once('>')?.0.split_once(' ')?;
        let kind = match element {
            "input" => attribute(attributes, "type").unwrap(),
            // What the screen does not show, on however many lines.
            "textarea" if attribute(attributes, "class").as_deref() == Some("secret") => {
                "password".to_owned()
            }
            "select" | "textarea" => element.to_owned(),
            "button" => "submit".to_owned(),
            _ => return None,
        };
        Some(Self {
            name: attribute(attributes, "name").unwrap_or_default(),
            kind,
            value: attribute(attributes, "value").unwrap_or_default(),
            required: attributes.split(' ').any(|attribute| attribute == "required"),
        })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = format!(" {tag}");
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| unescaped(value))
}

fn unescaped(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
