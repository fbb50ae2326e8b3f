//! The floor plan: ARCHITECTURE.md lists the rooms of each crate from the top to the ground, and none takes anything from
//! one above it.

use std::collections::BTreeSet;

use crate::imports::Crate;
use crate::{read, root};

/// The rooms of a crate, in the order of the plan.
fn plan(heading: &str) -> Vec<String> {
    let document = read("ARCHITECTURE.md");
    let (_, section) = document.split_once(&format!("\n{heading}\n")).unwrap();
    section
        .lines()
        .skip_while(|line| !line.starts_with("| `"))
        .take_while(|line| line.starts_with("| `"))
        .map(|line| line["| `".len()..].split('`').next().unwrap().to_owned())
        .collect()
}

fn assert_layered(folder: &str, heading: &str) {
    let plan = plan(heading);
    let code = Crate::read(folder);
    assert_eq!(plan.iter().cloned().collect::<BTreeSet<_>>(), code.rooms(), "the rooms of {folder}");
    let height = |room: &String| plan.iter().position(|planned| planned == room).unwrap();
    let climbs: Vec<String> = code
        .arrows()
        .iter()
        .filter(|(from, to)| height(&from[0]) > height(&to[0]))
        .map(|(from, to)| format!("{} takes from {}", from.join("::"), to.join("::")))
        .collect();
    assert!(climbs.is_empty(), "{folder}: a lower room takes from a higher one: {climbs:#?}");
}

#[test]
fn no_room_of_the_flow_takes_from_one_above_it() {
    assert_layered("shared/flow/src", "### The crate `flow`");
}

#[test]
fn no_room_of_the_protocol_takes_from_one_above_it() {
    assert_layered("shared/protocol/src", "### The crate `protocol`");
}

/// What the compiler holds, said once: the crate that speaks to providers cannot import what stores.
#[test]
fn the_protocol_knows_neither_aws_nor_the_flow() {
    let manifest = read("shared/protocol/Cargo.toml");
    for crate_name in ["aws-sdk", "aws-config", "aws-smithy", "\nflow"] {
        assert!(!manifest.contains(crate_name), "shared/protocol depends on {crate_name}");
    }
}

/// The connectors' texts would be a part of every function that depends on their crate.
#[test]
fn no_function_but_the_api_has_the_catalogue() {
    let mut manifests = Vec::new();
    for folder in ["functions", "shared"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let manifest = format!("{folder}/{name}/Cargo.toml");
            if root().join(&manifest).exists() {
                manifests.push(manifest);
            }
        }
    }
    let depends = |manifest: &String| read(manifest).contains("\ncatalogue");
    let found: Vec<String> = manifests.into_iter().filter(depends).collect();
    assert_eq!(found, ["functions/api/Cargo.toml"]);
}
