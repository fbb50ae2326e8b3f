use crate::redirect_uri::{Loopback, OwnRoutes};

use super::*;

#[test]
fn the_placeholders_of_its_host_are_known() {
    for (template, expected) in [
        ("https://${parameters.a}.example.com/${parameters.b}", &["${parameters.a}"][..]),
        (
            "https://${parameters.a}.${credentials.b}:8443?${parameters.c}",
            &["${parameters.a}", "${credentials.b}"],
        ),
        ("${credentials.url}${parameters.b}", &["${credentials.url}"]),
        ("https://example.com#${parameters.a}", &[]),
        ("https://example.com/${parameters.a}", &[]),
    ] {
        let address = Address::parse(template).unwrap();
        let found: Vec<String> =
            address.host().slots.iter().map(|slot| slot.placeholder.to_string()).collect();
        assert_eq!(found, expected, "{template}");
    }
}

#[test]
fn what_binds_a_placeholder_in_the_host_is_known() {
    // The template, whether each placeholder is a whole label, whether it ends the host, and the domain after it.
    for (template, whole_labels, ends, suffix) in [
        ("https://${parameters.a}.example.com/x", &[true][..], &[false][..], "example.com"),
        ("https://eu.${parameters.a}.example.com:8443", &[true], &[false], "example.com"),
        (
            "https://${parameters.a}.${parameters.b}.example.com?q",
            &[true, true],
            &[false, false],
            "example.com",
        ),
        (
            "https://${parameters.a}${parameters.b}.example.com",
            &[false, false],
            &[false, false],
            "example.com",
        ),
        ("https://api-${parameters.a}.example.com", &[false], &[false], "example.com"),
        ("https://${parameters.a}-api.example.com", &[false], &[false], "example.com"),
        ("https://example.com${parameters.a}/", &[false], &[true], ""),
        ("https://${parameters.a}:8443/.example.com", &[false], &[true], ""),
        ("https://${parameters.a}", &[true], &[true], ""),
        ("${parameters.a}/.example.com", &[false], &[true], ""),
        ("https://example.com/${parameters.a}", &[], &[], ""),
    ] {
        let address = Address::parse(template).unwrap();
        let host = address.host();
        assert_eq!(
            host.slots.iter().map(|slot| slot.is_whole_label).collect::<Vec<_>>(),
            whole_labels,
            "{template}"
        );
        assert_eq!(host.slots.iter().map(|slot| slot.ends_host).collect::<Vec<_>>(), ends, "{template}");
        assert_eq!(host.suffix, suffix, "{template}");
    }
}

/// The local run allows this machine: a name below it is none, and must not stand for what a customer enters.
#[test]
fn a_placeholder_at_the_end_of_a_host_is_fine_where_this_machine_is_allowed() {
    let own = OwnRoutes::default();
    for address in ["https://api.${parameters.site}", "https://${parameters.a}.${parameters.b}/x"] {
        let address = Address::parse(address).unwrap();
        for loopback in [Loopback::Allowed, Loopback::Refused] {
            assert_eq!(address.problem(loopback, &own), None);
        }
    }
}
