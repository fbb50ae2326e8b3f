mod address;
mod derivation;
mod host;

use serde_json::json;

use super::*;

#[test]
fn a_template_is_read_into_its_placeholders() {
    let source =
        "a ${parameters.sub-domain} $ {b} $x ${credentials.authed_user.access_token}${connectorParameters.x}";
    let template = Template::parse(source).unwrap();
    let shown: Vec<String> = template.placeholders().map(ToString::to_string).collect();
    let expected =
        ["${parameters.sub-domain}", "${credentials.authed_user.access_token}", "${connectorParameters.x}"];
    assert_eq!(shown, expected);
    let second = template.placeholders().nth(1).unwrap();
    assert_eq!(
        (second.root(), second.path()),
        (Root::Credentials, &["authed_user", "access_token"].map(str::to_owned)[..])
    );
}

#[test]
fn a_placeholder_that_means_nothing_is_named() {
    for (source, named) in [
        ("https://${parameters.subdomain.example.com", "`${parameters.subdomain.example.com`"),
        ("Bearer ${credentials.a s3cret", "`${credentials.a`"),
        ("${", "`${`"),
        ("${}", "`${}`"),
        ("${.x}", "`${.x}`"),
        ("${parameters}", "`${parameters}`"),
        ("${parameters.}", "`${parameters.}`"),
        ("${parameters..x}", "`${parameters..x}`"),
        ("${parameters.x.}", "`${parameters.x.}`"),
        ("${secrets.x}", "`${secrets.x}`"),
        ("${Parameters.x}", "`${Parameters.x}`"),
        ("${ parameters.x }", "`${ parameters.x }`"),
        ("${connectionParameters.x}", "`${connectionParameters.x}`"),
        ("${parameters.${parameters.x}}", "`${parameters.`"),
    ] {
        let error = Template::parse(source).unwrap_err();
        assert_eq!(error.key(), ErrorKey::ConfigurationInvalid, "{source}");
        assert!(error.message().contains(named), "{source}: {}", error.message());
        assert!(!error.message().contains("s3cret"));
    }
}

#[test]
fn a_definition_holds_the_text_of_a_template() {
    let source = json!("https://${parameters.x}.example.com");
    let template: Template = serde_json::from_value(source.clone()).unwrap();
    assert_eq!(template.as_str(), source.as_str().unwrap());
    assert_eq!(serde_json::to_value(&template).unwrap(), source);
    assert!(serde_json::from_value::<Template>(json!("${x}")).unwrap_err().to_string().contains("`${x}`"));
}

#[test]
fn a_text_is_filled_as_it_is() {
    let parameters = json!({ "n": 7, "f": 1.5, "t": true, "list": [{ "id": "é&/" }], "empty": "" });
    for (source, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("${parameters.n}/${parameters.f}/${parameters.t}${parameters.empty}", "7/1.5/true"),
        ("Bearer ${parameters.list.0.id}", "Bearer é&/"),
    ] {
        assert_eq!(text(source, &parameters).unwrap(), expected);
    }
}

#[test]
fn the_first_alternative_that_is_there_fills_the_place() {
    let parameters = json!({ "a": "1", "null": null, "empty": "" });
    for (source, expected) in [
        ("${parameters.a || parameters.b}", "1"),
        ("${parameters.b || parameters.null || parameters.a}", "1"),
        ("${parameters.b||credentials.c||'eu west'}", "eu west"),
        ("${parameters.empty || 'x'}", ""),
        ("${parameters.a || 'x'}.${parameters.b || 'y'}", "1.y"),
    ] {
        assert_eq!(text(source, &parameters).unwrap(), expected, "{source}");
    }
    assert_invalid(
        &text("${parameters.b || credentials.c}", &parameters).unwrap_err(),
        "connectionParameters.b",
    );
    for malformed in
        ["${'x'}", "${parameters.a || }", "${parameters.a || 'x' || parameters.b}", "${parameters.a | b}"]
    {
        assert!(Template::parse(malformed).is_err(), "{malformed}");
    }
    assert_eq!(Template::parse("${parameters.a || 'x'}").unwrap().placeholders().count(), 1);
}

