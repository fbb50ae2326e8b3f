//! A connection that waits for the customer to choose what it is for, after their credentials were issued.
//!
//! What waits is sealed under a secret of the flow that both the browser and, where the workspace confirms its users, the
//! application's id of the request lead to. The table has only the hash of the browser's. What the customer posts is a
//! number; the item that it stands for is taken from here.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::unconfirmed::ConfirmationId;
use protocol::clock::Timestamp;
use protocol::definition::{Brand, Choose, Item};
use protocol::error::{Error, ErrorKey, Result};
use protocol::random::Random;
use protocol::secret::SecretMap;

/// The time that the customer has for one choice.
pub const CHOICE_LIFETIME: Duration = Duration::from_mins(10);

/// The most items that are shown.
pub const MAX_ITEMS: usize = 500;

/// The most that the items may have in bytes, values, labels and further values together.
const MAX_ITEMS_SIZE: usize = 128 * 1024;

/// The longest label that is kept, in characters.
const MAX_LABEL: usize = 200;

/// The size limit of what waits, in bytes. DynamoDB's limit for an item is 400 KiB, and the flow's memory is there too.
const MAX_SIZE: usize = 256 * 1024;

/// What waits for the customer's choice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unchosen {
    /// The credentials, as far as they are complete.
    pub credentials: SecretMap,
    /// The time when they were issued.
    pub issued_at: Timestamp,
    /// The number of the call in `afterConnect` that found the items.
    pub step: usize,
    /// The question.
    pub question: Question,
}

/// What the customer is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The look of the workspace.
    pub brand: Brand,
    /// The integration's name.
    pub integration: String,
    /// What the definition says of the choice.
    pub choose: Choose,
    /// The items.
    pub items: Vec<Item>,
    /// True if there are more than can be shown.
    pub is_cut: bool,
    /// The numbers of the items that are chosen to begin with.
    pub chosen_before: Vec<usize>,
}

impl Question {
    /// Makes a question of as many items as can be kept. `before` are the values of a connection that was there before.
    #[must_use]
    pub fn new(
        brand: Brand,
        integration: String,
        choose: Choose,
        found: Vec<Item>,
        before: &[String],
    ) -> Self {
        let (mut size, count) = (0, found.len());
        let shortened = |item: Item| Item { label: item.label.chars().take(MAX_LABEL).collect(), ..item };
        let fits = |item: &Item| {
            size += item.value.len() + item.label.len() + further_size(item);
            size <= MAX_ITEMS_SIZE
        };
        let items: Vec<Item> = found.into_iter().take(MAX_ITEMS).map(shortened).take_while(fits).collect();
        let is_before = |(number, item): (usize, &Item)| before.contains(&item.value).then_some(number);
        let chosen_before = items.iter().enumerate().filter_map(is_before);
        let chosen_before = chosen_before.take(if choose.multiple { usize::MAX } else { 1 }).collect();
        Self { brand, integration, chosen_before, is_cut: items.len() < count, items, choose }
    }

    /// Returns the items with these numbers, if they answer the question.
    #[must_use]
    pub fn chosen(&self, numbers: &[usize]) -> Option<Vec<&Item>> {
        let is_answer = if self.choose.multiple { !numbers.is_empty() } else { numbers.len() == 1 };
        numbers.iter().map(|number| self.items.get(*number)).collect::<Option<Vec<_>>>().filter(|_| is_answer)
    }
}

fn further_size(item: &Item) -> usize {
    let sizes = item.further.expose().iter().map(|(name, value)| name.len() + value.to_string().len());
    sizes.sum()
}

impl Unchosen {
    /// The error where nobody can be asked.
    #[must_use]
    pub fn not_named(&self) -> Error {
        not_named(&self.question.choose)
    }

    /// Seals it for the flow.
    ///
    /// # Errors
    ///
    /// `request_too_large`: it cannot be stored.
    pub fn seal(&self, id: &ConfirmationId, random: &dyn Random) -> Result<Vec<u8>> {
        let json = Zeroizing::new(serde_json::to_vec(self).map_err(Error::internal)?);
        if json.len() > MAX_SIZE {
            let message = "The credentials and what there is to choose from are larger than 256 KiB.";
            return Err(Error::new(ErrorKey::RequestTooLarge, message));
        }
        id.for_choice()?.seal(id.flow(), random, &json)
    }

    /// Opens it.
    pub fn open(id: &ConfirmationId, sealed: &[u8]) -> Result<Self> {
        let json = id.for_choice()?.open(id.flow(), sealed)?;
        serde_json::from_slice(&json).map_err(|_| Error::internal("what waits for a choice cannot be read"))
    }
}

