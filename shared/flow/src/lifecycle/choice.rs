//! The question what a connection is for, when the account has several.

use protocol::clock::Timestamp;
use protocol::definition::{Brand, Choose, Item, Registration};
use protocol::error::{Error, ErrorKey, Result, reported};
use protocol::language;
use protocol::secret::SecretMap;
use serde_json::Value;

use super::keyed::place;
use super::replaced::replaced;
use crate::connection::{ConnectRequest, Connection, ConnectionSecrets, Held};
use crate::context::choice::{Question, Unchosen, not_named};
use crate::deps::Deps;

/// Several items of which nobody has chosen yet. The credentials are complete up to here.
pub(crate) struct Several {
    /// The number of the call that found them.
    pub(crate) step: usize,
    /// The items.
    pub(crate) items: Vec<Item>,
}

/// Returns the only item, or those that the caller, the callback, the customer's input or the credentials name; nothing if
/// nobody has said which. What the caller names and the account does not have is an error: the customer must not choose
/// another one instead. So is what the callback names (`is_of_callback`), which comes through the browser and is believed
/// only because the account has it.
pub(super) fn named<'i>(
    items: &'i [Item],
    held: &Held,
    choose: &Choose,
    is_of_callback: bool,
) -> Result<Option<Vec<&'i Item>>> {
    let credential = held.credentials.expose().get(&choose.name);
    let brought =
        credential.filter(|_| is_of_callback).map(|value| proven(items, value, choose)).transpose()?;
    if let [only] = items {
        return Ok(Some(vec![only]));
    }
    if let Some(given) = held.connector_parameters.expose().get(&choose.name) {
        return found(items, given, choose).map(Some).ok_or_else(|| not_named(choose));
    }
    if brought.is_some() {
        return Ok(brought);
    }
    let given = [held.parameters.expose().get(&choose.name), credential];
    Ok(given.into_iter().flatten().find_map(|given| found(items, given, choose)))
}

/// The items that a value of the callback's stands for. Their labels, which others write, name none.
fn proven<'i>(items: &'i [Item], brought: &Value, choose: &Choose) -> Result<Vec<&'i Item>> {
    let find = |value: &String| items.iter().find(|item| item.value == *value);
    texts(brought).iter().map(find).collect::<Option<Vec<_>>>().filter(|found| !found.is_empty()).ok_or_else(
        || {
            let message = "The service's answer names something that the account does not have.";
            Error::new(ErrorKey::AuthorizationError, message).field(&choose.name)
        },
    )
}

/// The items that a value names, by their values or labels; nothing if one of them is not there.
fn found<'i>(items: &'i [Item], given: &Value, choose: &Choose) -> Option<Vec<&'i Item>> {
    let find = |given: &String| items.iter().find(|item| item.value == *given || item.label == *given);
    let texts = texts(given);
    let is_one = texts.len() == 1 && !given.is_array();
    (is_one || (choose.multiple && !texts.is_empty()))
        .then(|| texts.iter().map(find).collect::<Option<Vec<_>>>())
        .flatten()
}

/// The texts of a value: of one, or of several in an array.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Makes the question that the customer must answer before the credentials are complete.
pub(super) async fn unchosen(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    credentials: SecretMap,
    issued_at: Timestamp,
    several: Several,
) -> Result<Unchosen> {
    let Several { step, items } = several;
    let choose = choose(registration, step).ok_or_else(|| Error::internal("a question that is not asked"))?;
    let workspace = deps.definitions.workspace(&request.workspace).await?;
    let integration = deps.definitions.integration(&request.workspace, &request.integration).await?;
    let before = values_before(deps, request, registration, choose).await;
    // The page is not worth a connection: without them nothing is chosen to begin with.
    let before = reported(before, "what was chosen before was not read").unwrap_or_default();
    // The page is shown in the browser that the present work is for.
    let texts = workspace.brand.texts.only(language::present());
    let brand = Brand { texts, ..workspace.brand.clone() };
    let question = Question::new(brand, integration.name.clone(), choose.clone(), items, &before);
    Ok(Unchosen { credentials, issued_at, step, question })
}

/// What the option's call lets choose from.
fn choose(registration: &Registration, step: usize) -> Option<&Choose> {
    registration.option().after_connect.get(step)?.choose.as_ref()
}

/// Adds what the customer chose to the credentials. Returns the number of the call that is made next.
///
/// # Errors
///
/// `flow_interrupted`, if the definition asks another question by now.
pub(crate) fn decide(
    registration: &Registration,
    credentials: &mut SecretMap,
    asked: (usize, &Choose),
    chosen: &SecretMap,
) -> Result<usize> {
    let (step, question) = asked;
    if choose(registration, step)
        .is_none_or(|now| now.name != question.name || now.response != question.response)
    {
        let message = "The integration was changed before the choice was made. Please start again.";
        return Err(Error::new(ErrorKey::FlowInterrupted, message));
    }
    for (name, value) in chosen.expose() {
        credentials.insert(name, value.clone());
    }
    Ok(step + 1)
}

