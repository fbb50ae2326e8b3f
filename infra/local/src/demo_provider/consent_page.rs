//! The page where a user allows or denies, in either protocol.

use askama::Template;

use super::Product;
use super::users::User;

/// The page's content.
#[derive(Template)]
#[template(path = "demo_provider/consent.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) product: Product,
    /// The pending request.
    pub(super) id: &'a str,
    /// The path that the decision is posted to.
    pub(super) action: &'static str,
    /// The name of the client that asks.
    pub(super) client_name: &'a str,
    pub(super) user: &'static User,
    pub(super) wishes: Vec<Wish>,
    pub(super) fault_groups: Vec<FaultChoices>,
    /// A sentence on how the request itself can ask for a fault.
    pub(super) example: &'static str,
}

/// An action that the client asks to be allowed.
pub(super) struct Wish {
    pub(super) description: &'static str,
    pub(super) name: &'static str,
}

/// Ways to fail that belong together.
pub(super) struct FaultChoices {
    pub(super) title: &'static str,
    pub(super) choices: Vec<FaultChoice>,
}

/// A way to fail.
pub(super) struct FaultChoice {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// True if the request itself asked for it.
    pub(super) selected: bool,
}

impl ConsentPage<'_> {
    fn asks_to_fail(&self) -> bool {
        self.fault_groups.iter().flat_map(|group| &group.choices).any(|choice| choice.selected)
    }
}