#[test]
fn what_may_be_missing_leaves_out_the_whole() {
    let optional = |source: &str| {
        with_parameters(&json!({ "a": "1" }), |values| Template::parse(source)?.render_optional(values))
    };
    assert_eq!(optional("x${parameters.a?}").unwrap().as_deref(), Some("x1"));
    assert_eq!(optional("x${parameters.b?}").unwrap(), None);
    assert_eq!(optional("${parameters.b || 'y'?}").unwrap().as_deref(), Some("y"));
    assert_invalid(&optional("${parameters.b}").unwrap_err(), "connectionParameters.b");
}

#[test]
fn a_value_cannot_add_a_header() {
    for value in ["a\r\nX-Admin: 1", "a\nb", "a\rb", "a\0b", "\n"] {
        let error = text("Bearer ${parameters.key}", &json!({ "key": value })).unwrap_err();
        assert_invalid(&error, "connectionParameters.key");
        assert!(!error.message().contains("Admin"));
    }
}

#[test]
fn a_value_that_is_missing_is_named_as_the_caller_knows_it() {
    let values = json!({ "object": {}, "list": [1], "null": null, "text": "abc" });
    for path in
        ["x", "object", "object.x", "list", "list.1", "list.-1", "list.x", "null", "text.0", "text.length"]
    {
        assert_invalid(
            &text(&format!("${{parameters.{path}}}"), &values).unwrap_err(),
            &format!("connectionParameters.{path}"),
        );
    }
    assert_invalid(&text("${credentials.x.y}", &values).unwrap_err(), "credentials.x.y");
    assert_invalid(&text("${connectorParameters.x}", &values).unwrap_err(), "connectorParameters.x");
}

#[test]
fn what_is_made_is_not_missing_in_silence() {
    for made in ["${random.a}", "${random.a?}", "${signed.a?}", "${parameters.x || random.a}"] {
        assert_eq!(text(made, &json!({})).unwrap_err().key(), ErrorKey::Internal, "{made}");
    }
}

fn text(source: &str, parameters: &Value) -> Result<String> {
    with_parameters(parameters, |values| Template::parse(source)?.render_text(values))
}

fn with_parameters<T>(parameters: &Value, render: impl FnOnce(&Values<'_>) -> T) -> T {
    let (parameters, none) = (parameters.as_object().unwrap(), &Map::new());
    render(&Values {
        parameters,
        credentials: none,
        connector_parameters: none,
        integration: none,
        maker: None,
        callback_uri: None,
        authorities: &[],
        means: &[],
        closed: None,
        may_lack: false,
    })
}

#[track_caller]
fn assert_invalid(error: &Error, field: &str) {
    assert_eq!(
        (error.key(), error.data()["field"].as_str()),
        (ErrorKey::InputInvalid, Some(field)),
        "{error}"
    );
}

#[test]
fn a_name_with_a_dot_stands_quoted() {
    let values = json!({ "a.b": { "c d": ["x"] }, "a": { "b": "other" } });
    for (source, expected) in [
        (r#"${parameters["a.b"]["c d"].0}"#, "x"),
        ("${parameters['a.b']['c d'][0]}", "x"),
        ("${parameters.a.b}", "other"),
        (r#"${parameters["x.y"] || parameters["a.b"]["c d"].0}"#, "x"),
    ] {
        assert_eq!(text(source, &values).unwrap(), expected, "{source}");
    }
    let written = Template::parse("${parameters['a.b'].c}").unwrap();
    assert_eq!(written.placeholders().next().unwrap().to_string(), r#"${parameters["a.b"].c}"#);
    for refused in
        [r#"${integration["secret"]}"#, r#"${random["a"]}"#, r#"${parameters["a}"#, "${parameters[]}"]
    {
        assert!(Template::parse(refused).is_err(), "{refused}");
    }
}
