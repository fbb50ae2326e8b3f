//! Completes credentials by the calls that the definition describes.

use protocol::deadline::Deadline;
use protocol::definition::{AfterConnect, Occasion, Registration};
use protocol::error::{Error, ErrorKey, Result};
use protocol::provider::after_connect::{Added, Item, make};
use protocol::provider::maker::Maker;
use serde_json::Value;

use super::registration::signing_secrets;
use crate::connection::ConnectionSecrets;
use crate::deps::Deps;

/// Makes the option's calls for the occasion, in their order: each sees what those before it have added.
pub(crate) async fn complete(
    deps: &Deps,
    registration: &Registration,
    secrets: &mut ConnectionSecrets,
    occasion: Occasion,
    deadline: Deadline,
) -> Result<()> {
    let calls: Vec<&AfterConnect> =
        registration.option().after_connect.iter().filter(|call| call.on.includes(occasion)).collect();
    if calls.is_empty() {
        return Ok(());
    }
    let signing = signing_secrets(deps, registration).await?;
    let api = deps.calls(deadline.provider());
    for call in calls {
        let maker = Maker::new(&api, secrets.values(registration)?, &signing);
        let made = make(&api, call, &maker).await.map_err(Error::from);
        drop(maker);
        // New credentials are not lost for what they were to be completed by: what was there before stays.
        let may_fail = call.optional || occasion == Occasion::Refresh;
        let added = match made {
            Ok(added) => added,
            Err(error) if may_fail => {
                error.report("credentials were not completed");
                continue;
            }
            Err(error) => return Err(error),
        };
        let values = match added {
            Added::Values(values) => values,
            Added::Choice(mut values, items) => {
                if let Some(choose) = &call.choose {
                    let chosen = chosen(&items, secrets, &choose.name)?;
                    values.insert(choose.name.clone(), Value::from(chosen.value.clone()));
                }
                values
            }
        };
        for (name, value) in values {
            secrets.held.credentials.insert(&name, value);
        }
    }
    Ok(())
}

/// The item that was chosen: by the caller, by the customer's input, or when the customer connected.
fn chosen<'i>(items: &'i [Item], secrets: &ConnectionSecrets, name: &str) -> Result<&'i Item> {
    let held = &secrets.held;
    let sources = [&held.connector_parameters, &held.parameters, &held.credentials];
    let given = sources.iter().find_map(|source| source.expose().get(name)).and_then(Value::as_str);
    let wanted = given.and_then(|given| items.iter().find(|item| item.value == given || item.label == given));
    wanted.ok_or_else(|| {
        let message = format!("The account has several to connect, and {name} does not say which.");
        Error::new(ErrorKey::ParameterMissing, message).field(format!("connectorParameters.{name}"))
    })
}
