//! The page that hands a result to the window that waits for it, as that window's browser reads it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Answer;

/// The page's behaviour.
#[derive(Debug)]
pub struct PopupResult {
    /// The message that the page posts.
    pub message: Value,
    /// The origins that may hear it.
    pub origins: Vec<String>,
    /// True if the message goes to the window around an iframe, false if to the window that opened the popup.
    pub around: bool,
    /// The content security policy, by directive.
    pub policy: Vec<(String, String)>,
}

impl PopupResult {
    /// Reads the page. Its one script must be the one that its policy allows.
    #[must_use]
    pub fn read(page: &Answer) -> Self {
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        let scripts: Vec<&str> = page.body.split("<script").skip(1).collect();
        let [data, script] = scripts[..] else { panic!("two elements: data and script: {}", page.body) };
        let data = data.strip_prefix(r#" type="application/json" id="result">"#).unwrap();
        let data: Value = serde_json::from_str(inner(data)).unwrap();
        let policy: Vec<(String, String)> = page
            .header("content-security-policy")
            .split("; ")
            .map(|directive| directive.split_once(' ').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let hash = digest(&SHA256, inner(script.strip_prefix('>').unwrap()).as_bytes());
        let read = Self {
            message: data["message"].clone(),
            origins: data["origins"].as_array().unwrap().iter().map(text).collect(),
            around: data["around"].as_bool().unwrap(),
            policy,
        };
        assert_eq!(read.directive("script-src"), format!("'sha256-{}'", STANDARD.encode(hash)));
        assert_eq!((read.directive("default-src"), read.directive("base-uri")), ("'none'", "'none'"));
        read
    }

    /// A directive of the policy, which must be there once.
    #[must_use]
    pub fn directive(&self, name: &str) -> &str {
        let mut found = self.policy.iter().filter(|(given, _)| given == name);
        let (Some((_, value)), None) = (found.next(), found.next()) else { panic!("{name}: {self:?}") };
        value
    }
}

/// An element ends at the first end tag, whatever its text means (HTML §13.2.5.15).
fn inner(element: &str) -> &str {
    element.split_once("</script").unwrap().0
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
