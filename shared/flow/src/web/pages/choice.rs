//! The page where the customer chooses what the connection is for.

use askama::Template;
use bytes::Bytes;
use http::{Response, StatusCode};

use super::shown::shown;
use super::{html, reference, style, texts_of, title_of};
use crate::context::choice::Unchosen;
use crate::context::flow_id::FlowId;
use crate::web::security::Policy;
use protocol::definition::Item;
use protocol::language::{self, Fill, Language, Texts};

/// The most items that are shown as buttons beside each other. More are a list that opens.
const MAX_BUTTONS: usize = 8;

#[derive(Template)]
#[template(path = "choice.html")]
struct Page<'a> {
    style: String,
    reference: String,
    language: Language,
    texts: Texts<'a>,
    title: String,
    logo: &'a str,
    brand: &'a str,
    /// What is said if not all items are shown.
    cut: String,
    unchosen: &'a Unchosen,
    items: Vec<Shown>,
    flow: &'a str,
    kind: Kind,
    is_long: bool,
    is_problem: bool,
}

/// How the items are chosen.
#[derive(PartialEq, Eq)]
enum Kind {
    Radio,
    Select,
    Checkbox,
}

/// An item as the page shows it.
struct Shown {
    number: usize,
    label: String,
    is_chosen: bool,
}

/// Draws the page. `is_problem` says that the last answer was none.
#[must_use]
pub fn choice(unchosen: &Unchosen, flow: &FlowId, is_problem: bool) -> Response<Bytes> {
    let question = &unchosen.question;
    let logo = question.brand.logo_uri.as_deref();
    let is_long = question.items.len() > MAX_BUTTONS;
    let (texts, brand) = (texts_of(&question.brand), &question.brand.name);
    let title = texts.choice_title.about(brand, &question.integration);
    let page = Page {
        style: style::branded(&question.brand),
        reference: reference(),
        language: language::present(),
        title: title_of(&texts, title, is_problem),
        cut: texts.choice_cut.fill(&[("count", &question.items.len().to_string()), ("brand", brand)]),
        texts,
        brand,
        logo: logo.unwrap_or_default(),
        unchosen,
        items: labels(&question.items)
            .into_iter()
            .enumerate()
            .map(|(number, label)| Shown {
                number,
                label,
                is_chosen: question.chosen_before.contains(&number),
            })
            .collect(),
        flow: flow.as_str(),
        kind: match (question.choose.multiple, is_long) {
            (true, _) => Kind::Checkbox,
            (false, true) => Kind::Select,
            (false, false) => Kind::Radio,
        },
        is_long,
        is_problem,
    };
    let policy = Policy::of_form(&page.style, logo.as_slice());
    html(StatusCode::OK, &page, &policy)
}

/// The labels as the customer reads them. Those that look the same have their values beside them.
fn labels(items: &[Item]) -> Vec<String> {
    let labels: Vec<String> = items.iter().map(|item| shown(&item.label)).collect();
    let mut times = std::collections::BTreeMap::new();
    for label in &labels {
        *times.entry(label.as_str()).or_insert(0) += 1;
    }
    let told_apart = |(label, item): (&String, &Item)| match times.get(label.as_str()) {
        Some(1) if !label.trim().is_empty() => label.clone(),
        _ => format!("{label} ({})", shown(&item.value)),
    };
    labels.iter().zip(items).map(told_apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart() {
        let item = |value: &str, label: &str| Item {
            value: value.to_owned(),
            label: label.to_owned(),
            ..Item::default()
        };
        let items = [item("1", "Acme"), item("2", "Beta"), item("3", "Ac\u{202e}me"), item("4", " ")];
        assert_eq!(labels(&items), ["Acme (1)", "Beta", "Acme (3)", "  (4)"]);
    }
}
