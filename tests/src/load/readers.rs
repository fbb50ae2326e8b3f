//! Many readers of one connection whose credentials have expired.

use std::collections::BTreeSet;
use std::time::Duration;

use ::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::person::{Flow, Person};
use super::times::Times;
use super::{INTEGRATION, Problem, Target, admin, expect, retry_after};
use crate::browser::api_request;

const CUSTOMER: &str = "read-by-many";

/// What the readers got.
#[derive(Debug, Default)]
pub struct Readers {
    /// The refreshes that the provider has counted.
    pub refreshes: u64,
    /// The access tokens that the readers hold in the end. The provider's API has taken each.
    pub tokens: BTreeSet<String>,
    /// How long each read took, with the time that it waited to ask again.
    pub times: Times,
    /// How often a reader was told to come back.
    pub told_to_come_back: usize,
}

/// Lets so many readers ask for the credentials at once.
///
/// # Errors
///
/// One of them got none, the expired ones, or some that the provider does not take.
pub async fn readers(target: &Target, count: usize) -> Result<Readers, Problem> {
    let (id, expired) = expired(target).await?;
    let before = target.counted("refreshes").await?;
    let mut reading = JoinSet::new();
    for _ in 0..count {
        let (target, id) = (target.clone(), id.clone());
        reading.spawn(async move { read(&target, &id).await });
    }
    let mut all = Readers::default();
    for read in reading.join_all().await {
        let (token, took, told_to_come_back) = read?;
        all.tokens.insert(token);
        all.times.add(took);
        all.told_to_come_back += told_to_come_back;
    }
    all.refreshes = target.counted("refreshes").await? - before;
    if all.tokens.contains(&expired) {
        return Err("a reader got the credentials that have expired".to_owned());
    }
    for token in &all.tokens {
        let request = api_request(&Method::GET, "/demo-provider/api/me", token, None);
        expect(&target.http.send(&target.provider, request).await?, 200)?;
    }
    Ok(all)
}

/// A connection whose credentials expire as soon as it is there: a customer's own, which are given with another
/// lifetime. Returns its id and its access token.
async fn expired(target: &Target) -> Result<(String, String), Problem> {
    let Flow::Connected(id, _) = Person::new(target).connect(CUSTOMER).await? else {
        return Err("the start was refused".to_owned());
    };
    let mut credentials = secrets(target, &id).await?.map_err(|_| "it is locked")?;
    let access_token = token(&credentials)?;
    credentials["expires_in"] = 1.into();
    let body = json!({ "integrationKey": INTEGRATION, "userId": CUSTOMER, "credentials": credentials });
    let given = target.api(&Method::POST, "/connections", &admin(), Some(&body)).await?;
    let id = expect(&given, 201)?.json()["id"].as_str().ok_or("no id")?.to_owned();
    sleep(Duration::from_secs(2)).await;
    Ok((id, access_token))
}

/// Reads as often as it is told to. Returns the token, the time that it took, and how often it was told to come back.
async fn read(target: &Target, id: &str) -> Result<(String, Duration, usize), Problem> {
    let since = Instant::now();
    let mut times = 0;
    loop {
        match secrets(target, id).await? {
            Ok(credentials) => return Ok((token(&credentials)?, since.elapsed(), times)),
            Err(later) => {
                times += 1;
                sleep(later).await;
            }
        }
    }
}

/// The credentials of a connection, or when to come back.
async fn secrets(target: &Target, id: &str) -> Result<Result<Value, Duration>, Problem> {
    let path = format!("/connections/{id}?includeSecrets=true");
    let answer = target.api(&Method::GET, &path, &admin(), None).await?;
    match retry_after(&answer)? {
        Some(later) => Ok(Err(later)),
        None => Ok(Ok(expect(&answer, 200)?.json()["credentials"].clone())),
    }
}

fn token(credentials: &Value) -> Result<String, Problem> {
    Ok(credentials["access_token"].as_str().ok_or("no access token")?.to_owned())
}
