//! Each connector of the catalogue, from its `PUT` to its revocation, against a service that its definition describes.
//!
//! The service is made from the definition's raw JSON and knows nothing of the product's code. Every request is checked to
//! the last parameter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

mod answers;
mod calls;
mod consent;
mod entered;
mod expected;
mod flow;
mod further;
mod journey;
mod jwt;
mod mutants;
mod near;
mod oauth1;
mod patience;
mod pattern;
mod probes;
mod run;
mod schemas;
mod service;
mod signing;
mod stage;
mod survivors;
mod table;
mod template;
mod tokens;
mod unused;
mod xml;

/// What went well, or the first thing that did not.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// The rounds that `cargo test` makes of each option: what has more ways goes them all where settings are changed.
const ROUNDS: usize = 2;

#[test]
fn every_connector_goes_its_whole_way() {
    let only = std::env::var("ONLY").ok();
    let subjects: Vec<_> =
        run::all().into_iter().filter(|subject| is_named(subject, only.as_deref())).collect();
    let put = |subject: &run::Subject| serde_json::json!({ "connector": subject.connector });
    let results = run::each(&subjects, |subject| run::one(subject, &put(subject), ROUNDS));
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (subject, result) in subjects.iter().zip(results) {
        match result {
            Ok(steps) => rows.push((subject, steps)),
            Err(problem) => {
                problems.push(format!("{} {}: {problem}", subject.connector, subject.option_key()));
            }
        }
    }
    assert!(problems.is_empty(), "{} problems: {problems:#?}", problems.len());
    if only.is_none() {
        table::compare("steps", &table::of_steps(&rows));
    }
}

#[test]
fn the_settings_in_use_are_shown() {
    table::compare("settings", &table::of_settings(&run::all()));
}

/// Whether a connector is among those that `ONLY=asana,box` names.
fn is_named(subject: &run::Subject, only: Option<&str>) -> bool {
    only.is_none_or(|only| only.split(',').any(|key| key == subject.connector))
}

/// Options that use many settings together. Each change of theirs is noticed, but for those whose reason is known.
const WATCHED: [(&str, &str); 4] =
    [("tiktok-ads", "oauth"), ("notion", "oauth"), ("bamboohr", "oauth"), ("google-service-account", "key")];

#[test]
fn every_change_of_a_setting_is_noticed() {
    let watched = |subject: &run::Subject| WATCHED.contains(&(&subject.connector, subject.option_key()));
    let mutants: Vec<_> =
        run::all().iter().filter(|subject| watched(subject)).flat_map(mutants::of).collect();
    assert!(mutants.len() > 100, "{}", mutants.len());
    let survivors = survivors::of(&mutants);
    let unexplained: Vec<_> = survivors.iter().filter(|mutant| survivors::reason(mutant).is_none()).collect();
    let shown = |mutant: &&mutants::Mutant| {
        format!("{} {}: {}", mutant.subject.connector, mutant.setting, mutant.change)
    };
    assert!(unexplained.is_empty(), "{:#?}", unexplained.iter().map(shown).collect::<Vec<_>>());
}

/// All changes of all connectors; `EVERY=20` takes one of twenty, `FROM=7` not the first ones. `UPDATE=1` writes the figures.
#[test]
#[ignore = "takes minutes, in a profile of its own"]
fn changes_of_all_connectors() {
    let stride: usize = std::env::var("EVERY").map_or(1, |every| every.parse().unwrap());
    let only = std::env::var("ONLY").ok();
    let all: Vec<_> = run::all()
        .iter()
        .filter(|subject| is_named(subject, only.as_deref()))
        .flat_map(mutants::of)
        .collect();
    let first: usize = std::env::var("FROM").map_or(0, |first| first.parse().unwrap());
    let chosen: Vec<_> = all.iter().skip(first).step_by(stride).cloned().collect();
    let survivors = survivors::of(&chosen);
    table::compare("changes", &table::of_changes(all.len(), &chosen, &survivors));
}