/// The error for a choice that nobody made, where nobody can be asked.
#[must_use]
pub fn not_named(choose: &Choose) -> Error {
    let name = &choose.name;
    let message = format!("The account has several to connect, and {name} does not say which.");
    Error::new(ErrorKey::ParameterMissing, message).field(format!("connectorParameters.{name}"))
}

/// The error for a choice that came too late.
#[must_use]
pub fn choice_expired() -> Error {
    let message = "There were ten minutes to choose what to connect, and they are over. Please start again.";
    Error::new(ErrorKey::StateExpired, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::browser::{BrowserSecret, State};
    use protocol::definition::ReplacedTexts;
    use protocol::random::SystemRandom;

    fn question(multiple: bool, items: Vec<Item>, before: &[&str]) -> Question {
        let brand =
            Brand { name: "Acme".to_owned(), logo_uri: None, color: None, texts: ReplacedTexts::default() };
        let choose = serde_json::from_value(json!({ "as": "site", "multiple": multiple })).unwrap();
        let before: Vec<String> = before.iter().map(|&value| value.to_owned()).collect();
        Question::new(brand, "CRM".to_owned(), choose, items, &before)
    }

    fn items(count: usize) -> Vec<Item> {
        (0..count)
            .map(|n| Item { value: format!("v{n}"), label: format!("Site {n}"), ..Item::default() })
            .collect()
    }

    #[test]
    fn only_what_was_asked_is_an_answer() {
        let one = question(false, items(3), &["v1", "v2", "gone"]);
        assert_eq!(one.chosen_before, [1]);
        assert_eq!(one.chosen(&[2]).unwrap()[0].value, "v2");
        for bad in [&[][..], &[3], &[0, 1], &[usize::MAX]] {
            assert!(one.chosen(bad).is_none(), "{bad:?}");
        }
        let several = question(true, items(3), &["v1", "v2"]);
        assert_eq!(several.chosen_before, [1, 2]);
        assert_eq!(several.chosen(&[0, 2]).unwrap().len(), 2);
        assert!(several.chosen(&[]).is_none() && several.chosen(&[0, 3]).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        assert!(!question(false, items(MAX_ITEMS), &[]).is_cut);
        let many = question(false, items(MAX_ITEMS + 1), &[]);
        assert_eq!((many.items.len(), many.is_cut), (MAX_ITEMS, true));
        let long = Item { value: "v".to_owned(), label: "é".repeat(5000), ..Item::default() };
        assert_eq!(question(false, vec![long], &[]).items[0].label, "é".repeat(MAX_LABEL));
        let large = |n: usize| Item { value: format!("{n}{}", "x".repeat(60_000)), ..Item::default() };
        let cut = question(false, (0..9).map(large).collect(), &[]);
        assert_eq!((cut.items.len(), cut.is_cut), (2, true));
    }

    #[test]
    fn it_opens_for_its_flow_alone_and_not_as_anything_else() {
        let (flow, browser) = (State::draw(&SystemRandom).flow_id(), BrowserSecret::draw(&SystemRandom));
        let id = ConfirmationId::of_flow(&flow, &browser).unwrap();
        let (credentials, step) = (SecretMap::default(), 0);
        let waits =
            Unchosen { credentials, issued_at: Timestamp(1), step, question: question(false, items(2), &[]) };
        let sealed = waits.seal(&id, &SystemRandom).unwrap();
        assert_eq!(Unchosen::open(&id, &sealed).unwrap().question.items[1].value, "v1");
        let other = ConfirmationId::of_flow(&flow, &BrowserSecret::draw(&SystemRandom)).unwrap();
        assert!(Unchosen::open(&other, &sealed).is_err());
        assert!(browser.open(&flow, &sealed).is_err());
        assert!(crate::context::unconfirmed::Unconfirmed::open(&id, &sealed).is_err());
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let (flow, browser) = (State::draw(&SystemRandom).flow_id(), BrowserSecret::draw(&SystemRandom));
        let id = ConfirmationId::of_flow(&flow, &browser).unwrap();
        let mut credentials = SecretMap::default();
        credentials.insert("access_token", "x".repeat(MAX_SIZE).into());
        let question = question(false, items(2), &[]);
        let waits = Unchosen { credentials, issued_at: Timestamp(1), step: 0, question };
        assert_eq!(waits.seal(&id, &SystemRandom).unwrap_err().key(), ErrorKey::RequestTooLarge);
    }
}