/// The values that the connection had which is reconnected or replaced: those of the same registration, and otherwise its
/// account.
async fn values_before(
    deps: &Deps,
    request: &ConnectRequest,
    registration: &Registration,
    choose: &Choose,
) -> Result<Vec<String>> {
    let before: Option<Connection> = match place(deps, request).await?.before {
        Some(before) => Some(before),
        None if request.allow_multiple_connections => None,
        None => replaced(deps, request).await?.into_iter().next(),
    };
    let Some(before) = before else { return Ok(Vec::new()) };
    let account = before.record.account.as_ref().and_then(|account| account.id.clone());
    if before.registration_id() == registration.id() {
        let secrets = ConnectionSecrets::open(deps, &before, registration).await?;
        if let Some(value) = secrets.held.credentials.expose().get(&choose.name) {
            return Ok(texts(value));
        }
    }
    Ok(account.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(connector: &Value, entered: &Value, credentials: &Value) -> Held {
        let map = |value: &Value| SecretMap::new(value.as_object().unwrap().clone());
        Held {
            connector_parameters: map(connector),
            parameters: map(entered),
            credentials: map(credentials),
            callback_uri: None,
        }
    }

    fn item((value, label): (&str, &str)) -> Item {
        Item { value: value.to_owned(), label: label.to_owned(), ..Item::default() }
    }

    fn of_several(multiple: bool, held: &Held, is_of_callback: bool) -> Result<Option<Vec<String>>> {
        let items = [("s1", "Acme"), ("2", "Beta"), ("s3", "Acme")].map(item);
        let choose = serde_json::from_value(json!({ "as": "site", "multiple": multiple })).unwrap();
        let named = named(&items, held, &choose, is_of_callback)?;
        Ok(named.map(|items| items.into_iter().map(|item| item.value.clone()).collect()))
    }

    fn values(multiple: bool, held: &Held) -> Result<Option<Vec<String>>> {
        of_several(multiple, held, false)
    }

    #[test]
    fn who_is_named() {
        let none = &json!({});
        let one = |value: &str| Some(vec![value.to_owned()]);
        for given in [json!("2"), json!(2), json!("Beta")] {
            assert_eq!(values(false, &held(&json!({ "site": given }), none, none)).unwrap(), one("2"));
        }
        let both = held(none, &json!({ "site": "Acme" }), &json!({ "site": "2" }));
        assert_eq!(values(false, &both).unwrap(), one("s1"));
        assert_eq!(values(false, &held(none, none, &json!({ "site": "2" }))).unwrap(), one("2"));
        assert_eq!(values(false, &held(none, &json!({ "site": "gone" }), none)).unwrap(), None);
        assert_eq!(values(false, &held(none, none, none)).unwrap(), None);
        // The caller means one that is not there: nobody else chooses in its place.
        for given in [json!("gone"), json!(["2"]), json!({}), json!("")] {
            assert!(values(false, &held(&json!({ "site": given }), none, none)).is_err(), "{given}");
        }
    }

    #[test]
    fn several_are_named_by_an_array() {
        let none = &json!({});
        let given = |value: Value| held(&json!({ "site": value }), none, none);
        let both = values(true, &given(json!(["s1", 2]))).unwrap().unwrap();
        assert_eq!(both, ["s1", "2"]);
        assert_eq!(values(true, &given(json!("Beta"))).unwrap().unwrap(), ["2"]);
        for bad in [json!([]), json!(["s1", "gone"])] {
            assert!(values(true, &given(bad)).is_err());
        }
    }

    #[test]
    fn what_the_callback_names_is_there_or_nothing_is() {
        let none = &json!({});
        let brought = |value: &str| held(none, none, &json!({ "site": value }));
        assert_eq!(of_several(false, &brought("2"), true).unwrap().unwrap(), ["2"]);
        assert_eq!(of_several(false, &held(none, none, none), true).unwrap(), None);
        // A label is none of its names, and the caller makes nothing good.
        for (caller, value) in [(none, "gone"), (none, "Beta"), (&json!({ "site": "2" }), "gone")] {
            let refused =
                of_several(false, &held(caller, none, &json!({ "site": value })), true).unwrap_err();
            assert_eq!((refused.key(), value), (ErrorKey::AuthorizationError, value));
        }
        let choose = serde_json::from_value(json!({ "as": "site" })).unwrap();
        let only = [item(("s1", "Acme"))];
        assert!(named(&only, &brought("s1"), &choose, true).unwrap().is_some());
        assert!(named(&only, &brought("gone"), &choose, true).is_err());
        assert!(named(&only, &brought("gone"), &choose, false).unwrap().is_some());
    }
}
