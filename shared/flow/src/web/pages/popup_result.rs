//! The page that posts a popup's result to the waiting window, and closes.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::words::{Words, words};
use super::{html, reference, style};
use crate::context::outcome::Outcome;
use crate::context::target::Listener;
use crate::web::security::{FormTarget, Policy};
use protocol::language::{self, Language, Texts};

const SCRIPT: &str = include_str!("../../../templates/popup_result.js");

#[derive(Template)]
#[template(path = "popup_result.html")]
struct PopupResult {
    style: String,
    reference: String,
    language: Language,
    texts: &'static Texts<'static>,
    script: &'static str,
    data: String,
    tone: &'static str,
    title: &'static str,
    text: &'static str,
    hint: &'static str,
    ask: &'static str,
}

/// Posts `message` to the listener's origins. If no window listens, the page shows the result in words.
#[must_use]
pub fn popup_result(outcome: &Outcome, listener: &Listener, message: &Value) -> Response<Bytes> {
    let texts = language::present().texts();
    let (tone, title, [text, hint, ask]) = match outcome {
        Outcome::Connected { .. } => {
            ("success", texts.connected, [texts.connected_text, texts.close_window, ""])
        }
        Outcome::Unconfirmed(_) => ("working", texts.not_finished, [texts.go_back, texts.close_window, ""]),
        Outcome::Failed(error) => {
            let Words { happened, todo, ask } = words(error.key(), texts);
            ("problem", texts.failed, [happened, todo, ask])
        }
    };
    let data = json!({ "message": message, "origins": listener.origins, "around": listener.around });
    let page = PopupResult {
        style: style::plain(),
        reference: reference(),
        language: language::present(),
        texts,
        script: SCRIPT,
        data: in_script(&data),
        tone,
        title,
        text,
        hint,
        ask,
    };
    let policy = Policy {
        style: &page.style,
        script: Some(SCRIPT),
        images: &[],
        form: FormTarget::None,
        ancestors: if listener.around { &listener.origins } else { &[] },
        asks_us: false,
    };
    html(StatusCode::OK, &page, &policy)
}

/// Writes JSON for a script element. Nothing in it can end the element or begin a comment.
pub(super) fn in_script(data: &Value) -> String {
    data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_element() {
        let data = json!({ "name": "</script><!--<script>alert(1)&amp;" });
        let text = in_script(&data);
        assert!(!text.contains(['<', '>', '&']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), data);
    }
}
