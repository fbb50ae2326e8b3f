//! Completes credentials by the calls that the definition describes.

use protocol::deadline::Deadline;
use protocol::definition::{AfterConnect, Item, Occasion, Registration};
use protocol::error::{Result, reported};
use protocol::provider::after_connect::{Added, make};
use protocol::provider::maker::Maker;
use protocol::record;

use super::choice::{Several, named};
use super::registration::signing_secrets;
use crate::connection::ConnectionSecrets;
use crate::context::choice::not_named;
use crate::deps::Deps;

/// Makes the option's calls for new credentials from the one with this number on, in their order: each sees what those
/// before it have added. It stops where somebody must choose; the credentials are complete up to there.
pub(crate) async fn complete(
    deps: &Deps,
    registration: &Registration,
    secrets: &mut ConnectionSecrets,
    first: usize,
    deadline: Deadline,
) -> Result<Option<Several>> {
    let calls = registration.option().after_connect.iter().enumerate().skip(first);
    for (step, call) in calls.filter(|(_, call)| call.on.includes(Occasion::Connect)) {
        record::step("complete");
        match answer(deps, registration, secrets, call, deadline).await {
            Ok(added) => {
                if let Some(items) = add(registration, secrets, call, added)? {
                    return Ok(Some(Several { step, items }));
                }
            }
            Err(error) if call.optional => error.note("credentials were not completed"),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Makes the option's calls for credentials that were refreshed. These are not lost for what they were to be completed
/// by: what was there before stays.
pub(crate) async fn complete_refreshed(
    deps: &Deps,
    registration: &Registration,
    secrets: &mut ConnectionSecrets,
    deadline: Deadline,
) {
    let calls = registration.option().after_connect.iter();
    for call in calls.filter(|call| call.on.includes(Occasion::Refresh)) {
        record::step("complete");
        let answered = answer(deps, registration, secrets, call, deadline).await;
        let added = match (answered.and_then(|added| add(registration, secrets, call, added)), &call.choose) {
            // Nobody is there to choose.
            (Ok(Some(_)), Some(choose)) => Err(not_named(choose)),
            (added, _) => added.map(drop),
        };
        reported(added, "credentials were not completed");
    }
}

async fn answer(
    deps: &Deps,
    registration: &Registration,
    secrets: &ConnectionSecrets,
    call: &AfterConnect,
    deadline: Deadline,
) -> Result<Added> {
    let signing = signing_secrets(deps, registration).await?;
    let api = deps.calls(deadline.provider());
    let maker = Maker::new(&api, secrets.values(registration)?, &signing);
    Ok(make(&api, call, &maker).await?)
}

/// Adds what a call brought to the credentials. Returns the items if somebody must choose.
fn add(
    registration: &Registration,
    secrets: &mut ConnectionSecrets,
    call: &AfterConnect,
    added: Added,
) -> Result<Option<Vec<Item>>> {
    let (mut values, items) = match added {
        Added::Values(values) => (values, None),
        Added::Choice(values, items) => (values, Some(items)),
    };
    let mut open = None;
    if let (Some(items), Some(choose)) = (items, &call.choose) {
        let is_of_callback = registration.option().callback_brings(&choose.name);
        match named(&items, &secrets.held, choose, is_of_callback)? {
            Some(chosen) => {
                values.extend(choose.credentials(chosen).expose().clone());
            }
            None => open = Some(items),
        }
    }
    for (name, value) in values {
        secrets.held.credentials.insert(&name, value);
    }
    Ok(open)
}
