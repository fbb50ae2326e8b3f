//! What anybody can see of a deployment: its address, its certificate, its version, its clock.

use std::time::Duration;

use http::Method;
use http::header::DATE;
use protocol::clock::{Clock as _, SystemClock, Timestamp};
use protocol::http::address::Reach;
use url::{Host, Url};

use super::{Finding, Findings};
use crate::client::{Answer, Client, NoAnswer, NoAnswerKind};

/// The lead that a clock may have before tokens are refused.
const LEEWAY: Duration = Duration::from_mins(1);

/// The lead that somebody should look at.
const NOTEWORTHY: Duration = Duration::from_secs(5);

pub(super) async fn check(client: &Client, url: &Url, findings: &mut Findings) {
    findings.add(Finding::fine("address", url.as_str().trim_end_matches('/')));
    if let Some(Host::Domain(host)) = url.host() {
        findings.add(name(host, url.port_or_known_default().unwrap_or(443)).await);
    }
    match client.send(&Method::GET, "/openapi.json", None, None).await {
        Ok(answer) => {
            findings.add(service(&answer));
            findings.add(clock(&answer));
        }
        Err(error) => findings.add(no_answer(&error)),
    }
}

async fn name(host: &str, port: u16) -> Finding {
    let looked_up = tokio::net::lookup_host((host, port)).await.map(Vec::from_iter);
    let addresses = match looked_up {
        Ok(addresses) if !addresses.is_empty() => addresses,
        _ => {
            return Finding::broken(
                "name",
                format!("no name server knows {host}"),
                "Compare the address with the stack's output BaseUrl. A domain of your own needs a record that points at API Gateway's regional name.",
            );
        }
    };
    let texts: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let is_public = addresses.iter().any(|address| Reach::Public.allows(address.ip()));
    if is_public || host == "localhost" {
        Finding::fine("name", format!("{host} is {}", texts.join(", ")))
    } else {
        let found = format!("{host} is {}: no public address", texts.join(", "));
        Finding::look("name", found, "Customers' browsers, and providers that call back, must reach it too.")
    }
}

fn no_answer(error: &NoAnswer) -> Finding {
    let advice = match error.kind {
        NoAnswerKind::Tls => {
            "The certificate must be valid for this name: look at API Gateway's custom domain and its certificate."
        }
        NoAnswerKind::Refused => {
            "Nothing listens there: compare the address and its port with the stack's output BaseUrl."
        }
        NoAnswerKind::Timeout => "Look at firewalls and proxies between, and at the function's log.",
        NoAnswerKind::Other => "Compare the address with the stack's output BaseUrl.",
    };
    Finding::broken("answer", error.detail(), advice)
}

/// Whether Linkspan answers, and which version.
fn service(answer: &Answer) -> Finding {
    let (title, version) = (&answer.body["info"]["title"], answer.body["info"]["version"].as_str());
    let (Some("Linkspan"), Some(version)) = (title.as_str(), version) else {
        let found = format!("GET /openapi.json answers with {}, and not as Linkspan does", answer.status);
        return Finding::broken("answer", found, "Compare the address with the stack's output BaseUrl.");
    };
    let own = env!("CARGO_PKG_VERSION");
    if version == own {
        Finding::fine("answer", format!("Linkspan {version}"))
    } else {
        let found = format!("Linkspan {version}, and this is linkspan {own}");
        Finding::look(
            "answer",
            found,
            "Install the tool from the sources that are deployed: `integration check` goes by its own rules.",
        )
    }
}

fn clock(answer: &Answer) -> Finding {
    let date =
        answer.headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(Timestamp::from_http_date);
    let Some(there) = date else { return Finding::skipped("clock", "the answer has no Date") };
    // The header has whole seconds.
    let here = Timestamp(SystemClock.now().seconds() * 1000);
    judge_clocks(here, there)
}

fn judge_clocks(here: Timestamp, there: Timestamp) -> Finding {
    let (ahead, word) =
        if here > there { (here.since(there), "ahead of") } else { (there.since(here), "behind") };
    let found = format!("this machine's is {} s {word} the deployment's", ahead.as_secs());
    if ahead > LEEWAY {
        let advice = "Set this machine's clock (NTP): tokens from here are refused, and those of your backends too if they are as wrong.";
        Finding::broken("clock", found, advice)
    } else if ahead > NOTEWORTHY {
        Finding::look("clock", found, "Set this machine's clock (NTP): above 60 s its tokens are refused.")
    } else {
        Finding::fine("clock", found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_as_much_as_tokens_allow() {
        for (here, there, verdict) in [
            (0, 0, "ok"),
            (5, 0, "ok"),
            (0, 6, "look"),
            (60, 0, "look"),
            (61, 0, "broken"),
            (0, 61, "broken"),
        ] {
            let finding = judge_clocks(Timestamp(here * 1000), Timestamp(there * 1000));
            assert_eq!(finding.verdict.as_str(), verdict, "{here} {there}: {}", finding.found);
        }
    }
}
