//! Each connector of the catalogue, from its `PUT` to its revocation, against a service that its definition describes.
//!
//! The service is made from the definition's raw JSON and knows nothing of the product's code. Every request is checked to
//! the last parameter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod answers;
mod entered;
mod expected;
mod flow;
mod journey;
mod jwt;
mod mutants;
mod oauth1;
mod pattern;
mod probes;
mod run;
mod schemas;
mod service;
mod stage;
mod table;
mod template;
mod tokens;

/// What went well, or the first thing that did not.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// The rounds that `cargo test` makes of each option: what has more ways goes them all where settings are changed.
#[cfg(test)]
const ROUNDS: usize = 2;

/// Makes panics of changed definitions silent: each is a result.
#[cfg(test)]
fn silently<R>(work: impl FnOnce() -> R) -> R {
    std::panic::set_hook(Box::new(|_| {}));
    let result = work();
    drop(std::panic::take_hook());
    result
}

#[test]
fn every_connector_goes_its_whole_way() {
    let subjects = run::all();
    let put = |subject: &run::Subject| serde_json::json!({ "connector": subject.connector });
    let results = run::each(&subjects, |subject| run::one(subject, &put(subject), ROUNDS));
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (subject, result) in subjects.iter().zip(results) {
        match result {
            Ok(steps) => rows.push((subject, steps)),
            Err(problem) => problems.push(format!("{} {}: {problem}", subject.connector, subject.option_key())),
        }
    }
    assert!(problems.is_empty(), "{} problems: {problems:#?}", problems.len());
    table::compare("steps", &table::of_steps(&rows));
    table::compare("settings", &table::of_settings(&subjects));
}
