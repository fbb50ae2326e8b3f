use serde_json::json;

use super::*;

#[test]
fn a_value_is_made_of_others() {
    let values = json!({ "user": "Ada", "password": "l,o'v", "key": "0123-us6", "bytes": "ÿ?>" });
    for (source, expected) in [
        ("Basic ${base64(parameters.user, ':', parameters.password)}", "Basic QWRhOmwsbyd2"),
        ("${base64(parameters.user,',',parameters.user)}", "QWRhLEFkYQ=="),
        ("${base64(parameters.bytes)}", "w78/Pg=="),
        ("${base64url(parameters.bytes)}", "w78_Pg"),
        ("${hex(parameters.user)}", "416461"),
        ("${lower(parameters.user)}${upper(parameters.user, 'x')}", "adaADAX"),
        ("${sha256(parameters.user)}", "99a563ab2f6e21e96998f9fddd2a2bab82b70ac019579502b8d7fc0032ff62bb"),
        ("${match(parameters.key, '-([a-z]+[0-9]+)$')}", "us6"),
        ("${lower(parameters.none) || upper(parameters.user)}", "ADA"),
        ("${lower(parameters.none) || 'text'}", "text"),
    ] {
        assert_eq!(text(source, &values).unwrap(), expected, "{source}");
    }
    let missing = text("${base64(parameters.user, parameters.none)}", &values).unwrap_err();
    assert_invalid(&missing, "connectionParameters.none");
    let other = text("${match(parameters.user, '-([a-z]+)$')}", &values).unwrap_err();
    assert_invalid(&other, "connectionParameters.user");
    assert!(!other.message().contains("Ada"), "{other}");
}

#[test]
fn what_a_value_is_made_of_is_among_the_placeholders() {
    let template =
        Template::parse("${base64(integration.a, ':', credentials.b) || lower(parameters.c)}").unwrap();
    let shown: Vec<String> = template.placeholders().map(ToString::to_string).collect();
    assert_eq!(shown, ["${integration.a}", "${credentials.b}", "${parameters.c}"]);
}

#[test]
fn what_is_no_function_is_refused() {
    for malformed in [
        "${base32(parameters.a)}",
        "${base64()}",
        "${base64('text')}",
        "${base64(parameters.a, 'text)}",
        "${base64(parameters.a,)}",
        "${base64(lower(parameters.a))}",
        "${base64(parameters.a}",
        "${match(parameters.a)}",
        "${match('a', parameters.a)}",
        "${match(parameters.a, 'a')}",
        "${match(parameters.a, '(a)(b)')}",
        "${match(parameters.a, '(a')}",
        r"${match(parameters.a, '(a)\1')}",
        "${match(parameters.a, '(?=a)(b)')}",
    ] {
        assert!(Template::parse(malformed).is_err(), "{malformed}");
    }
}
