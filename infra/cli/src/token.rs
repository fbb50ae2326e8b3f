//! `linkspan token`: a token for a customer, or a management token.

use std::time::Duration;

use clap::{ArgGroup, Args};
use protocol::token::{DEFAULT_LIFETIME, Scope, is_customer_id};
use serde_json::{Map, Value, json};

use crate::output::Output;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::signer::Bearer;
use crate::yaml;

/// Whom the token is for, what it is limited to, and how long it lasts.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("bearer").required(true).args(["customer", "admin"]))]
pub(crate) struct TokenArgs {
    /// For this customer: their id in your application
    #[arg(long, value_name = "ID", value_parser = customer_id)]
    customer: Option<String>,
    /// A management token: for your backend alone
    #[arg(long)]
    admin: bool,
    /// The customer's name, for pages
    #[arg(long, requires = "customer")]
    name: Option<String>,
    /// What `GET /self` returns as `fields`: an object in JSON
    #[arg(long, requires = "customer", value_name = "JSON", value_parser = fields)]
    fields: Option<Map<String, Value>>,
    /// Only what this scope allows, such as connections:read; can be given several times
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// How long it lasts: 90s, 15m, 8h, 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = lifetime)]
    lifetime: Duration,
}

/// Prints the token alone, so that a shell can take it: `TOKEN=$(linkspan token --admin)`.
pub(crate) fn run(settings: &Settings, output: Output, args: &TokenArgs) -> Result<(), Problem> {
    let bearer = match &args.customer {
        Some(id) => Bearer::Customer { id: id.clone(), name: args.name.clone(), fields: args.fields.clone() },
        None => Bearer::Admin,
    };
    let workspace = settings.workspace()?;
    let claims = (&bearer, &*args.scopes);
    let minted = settings.signer()?.mint(workspace, settings.audience.as_deref(), claims, args.lifetime)?;
    if args.lifetime > DEFAULT_LIFETIME {
        output.note("A workspace takes no token of more than 24 hours, unless its maxTokenLifetime says so.");
    }
    if output.json {
        output.value(&json!({ "token": *minted.token, "expiresAt": minted.expires.to_whole_rfc3339() }));
    } else {
        output.line(&*minted.token);
    }
    Ok(())
}

fn customer_id(text: &str) -> Result<String, &'static str> {
    is_customer_id(text)
        .then(|| text.to_owned())
        .ok_or("a customer's id has 1 to 255 bytes, and no control characters")
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::named(text).ok_or_else(|| {
        let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        format!("the scopes are {}", known.join(", "))
    })
}

fn fields(text: &str) -> Result<Map<String, Value>, String> {
    yaml::object(text)
}

/// The lifetime of a token.
fn lifetime(text: &str) -> Result<Duration, &'static str> {
    const FAULT: &str = "give a number and its unit: 90s, 15m, 8h or 7d";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(FAULT)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(FAULT),
    };
    let number: u32 = number.parse().map_err(|_| FAULT)?;
    if number == 0 { Err(FAULT) } else { Ok(Duration::from_secs(u64::from(number) * seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit() {
        assert_eq!(lifetime("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(lifetime("7d"), Ok(Duration::from_hours(7 * 24)));
        for text in ["", "h", "10", "0m", "-1h", "1.5h", "1w", "1ü"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }
}
