//! Whatever `PUT /integrations` accepts may fail later, but only as the provider's fault or the customer's.

use std::sync::Arc;

use arbitrary::Unstructured;
use http::{Method, StatusCode};
use protocol::provider::client::Provider;
use serde_json::{Map, Value, json};
use tests::World;
use tests::browser::{HOST, api_request};
use tests::definitions::{api_key, integration, oauth1, workspace};
use tests::logs::Logs;
use tests::tokens::{WORKSPACE, admin};
use tokio::runtime::Builder;

use crate::grammar::{chance, one_of, up_to};
use crate::inputs::{Inputs, assert_reached};
use crate::journey::{Journey, assert_lines, sent};
use crate::refusals::{MARK, assert_silent};
use crate::replies::Replies;
use crate::schema::Grammar;

/// A debug build's futures are large.
const STACK: usize = 64 * 1024 * 1024;

/// What changes begin with: definitions of the tests, and the catalogue's.
fn beginnings() -> Vec<Value> {
    let mut all = vec![integration(), oauth1(), api_key()];
    for connector in catalogue::all() {
        let mut definition = Value::Object(connector.details().definition);
        let properties =
            definition["parametersSchema"]["properties"].as_object().cloned().unwrap_or_default();
        let mut parameters = Map::new();
        for (name, property) in properties.into_iter().chain([("clientId".to_owned(), json!({}))]) {
            let value = if property["enum"].is_array() { property["enum"][0].clone() } else { json!("acme") };
            parameters.insert(name, value);
        }
        for option in definition["authOptions"].as_array_mut().into_iter().flatten() {
            option["enabled"] = true.into();
            if matches!(option["type"].as_str(), Some("oauth2")) && option["config"]["clientId"].is_null() {
                option["config"]["clientId"] = "client".into();
                option["config"]["clientSecret"] = MARK.into();
            }
        }
        definition["parameters"] = Value::Object(parameters);
        all.push(definition);
    }
    all
}

struct Service {
    world: World,
    provider: Arc<Replies>,
    logs: Logs,
}

impl Service {
    async fn new() -> Self {
        let world = World::empty().await;
        world.define_workspace(WORKSPACE, &workspace(WORKSPACE)).await;
        let provider = Arc::new(Replies::default());
        world.provider.answered_by(Arc::clone(&provider) as Arc<dyn Provider>);
        Self { world, provider, logs: Logs::of_the_work() }
    }

    /// Puts a definition. True if it is accepted; a refusal says by what setting.
    async fn puts(&self, key: &str, definition: &Value) -> bool {
        let path = format!("/integrations/{key}");
        let mut request = api_request(&Method::PUT, &path, &admin(WORKSPACE), Some(definition));
        request.headers_mut().insert("host", HOST.parse().unwrap());
        let answer = sent(&self.world, request).await;
        let about = || format!("PUT {definition}");
        assert_lines(&self.logs, &about);
        assert_silent(&answer.body);
        if answer.status.is_success() {
            return true;
        }
        let told = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{} {}", answer.body, about());
        assert!(told["data"]["field"].is_string(), "{} {}", answer.body, about());
        false
    }

    /// Changes a definition as long as it is accepted.
    async fn accepted(
        &self,
        key: &str,
        draw: &mut Unstructured<'_>,
        all: &[Value],
        grammar: &Grammar,
    ) -> Value {
        let mut definition = one_of(draw, all).clone();
        if !self.puts(key, &definition).await {
            // Some of the catalogue's need more from the team.
            definition = integration();
            assert!(self.puts(key, &definition).await);
        }
        for _ in 0..up_to(draw, 10) {
            let changed = grammar.changed(draw, &definition);
            if changed != definition && self.puts(key, &changed).await {
                definition = changed;
            }
        }
        definition
    }
}

async fn all_journeys() {
    let (service, all, grammar) = (Service::new().await, beginnings(), Grammar::read());
    let (mut journeys, mut connected, mut asked) = (0, 0, 0);
    for (turn, input) in Inputs::drawn("definitions", 60).enumerate() {
        let (answers, input) = input.split_at(input.len() / 2);
        let mut draw = Unstructured::new(input);
        let is_kind = chance(&mut draw, 1, 2);
        service.provider.by(answers, is_kind);
        let key = format!("fuzz-{turn}");
        let definition = service.accepted(&key, &mut draw, &all, &grammar).await;
        journeys += 1;
        service.provider.by(answers, is_kind);
        let (world, provider, logs) = (&service.world, &*service.provider, &service.logs);
        let journey = Journey { world, provider, logs, key: &key, definition: &definition };
        connected += u32::from(journey.goes(&mut draw).await);
        asked += service.provider.asked();
        let _ = service.world.wire.take_requests();
    }
    eprintln!("definitions: {journeys} journeys, {connected} connected, {asked} requests to providers");
    assert_reached(connected > 10 && asked > 50, &format!("{connected} {asked}"));
}

#[test]
fn what_is_accepted_fails_only_as_somebody_elses_fault() {
    let runs = || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(all_journeys());
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(runs).unwrap();
    assert!(thread.join().is_ok(), "a journey ended with a fault");
}
