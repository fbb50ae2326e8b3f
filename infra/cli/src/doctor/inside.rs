//! What a workspace's key shows of a deployment.

use http::Method;
use serde_json::Value;
use url::Url;

use super::{Finding, Findings};
use crate::client::{Client, encoded};
use crate::problem::Problem;
use crate::settings::Authority;
use crate::signer::Bearer;

/// Who the customer's token is for. Nothing is written for them.
const CUSTOMER: &str = "linkspan-doctor";

/// How many names a line has.
const NAMED: usize = 5;

pub(super) async fn check(client: &Client, url: &Url, findings: &mut Findings) {
    let integrations = match client.get("/integrations").await {
        Ok(listed) => listed["items"].as_array().cloned().unwrap_or_default(),
        Err(problem) => return findings.add(Finding::of_problem("key", &problem)),
    };
    findings.add(Finding::fine("key", "a management token is accepted"));
    findings.add(customer(client).await);
    findings
        .add(callback(client, url).await.unwrap_or_else(|problem| Finding::of_problem("callback", &problem)));
    let checked = definitions(client, &integrations).await;
    for finding in checked.unwrap_or_else(|problem| vec![Finding::of_problem("definitions", &problem)]) {
        findings.add(finding);
    }
    findings.add(
        connections(client).await.unwrap_or_else(|problem| Finding::of_problem("connections", &problem)),
    );
}

/// Whether customers' tokens are taken, as a backend makes them.
async fn customer(client: &Client) -> Finding {
    let bearer = Bearer::Customer { id: CUSTOMER.to_owned(), name: None, fields: None };
    if matches!(client.authority(), Some(Authority::Token(_))) {
        return Finding::skipped(
            "customers",
            "one token signs no others: give the workspace's secret or key",
        );
    }
    let answer = match client.token(&bearer) {
        Ok(token) => {
            client.send(&Method::GET, "/self", Some(&token), None).await.map_err(|error| error.problem())
        }
        Err(problem) => Err(problem),
    };
    match answer {
        Ok(answer) if answer.body["id"] == CUSTOMER => {
            Finding::fine("customers", "a customer's token is accepted")
        }
        Ok(answer) => Finding::of_problem("customers", &answer.refusal()),
        Err(problem) => Finding::of_problem("customers", &problem),
    }
}

/// Whether browsers come back to the address that was asked. The deployment says what is registered at providers.
async fn callback(client: &Client, url: &Url) -> Result<Finding, Problem> {
    let page = client.get("/connectors?limit=1").await?;
    let key = page["items"][0]["key"].as_str().unwrap_or_default();
    let connector = client.get(&format!("/connectors/{}", encoded(key))).await?;
    let address = connector["oAuthCallbackUri"].as_str().unwrap_or_default();
    let base = address.split("/oauth-callback/").next().unwrap_or_default();
    if base != url.as_str().trim_end_matches('/') {
        let found = format!("providers send browsers back to {base}");
        let advice = "Give customers and backends that address, or set PublicUrl to this one: a flow that begins at another host cannot finish.";
        return Ok(Finding::broken("callback", found, advice));
    }
    // Without a state it is refused, by the function that is meant.
    let answer =
        client.send(&Method::GET, "/oauth-callback", None, None).await.map_err(|error| error.problem())?;
    match answer.body["key"].as_str() {
        Some("state_missing") => Ok(Finding::fine("callback", format!("{base}/oauth-callback/… answers"))),
        _ => Ok(Finding::broken(
            "callback",
            format!("{base}/oauth-callback answers with {}", answer.status),
            "The callback function does not answer: see its log, and the API's routes.",
        )),
    }
}

/// Whether all definitions can work, and have their connectors as they are now.
async fn definitions(client: &Client, integrations: &[Value]) -> Result<Vec<Finding>, Problem> {
    let (mut unready, mut behind) = (Vec::new(), Vec::new());
    for integration in integrations {
        let key = integration["key"].as_str().unwrap_or_default();
        let Some(shown) = client.find(&format!("/integrations/{}", encoded(key))).await? else { continue };
        if shown["state"] != "READY" {
            let problem = &shown["problems"][0];
            let text = |name: &str| problem[name].as_str().unwrap_or_default();
            unready.push(format!("{key} ({} {})", text("field"), text("problem")));
        }
        if !shown["latestConnectorVersion"].is_null() {
            behind.push(key.to_owned());
        }
    }
    let ready = if unready.is_empty() {
        Finding::fine("definitions", format!("{} integrations, all ready", integrations.len()))
    } else {
        let found = format!("need setup: {}", some_of(&unready));
        Finding::look("definitions", found, "Correct them and put them again.")
    };
    let current = if behind.is_empty() {
        Finding::fine("connectors", "every integration has its connector as it is now")
    } else {
        let found = format!("changed since: {}", some_of(&behind));
        Finding::look(
            "connectors",
            found,
            "`linkspan integration diff` shows what a put brings; it takes the connector as it is now.",
        )
    };
    Ok(vec![ready, current])
}

/// Whether customers must do something, as far as one page shows.
async fn connections(client: &Client) -> Result<Finding, Problem> {
    let page = client.get("/connections?limit=1000").await?;
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |holds: fn(&Value) -> bool| items.iter().filter(|item| holds(item)).count();
    let disconnected = count(|item| item["disconnected"] == true);
    let failing = count(|item| item["disconnected"] != true && !item["error"].is_null());
    let of = if page["cursor"].is_null() {
        format!("{}", items.len())
    } else {
        format!("the first {}", items.len())
    };
    let found = format!("of {of}, {disconnected} disconnected, {failing} with an error");
    if disconnected + failing == 0 {
        return Ok(Finding::fine("connections", found));
    }
    Ok(Finding::look("connections", found, "`linkspan connections list` shows which, and `show` what to do."))
}

fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
