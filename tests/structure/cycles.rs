//! No two files lead into each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{Crate, Module};

/// Takes away, again and again, what takes from nothing that is left: what remains is in a circle, or leads into one.
fn circles(arrows: &BTreeSet<(Module, Module)>) -> BTreeSet<(Module, Module)> {
    let mut left = arrows.clone();
    loop {
        let mut takes: BTreeMap<&Module, usize> = BTreeMap::new();
        let mut gives: BTreeMap<&Module, usize> = BTreeMap::new();
        for (from, to) in &left {
            *takes.entry(from).or_default() += 1;
            *gives.entry(to).or_default() += 1;
        }
        let inner: BTreeSet<(Module, Module)> = left
            .iter()
            .filter(|(from, to)| takes.contains_key(to) && gives.contains_key(from))
            .cloned()
            .collect();
        if inner.len() == left.len() {
            return inner;
        }
        left = inner;
    }
}

#[test]
fn no_file_leads_back_to_itself() {
    for folder in ["shared/protocol/src", "shared/flow/src", "functions/api/src", "infra/local/src"] {
        let arrows = Crate::read(folder).arrows();
        assert!(arrows.len() > 20, "{folder}: the arrows were found");
        let circles: Vec<String> = circles(&arrows)
            .iter()
            .map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::")))
            .collect();
        assert!(circles.is_empty(), "{folder}: {circles:#?}");
    }
}

#[test]
fn a_circle_is_found() {
    let arrow = |from: &str, to: &str| (vec![from.to_owned()], vec![to.to_owned()]);
    let arrows = BTreeSet::from([arrow("a", "b"), arrow("b", "c"), arrow("c", "b"), arrow("c", "d")]);
    assert_eq!(circles(&arrows), BTreeSet::from([arrow("b", "c"), arrow("c", "b")]));
}
